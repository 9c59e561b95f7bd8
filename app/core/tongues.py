"""The two languages in which everything is said."""

from typing import Literal

Tongue = Literal["zh", "en"]

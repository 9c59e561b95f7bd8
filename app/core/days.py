"""A civil day in a request: its ISO text and nothing else."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _iso_only(value: Any) -> Any:
    # Left to itself pydantic takes a number, or digits in a text, for seconds since 1970.
    if value is None or (isinstance(value, str) and _ISO.fullmatch(value)):
        return value
    raise ValueError("a day is written as 2008-04-30")


Day = Annotated[date, BeforeValidator(_iso_only)]
"""A request's day: `"2008-04-30"`; a number is refused."""

"""What every request's body shares."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Flag = Annotated[bool, Field(strict=True)]
"""True or false, and nothing that merely counts as one of them."""


class Asked(BaseModel):
    """A request; a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid")

"""What every part of a format file is made of."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Outcome = Literal["paid", "failed", "returned", "unknown"]
FileKind = Literal["reply", "reversal"]
Text = Annotated[str, Field(min_length=1)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Part(BaseModel):
    """A table of a format file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BothLanguages(Part):
    """A sentence or a name in Chinese and English."""

    zh: Text
    en: Text


class Column(Part):
    """One column; `width` counts bytes of the file's encoding, where columns have a fixed width."""

    title: Text
    text: str | None = None  # what stands in a `mark`, by which the bank tells its records apart
    width: Annotated[int, Field(ge=1, le=400)] | None = None
    align: Literal["left", "right"] = "left"
    pad: Literal[" ", "0"] = " "

    @property
    def name(self) -> str:
        """What stands in the column."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _pads_without_loss(self) -> Self:
        if (self.name == "mark") != (self.text is not None):
            raise ValueError("a mark has a text, and no other column has one")
        if self.pad == "0" and self.name not in PADDED_WITH_ZEROS:
            raise ValueError(f"{self.name} padded with zeros could not be read back")
        if self.pad == "0" and self.align == "left":
            raise ValueError("zeros are padded on the left: align = 'right'")
        return self


PADDED_WITH_ZEROS = frozenset(
    {"seq", "amount", "count", "sum", "paid_count", "paid_sum", "failed_count", "failed_sum"}
)


def check_fields(fields: Sequence[str], needed: set[str]) -> None:
    """Raises ValueError unless every needed field is there and none twice."""
    check_once("columns", fields)
    if missing := sorted(needed - set(fields)):
        raise ValueError(f"columns lack {', '.join(missing)}")


def check_once(what: str, values: Sequence[str]) -> None:
    """Raises ValueError with what is given twice."""
    if twice := sorted(value for value, times in Counter(values).items() if times > 1):
        raise ValueError(f"{what} given twice: {', '.join(twice)}")

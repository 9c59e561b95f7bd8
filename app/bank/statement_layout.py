"""What a bank's statement format is: the shape of a `statement_formats/*.toml` file."""

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.bank.statements import Direction

HeadField = Literal[
    "account", "number", "currency", "opened_on", "closed_on", "opening", "closing", "count"
]
LineField = Literal[
    "booked_on",
    "sequence",
    "direction",
    "amount",
    "counter_account",
    "counter_name",
    "reference",
    "kind",
    "text",
]
HEAD_NEEDED = frozenset(get_args(HeadField))
LINE_NEEDED = frozenset({"booked_on", "direction", "amount"})
_Text = Annotated[str, Field(min_length=1)]
_Words = Annotated[list[_Text], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Named(_Part):
    """A sentence or a name in Chinese and English."""

    zh: _Text
    en: _Text


class HeadColumn(_Part):
    """One column of the statement's head."""

    field: HeadField
    title: _Text


class LineColumn(_Part):
    """One column of the statement's lines."""

    field: LineField
    title: _Text


class StatementExample(_Part):
    """A line and what it must be read as."""

    line: _Text
    direction: Direction
    yuan: str
    is_return: bool
    reference: str | None = None


class StatementFormat(_Part):
    """One bank's statement: a row of titles and one of values, then titled lines.

    `returns` are the words in `kind` that mark a credit as a payment sent back.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    name: Named
    source: _Text
    assumption: Named
    encoding: Literal["gb18030", "utf-8"]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)]
    date: Literal["%Y-%m-%d", "%Y%m%d"]
    lines_max: Annotated[int, Field(ge=1, le=1_000_000)]
    debit: _Words
    credit: _Words
    returns: _Words
    currencies: _Words
    head: list[HeadColumn]
    line: list[LineColumn]
    example: Annotated[list[StatementExample], Field(min_length=2)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for what, fields, needed in (
            ("head", [column.field for column in self.head], HEAD_NEEDED),
            ("line", [column.field for column in self.line], LINE_NEEDED),
        ):
            if len(set(fields)) < len(fields):
                raise ValueError(f"{what} has a column twice")
            if missing := sorted(needed - set(fields)):
                raise ValueError(f"{what} lacks {', '.join(missing)}")
        if set(self.debit) & set(self.credit):
            raise ValueError("a word is both debit and credit")
        return self

"""What a bank's format is: the shape of a `formats/*.toml` file, checked as it is read.

Three families of files have one shape but for how a row is written: delimited text, text of fixed
widths, and sheets. Of the fourth, messages of ISO 20022, the shape is the standard's, and data says
what a bank's codes mean.
"""

import codecs
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from app.bank.examples import Example, StatusExample
from app.bank.parts import BothLanguages, Column, Part, Text, check_fields
from app.bank.records import CLOSING, OF_PAYMENTS, Record, Sums
from app.bank.summary import Summary
from app.bank.vocabulary import Vocabulary
from app.core.media import TEXT, XLSX, XML

PaymentField = Literal[
    "mark", "seq", "name", "account", "amount", "resident_id", "summary", "bank_name"
]
ReturnField = Literal[
    "mark", "seq", "name", "account", "amount", "resident_id", "summary", "bank_name", "result",
    "reason",
]  # fmt: skip
_ENCODINGS = {"gb18030", "utf-8"}
_CANNOT_WRITE_NAMES = {"gbk", "gb2312", "hz", "cp936"}
_NEVER_PADDED = {"name", "account", "resident_id"}


class Rows(Part):
    """How many lines one payment file may have."""

    min: Annotated[int, Field(ge=1)]
    max: Annotated[int, Field(le=1_000_000)]

    @model_validator(mode="after")
    def _splits_evenly(self) -> Self:
        # From 2·min − 1 on, no balanced split of any number of lines falls below the minimum.
        if self.max < max(2 * self.min - 1, 1):
            raise ValueError(f"max must be at least {2 * self.min - 1} when min is {self.min}")
        return self


class NameRules(Part):
    """What a payee's name must keep to beside being encodable and free of spaces.

    `charset` is what the bank's own programs can show, whatever its files can carry.
    """

    bytes_max: Annotated[int, Field(ge=4)]  # counted in the file's encoding, not in letters
    leading_forbidden: str
    charset: Literal["gb2312", "gbk", "gb18030"]


class Banks(Part):
    """The bank's own names, and whether payments to other banks go in files of their own."""

    own: Annotated[list[Text], Field(min_length=1)]
    split_other_banks: bool

    def is_own(self, bank_name: str) -> bool:
        """Whether an account's bank is this one: 中国建设银行曲阜支行 is 建设银行."""
        return any(own in bank_name for own in self.own)


class PaymentColumn(Column):
    """One column of a payment file."""

    field: PaymentField

    @property
    def name(self) -> str:
        """What stands in the column."""
        return self.field


class ReturnColumn(Column):
    """One column of a return file."""

    field: ReturnField

    @property
    def name(self) -> str:
        """What stands in the column."""
        return self.field


class PaymentLayout(Part):
    """The columns of a payment file, in order, and what stands before and after its lines."""

    columns: list[PaymentColumn]
    head: Record | None = None
    trailer: Record | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_fields([c.field for c in self.columns], {"seq", "name", "account", "amount"})
        for record in (self.head, self.trailer):
            if record and (wrong := sorted(record.fields - OF_PAYMENTS)):
                raise ValueError(f"a payment file does not say {', '.join(wrong)}")
        return self


class ReturnLayout(Vocabulary):
    """The columns of a return file, in order, and the bank's vocabulary."""

    replies: Literal["all", "failures_only", "statement_only"]
    rows_max: Annotated[int, Field(ge=1, le=1_000_000)]
    columns: list[ReturnColumn]
    head: Record | None = None
    trailer: Record | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_fields([c.field for c in self.columns], {"seq", "account", "amount", "result"})
        says = self.record_fields
        if self.replies == "failures_only":
            if missing := sorted(CLOSING - says):
                raise ValueError(f"without {', '.join(missing)} a list of failures does not close")
        elif wrong := sorted(says & (CLOSING - {"count", "sum"})):
            raise ValueError(f"{', '.join(wrong)} belong to replies = 'failures_only'")
        if ("file_code" in says) != bool(self.file_code):
            raise ValueError("a file_code in head or trailer goes with a list of file codes")
        return self

    @property
    def record_fields(self) -> frozenset[str]:
        """What head and trailer say."""
        records = [record.fields for record in (self.head, self.trailer) if record]
        return frozenset().union(*records)


class StatusCodes(Vocabulary):
    """What a bank's status and reason codes mean, of a payment or of a whole message."""

    rows_max: Annotated[int, Field(ge=1, le=1_000_000)]
    replies: Literal["reported"] = "reported"


class BankRules(Part):
    """What every bank's format says, whatever its files look like."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    name: BothLanguages
    source: Text
    assumption: BothLanguages
    encoding: str
    resident_id_required: bool
    bank_name_required: bool = False
    rows: Rows
    name_rules: NameRules
    summary: Summary | None = None
    banks: Banks | None = None

    @field_validator("encoding")
    @classmethod
    def _writes_every_name(cls, value: str) -> str:
        try:
            known = codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"{value!r} is no encoding; use gb18030 or utf-8") from None
        if known in _CANNOT_WRITE_NAMES:
            raise ValueError(f"{value!r} cannot write names such as 䶮 㛃 𬭎; use gb18030")
        if known not in _ENCODINGS:
            raise ValueError(f"{value!r} is not offered; use gb18030 or utf-8")
        return known


class BaseFormat(BankRules):
    """What the formats of files with rows have in common."""

    header: bool
    amount: Literal["yuan-2", "fen"]
    sums: Sums = "yuan-2"
    payment: PaymentLayout
    returned: Annotated[ReturnLayout, Field(alias="return")]
    example: Annotated[list[Example], Field(min_length=2)]

    @model_validator(mode="after")
    def _has_examples_of_all(self) -> Self:
        kinds = {example.kind for example in self.example}
        if not {"payment", "reply"} <= kinds:
            raise ValueError("examples must show at least one payment and one reply line")
        for layout, kind in ((self.payment, "payment_file"), (self.returned, "reply_file")):
            if (layout.head or layout.trailer) and kind not in kinds:
                raise ValueError(f"with a head or trailer examples must show a {kind}")
        return self

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        fields = {column.field for column in self.payment.columns}
        if ("summary" in fields) != (self.summary is not None):
            raise ValueError("a summary column goes with [summary], what stands in it")
        wide = [column for column in self._every_column() if column.width is not None]
        if wide and not isinstance(self, FixedFormat):
            raise ValueError(f"column {wide[0].title} has a width; only kind = 'fixed' has widths")
        return self

    def _every_column(self) -> list[Column]:
        found: list[Column] = [*self.payment.columns, *self.returned.columns]
        for layout in (self.payment, self.returned):
            for record in (layout.head, layout.trailer):
                found += record.columns if record else []
        return found

    @property
    def extension(self) -> str:
        """What a file's name ends in."""
        return "txt"

    @property
    def media_type(self) -> str:
        """What sort of file it is."""
        return TEXT


class DelimitedFormat(BaseFormat):
    """Text with a character between the columns."""

    kind: Literal["delimited"]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)]
    trailing_delimiter: bool
    quoting: Literal["none", "minimal", "all"]
    line_ending: Literal["crlf", "lf"]

    @field_validator("delimiter")
    @classmethod
    def _stands_in_no_field(cls, value: str) -> str:
        if value.isalnum() or value in '."+-\r\n\0':
            raise ValueError(f"{value!r} would stand inside an amount, an account or a line end")
        return value

    @model_validator(mode="after")
    def _ends_once(self) -> Self:
        if self.trailing_delimiter and self.quoting != "none":
            raise ValueError("a trailing delimiter goes with quoting = 'none'")
        return self

    @property
    def extension(self) -> str:
        """What a file's name ends in."""
        return "txt" if self.quoting == "none" else "csv"

    @property
    def media_type(self) -> str:
        """What sort of file it is."""
        return TEXT if self.quoting == "none" else "text/csv"


class FixedFormat(BaseFormat):
    """Text in columns of so many bytes each."""

    kind: Literal["fixed"]
    line_ending: Literal["crlf", "lf"]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.header:
            raise ValueError("a file of fixed widths has no row of titles")
        for column in self._every_column():
            if column.width is None:
                raise ValueError(f"column {column.title} needs a width in bytes")
            if column.name == "mark" and len((column.text or "").encode()) > column.width:
                raise ValueError(f"the mark in column {column.title} is wider than the column")
            if column.name in _NEVER_PADDED and column.align == "right":
                raise ValueError(f"column {column.title} must be aligned to the left")
        _fits_within(self.payment.columns, "name", self.name_rules.bytes_max)
        if self.summary:
            _fits_within(self.payment.columns, "summary", self.summary.bytes_max)
        return self


class SheetFormat(BaseFormat):
    """A workbook of one sheet, every cell text; `encoding` is what limits are counted in."""

    kind: Literal["sheet"]

    @property
    def extension(self) -> str:
        """What a file's name ends in."""
        return "xlsx"

    @property
    def media_type(self) -> str:
        """What sort of file it is."""
        return XLSX


class MessageFormat(BankRules):
    """ISO 20022: out pain.001.001.09, in pain.002.001.10 and camt.054.001.08."""

    kind: Literal["iso20022"]
    returned: Annotated[StatusCodes, Field(alias="return")]
    example: Annotated[list[StatusExample], Field(min_length=2)]

    @property
    def extension(self) -> str:
        """What a file's name ends in."""
        return "xml"

    @property
    def media_type(self) -> str:
        """What sort of file it is."""
        return XML


TextFormat = DelimitedFormat | FixedFormat
RowFormat = DelimitedFormat | FixedFormat | SheetFormat
Format = RowFormat | MessageFormat
AnyFormat = Annotated[Format, Field(discriminator="kind")]


def newline(fmt: TextFormat) -> str:
    """What ends a line."""
    return "\r\n" if fmt.line_ending == "crlf" else "\n"


def titles(columns: Sequence[Column]) -> list[str]:
    """The columns' titles, as a header row shows them."""
    return [column.title for column in columns]


def _fits_within(columns: Sequence[Column], name: str, most: int) -> None:
    for column in columns:
        if column.name == name and (column.width or 0) < most:
            raise ValueError(f"column {column.title} is narrower than {most} bytes of {name}")

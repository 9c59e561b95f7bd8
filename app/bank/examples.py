"""Examples within a format file, by which the format is proved as it is read."""

from typing import Annotated, Literal

from pydantic import Field

from app.bank.parts import Code, FileKind, Outcome, Part, Text


class ExamplePayment(Part):
    """What a payment line is written from."""

    seq: int
    name: str
    account: str
    yuan: str
    resident_id: str = ""
    summary: str = ""
    bank_name: str = ""


class PaymentExample(ExamplePayment):
    """A payment line and what it must be written from; of a sheet, a tab between the cells."""

    kind: Literal["payment"]
    line: Text


class ReturnExample(Part):
    """A line of a return file and what it must be read as."""

    kind: FileKind
    line: Text
    outcome: Outcome
    reason_code: Code | None = None


class PaymentFileExample(Part):
    """A whole payment file, row by row, and what it must be written from."""

    kind: Literal["payment_file"]
    number: str
    rows: Annotated[list[Text], Field(min_length=1)]
    lines: Annotated[list[ExamplePayment], Field(min_length=1)]


class ReplyFileExample(Part):
    """A whole reply, row by row, and what its lines must be read as, or why it is refused."""

    kind: Literal["reply_file"]
    rows: Annotated[list[Text], Field(min_length=1)]
    outcomes: list[Outcome] = Field(default_factory=list)
    refused: str | None = None


class StatusExample(Part):
    """A bank's codes in a status report and what they must be read as."""

    kind: Literal["status"]
    status: Text
    reason: str = ""
    outcome: Outcome
    reason_code: Code | None = None


Example = Annotated[
    PaymentExample | ReturnExample | PaymentFileExample | ReplyFileExample,
    Field(discriminator="kind"),
]

"""What a bank's format is: the shape of a `formats/*.toml` file, checked as it is read."""

import codecs
from collections import Counter
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Outcome = Literal["paid", "failed", "returned", "unknown"]
FileKind = Literal["reply", "reversal"]
PaymentField = Literal["seq", "name", "account", "amount", "resident_id"]
ReturnField = Literal["seq", "name", "account", "amount", "resident_id", "result", "reason"]

UNLISTED = "unlisted"
"""The reason code of a line whose words the format does not list; such a line is unknown."""

_ENCODINGS = {"gb18030", "utf-8"}
_CANNOT_WRITE_NAMES = {"gbk", "gb2312", "hz", "cp936"}
_Text = Annotated[str, Field(min_length=1)]
_Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BothLanguages(_Part):
    """A sentence or a name in Chinese and English."""

    zh: _Text
    en: _Text


class Rows(_Part):
    """How many lines one payment file may have."""

    min: Annotated[int, Field(ge=1)]
    max: Annotated[int, Field(le=1_000_000)]

    @model_validator(mode="after")
    def _splits_evenly(self) -> Self:
        # From 2·min − 1 on, no balanced split of any number of lines falls below the minimum.
        if self.max < max(2 * self.min - 1, 1):
            raise ValueError(f"max must be at least {2 * self.min - 1} when min is {self.min}")
        return self


class NameRules(_Part):
    """What a payee's name must keep to beside being encodable and free of spaces."""

    bytes_max: Annotated[int, Field(ge=4)]  # counted in the file's encoding, not in letters
    leading_forbidden: str


class PaymentColumn(_Part):
    """One column of a payment file."""

    field: PaymentField
    title: _Text


class ReturnColumn(_Part):
    """One column of a return file."""

    field: ReturnField
    title: _Text


class PaymentLayout(_Part):
    """The columns of a payment file, in order."""

    columns: list[PaymentColumn]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_fields([c.field for c in self.columns], {"seq", "name", "account", "amount"})
        return self


class Result(_Part):
    """What the bank's words in the result column mean."""

    texts: Annotated[list[_Text], Field(min_length=1)]
    outcome: Outcome
    reason: Literal["none", "listed", "any"]
    reason_code: _Code | None = None


class Reason(_Part):
    """What the bank's words in the reason column mean.

    `settles` is false where they leave open whether the money moved.
    """

    code: _Code
    texts: Annotated[list[_Text], Field(min_length=1)]
    settles: bool
    zh: _Text
    en: _Text


class ReturnLayout(_Part):
    """The columns of a return file, in order, and the bank's vocabulary."""

    replies: Literal["all", "failures_only", "statement_only"]
    rows_max: Annotated[int, Field(ge=1, le=1_000_000)]
    columns: list[ReturnColumn]
    result: Annotated[list[Result], Field(min_length=1)]
    reason: list[Reason] = []

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_fields([c.field for c in self.columns], {"seq", "account", "amount", "result"})
        _check_once("result texts", [text for result in self.result for text in result.texts])
        _check_once("reason texts", [text for reason in self.reason for text in reason.texts])
        _check_once("reason codes", [reason.code for reason in self.reason])
        return self

    @cached_property
    def results_by_text(self) -> dict[str, Result]:
        """The bank's word → what it means."""
        return {text: result for result in self.result for text in result.texts}

    @cached_property
    def reasons_by_text(self) -> dict[str, Reason]:
        """The bank's reason → what it means."""
        return {text: reason for reason in self.reason for text in reason.texts}

    def meaning(self, result_text: str, reason_text: str) -> tuple[Outcome, str | None]:
        """The outcome and reason code of one line's words; words not listed are unknown."""
        result = self.results_by_text.get(result_text)
        if result is None or (result.reason == "none" and reason_text):
            return "unknown", UNLISTED
        reason = self.reasons_by_text.get(reason_text)
        if result.reason == "listed":
            if reason is None:
                return "unknown", UNLISTED
            return (result.outcome if reason.settles else "unknown"), reason.code
        return result.outcome, reason.code if reason else result.reason_code


class PaymentExample(_Part):
    """A payment line and what it must be written from."""

    kind: Literal["payment"]
    line: _Text
    seq: int
    name: str
    account: str
    yuan: str
    resident_id: str = ""


class ReturnExample(_Part):
    """A line of a return file and what it must be read as."""

    kind: FileKind
    line: _Text
    outcome: Outcome
    reason_code: str | None = None


class Format(_Part):
    """One bank's files, whole. `kind` is the family of layouts; delimited text is the first."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    kind: Literal["delimited"]
    name: BothLanguages
    source: _Text
    assumption: BothLanguages
    encoding: str
    delimiter: Annotated[str, Field(min_length=1, max_length=1)]
    trailing_delimiter: bool
    line_ending: Literal["crlf", "lf"]
    header: bool
    amount: Literal["yuan-2"]
    resident_id_required: bool
    rows: Rows
    name_rules: NameRules
    payment: PaymentLayout
    returned: Annotated[ReturnLayout, Field(alias="return")]
    example: Annotated[
        list[Annotated[PaymentExample | ReturnExample, Field(discriminator="kind")]],
        Field(min_length=2),
    ]

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

    @field_validator("delimiter")
    @classmethod
    def _stands_in_no_field(cls, value: str) -> str:
        if value.isalnum() or value in ".\r\n\0":
            raise ValueError(f"{value!r} would stand inside an amount, an account or a line end")
        return value

    @model_validator(mode="after")
    def _has_both_examples(self) -> Self:
        kinds = {example.kind for example in self.example}
        if "payment" not in kinds or "reply" not in kinds:
            raise ValueError("examples must show at least one payment and one reply line")
        return self

    @property
    def newline(self) -> str:
        """What ends a line."""
        return "\r\n" if self.line_ending == "crlf" else "\n"

    def join(self, cells: list[str]) -> str:
        """One line of the file, without its line ending."""
        return self.delimiter.join(cells) + (self.delimiter if self.trailing_delimiter else "")

    def split(self, line: str, *, columns: int) -> list[str] | None:
        """The cells of one line, or None when it has not this many columns."""
        cells = line.split(self.delimiter)
        # Without its last delimiter a line may have been cut off, so it is not taken.
        if self.trailing_delimiter and cells.pop() != "":
            return None
        return cells if len(cells) == columns else None


def _check_fields(fields: list[str], needed: set[str]) -> None:
    _check_once("columns", fields)
    if missing := sorted(needed - set(fields)):
        raise ValueError(f"columns lack {', '.join(missing)}")


def _check_once(what: str, values: list[str]) -> None:
    if twice := sorted(value for value, times in Counter(values).items() if times > 1):
        raise ValueError(f"{what} given twice: {', '.join(twice)}")

"""What a bank's words and codes mean, as its format lists them."""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.bank.parts import Code, Outcome, Part, Text, check_once

UNLISTED = "unlisted"
"""The reason code of a line whose words the format does not list; such a line is unknown."""

_Texts = Annotated[list[Text], Field(min_length=1)]
FileSays = Literal["all_paid", "part_paid", "all_failed", "refused"]


class Result(Part):
    """What the bank's words or codes in the result column mean."""

    texts: _Texts
    outcome: Outcome
    reason: Literal["none", "listed", "any"]
    reason_code: Code | None = None


class Reason(Part):
    """What the bank's words in the reason column mean.

    `settles` is false where they leave open whether the money moved.
    """

    code: Code
    texts: _Texts
    settles: bool
    zh: Text
    en: Text


class FileCode(Part):
    """What the bank says of the whole file in its head; it must agree with the lines."""

    texts: _Texts
    says: FileSays
    zh: Text
    en: Text


class Vocabulary(Part):
    """The bank's words, for its lines and for a whole file."""

    result: Annotated[list[Result], Field(min_length=1)]
    reason: list[Reason] = Field(default_factory=list)
    file_code: list[FileCode] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_each_once(self) -> Self:
        check_once("result texts", [text for result in self.result for text in result.texts])
        check_once("reason texts", [text for reason in self.reason for text in reason.texts])
        check_once("reason codes", [reason.code for reason in self.reason])
        check_once("file codes", [text for code in self.file_code for text in code.texts])
        return self

    @cached_property
    def results_by_text(self) -> dict[str, Result]:
        """The bank's word → what it means."""
        return {text: result for result in self.result for text in result.texts}

    @cached_property
    def reasons_by_text(self) -> dict[str, Reason]:
        """The bank's reason → what it means."""
        return {text: reason for reason in self.reason for text in reason.texts}

    @cached_property
    def file_codes_by_text(self) -> dict[str, FileCode]:
        """The bank's code for a whole file → what it means."""
        return {text: code for code in self.file_code for text in code.texts}

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

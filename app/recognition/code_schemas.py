"""What the door of code lists answers."""

from datetime import date
from typing import Self

from pydantic import BaseModel

from app.recognition.codes import Code, CodeList


class CodeNameOut(BaseModel):
    """A name in both languages."""

    zh: str
    en: str


class CodeWordOut(BaseModel):
    """A synonym, and when it came into and went out of use; null: always, still."""

    word: str
    valid_from: date | None
    valid_to: date | None


class CodeOut(BaseModel):
    """One code of a list."""

    value: str
    name: CodeNameOut
    valid_from: date | None
    valid_to: date | None
    synonyms: list[CodeWordOut]

    @classmethod
    def of(cls, code: Code) -> Self:
        """The code as clients see it."""
        return cls(
            value=code.value,
            name=CodeNameOut(zh=code.name.zh, en=code.name.en),
            valid_from=code.valid_from,
            valid_to=code.valid_to,
            synonyms=[
                CodeWordOut(word=each.word, valid_from=each.valid_from, valid_to=each.valid_to)
                for each in code.words
            ],
        )


class CodeListOut(BaseModel):
    """One code list whole."""

    list: str
    name: CodeNameOut
    codes: tuple[CodeOut, ...]

    @classmethod
    def of(cls, listed: CodeList) -> Self:
        """The list as clients see it."""
        return cls(
            list=listed.name,
            name=CodeNameOut(zh=listed.what.zh, en=listed.what.en),
            codes=tuple(CodeOut.of(each) for each in listed.codes),
        )

"""What a payee reads beside the money on a statement (摘要): which money it is, and for when."""

from string import Formatter
from typing import Annotated

from pydantic import Field, field_validator

from app.bank.parts import Part, Text

_NAMED = {"programme", "period"}


class Summary(Part):
    """The text's template, and how many bytes of the file's encoding the bank takes of it."""

    template: Text
    bytes_max: Annotated[int, Field(ge=4, le=400)]

    @field_validator("template")
    @classmethod
    def _names_what_there_is(cls, value: str) -> str:
        pieces = [piece[1:] for piece in _pieces(value) if piece[1] is not None]
        if not pieces or any(name not in _NAMED or spec or turned for name, spec, turned in pieces):
            raise ValueError("a summary is made of {programme} and {period}")
        return value


def fill_summary(summary: Summary, encoding: str, *, programme: str, period: str) -> str:
    """The text in so many bytes, no character cut in half.

    It is the programme's name that is shortened, so that the period stays.
    """
    for letters in range(len(programme), 0, -1):
        text = summary.template.format(programme=programme[:letters], period=period)
        if len(text.encode(encoding)) <= summary.bytes_max:
            return text
    return cut(summary.template.format(programme="", period=period), encoding, summary.bytes_max)


def cut(text: str, encoding: str, bytes_max: int) -> str:
    """The longest beginning of a text that takes no more bytes."""
    while len(text.encode(encoding)) > bytes_max:
        text = text[:-1]
    return text


def _pieces(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"{template!r} is no template: {error}") from None

"""What the doors of files taken in row by row show alike."""

from typing import Any

from pydantic import BaseModel


class FileFault(BaseModel):
    """One of the things that are wrong with a file."""

    code: str
    where: str
    zh: str
    en: str


class ProblemOut(BaseModel):
    """Why nothing of a file was stored."""

    code: str
    zh: str
    en: str
    facts: dict[str, Any]
    faults: list[FileFault]

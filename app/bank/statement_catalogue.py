"""The statement formats on disk: loaded once, every one proved by its own example lines."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from app.bank.errors import FormatsInvalidError, StatementFormatUnknown
from app.bank.iso import statements as camt
from app.bank.statement_file import read_statement_line
from app.bank.statement_layout import StatementFormat
from app.core.errors import AidError
from app.core.money import parse_yuan

FOLDER = Path(__file__).parent / "statement_formats"


@cache
def statement_formats() -> Mapping[str, StatementFormat]:
    """The statement formats the service comes with, by code. Raises FormatsInvalidError."""
    return load_statement_formats(FOLDER)


def find_statement_format(code: str) -> StatementFormat:
    """The statement format of this code. Raises StatementFormatUnknown."""
    try:
        return statement_formats()[code]
    except KeyError:
        known = ", ".join([*statement_formats(), camt.FORMAT])
        raise StatementFormatUnknown(
            f"没有代码为「{code}」的对账单格式；可用：{known}。",
            f"No statement format has the code {code!r}; there are {known}.",
        ) from None


def load_statement_formats(folder: Path) -> Mapping[str, StatementFormat]:
    """Every `*.toml` of a folder by code. Raises FormatsInvalidError with all that is wrong."""
    found: dict[str, StatementFormat] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            fmt = StatementFormat.model_validate(tomllib.loads(path.read_text("utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
            problems.append(f"{path.name}: {error}")
            continue
        if fmt.code != path.stem:
            problems.append(f"{path.name}: code: {fmt.code!r} must be the file's name")
        problems.extend(f"{path.name}: {problem}" for problem in _example_problems(fmt))
        found[fmt.code] = fmt
    if problems:
        raise FormatsInvalidError(problems)
    return MappingProxyType(found)


def _example_problems(fmt: StatementFormat) -> list[str]:
    problems = []
    for place, example in enumerate(fmt.example):
        given = (
            example.direction,
            parse_yuan(example.yuan),
            example.is_return,
            example.reference,
        )
        try:
            line = read_statement_line(fmt, example.line)
        except AidError as error:
            problems.append(f"example.{place}: {error.en}")
            continue
        read = (line.direction, line.amount_fen, line.is_return, line.reference)
        if read != given:
            problems.append(f"example.{place}: is read as {read}, not as {given}")
    return problems

"""The bank formats on disk: loaded once, every one proved by its own example lines."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from app.bank.errors import FormatsInvalidError, FormatUnknown
from app.bank.layout import Format, PaymentExample, ReturnExample
from app.bank.payment_file import PaymentLine, render, write_payment_file
from app.bank.return_file import read_return_file
from app.core.errors import AidError
from app.core.money import parse_yuan

FOLDER = Path(__file__).parent / "formats"


@cache
def formats() -> Mapping[str, Format]:
    """The formats the service comes with, by code. Raises FormatsInvalidError at start-up."""
    return load_formats(FOLDER)


def find_format(code: str) -> Format:
    """The format of this code. Raises FormatUnknown."""
    try:
        return formats()[code]
    except KeyError:
        known = "、".join(formats()), ", ".join(formats())
        raise FormatUnknown(
            f"没有代码为「{code}」的银行格式；可用：{known[0]}。",
            f"No bank format has the code {code!r}; there are {known[1]}.",
        ) from None


def load_formats(folder: Path) -> Mapping[str, Format]:
    """Every `*.toml` of a folder as a format by code.

    Raises FormatsInvalidError with all that is wrong in all files, naming file and key.
    """
    found: dict[str, Format] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        fmt = _read(path, problems)
        if fmt is None:
            continue
        if fmt.code != path.stem:
            problems.append(f"{path.name}: code: {fmt.code!r} must be the file's name")
        problems.extend(f"{path.name}: {problem}" for problem in _example_problems(fmt))
        found[fmt.code] = fmt
    if not found and not problems:
        problems.append(f"{folder}: there is no format file")
    if problems:
        raise FormatsInvalidError(problems)
    return MappingProxyType(found)


def _read(path: Path, problems: list[str]) -> Format | None:
    try:
        return Format.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: is not TOML in UTF-8: {error}")
    except ValidationError as error:
        for detail in error.errors():
            key = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
            problems.append(f"{path.name}: {key}: {detail['msg']}")
    return None


def _example_problems(fmt: Format) -> list[str]:
    problems = []
    for place, example in enumerate(fmt.example):
        if isinstance(example, PaymentExample):
            wrong = _payment_problem(fmt, example)
        else:
            wrong = _return_problem(fmt, example)
        if wrong:
            problems.append(f"example.{place}: {wrong}")
    return problems


def _payment_problem(fmt: Format, example: PaymentExample) -> str | None:
    try:
        fen = parse_yuan(example.yuan)
        line = PaymentLine(example.seq, example.name, example.account, fen, example.resident_id)
        write_payment_file(fmt, [line._replace(seq=1)])
    except ValueError as error:
        return str(error)
    except AidError as error:
        return "; ".join([error.en, *(fault.en for fault in error.faults)])
    written = render(fmt, line)
    return None if written == example.line else f"is written {written!r}, not {example.line!r}"


def _return_problem(fmt: Format, example: ReturnExample) -> str | None:
    titles = fmt.join([c.title for c in fmt.returned.columns]) + "\n" if fmt.header else ""
    try:
        data = (titles + example.line).encode(fmt.encoding)
        line = read_return_file(fmt, data, kind=example.kind).lines[0]
    except AidError as error:
        return "; ".join([error.en, *(fault.en for fault in error.faults)])
    read = (line.outcome, line.reason_code)
    given = (example.outcome, example.reason_code)
    return None if read == given else f"is read as {read}, not as {given}"

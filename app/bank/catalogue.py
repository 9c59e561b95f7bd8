"""The bank formats on disk: loaded once, every one proved by its own example lines."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from app.bank.errors import FormatsInvalidError, FormatUnknown
from app.bank.layout import AnyFormat, Format, MessageFormat, RowFormat
from app.bank.proving import example_problems
from app.bank.vocabulary import Reason

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


def find_row_format(code: str) -> RowFormat:
    """The format of files with rows, which the made-up city's bank reads. Raises FormatUnknown."""
    found = find_format(code)
    if isinstance(found, MessageFormat):
        raise FormatUnknown(
            f"格式「{code}」是报文，没有行。",
            f"The format {code!r} is one of messages, not of rows.",
        )
    return found


def message_reasons() -> Mapping[str, Reason]:
    """What ISO 20022's reason codes mean, as the formats of messages have them."""
    known = [fmt for fmt in formats().values() if isinstance(fmt, MessageFormat)]
    return {text: each for fmt in known for text, each in fmt.returned.reasons_by_text.items()}


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
        problems.extend(f"{path.name}: {problem}" for problem in example_problems(fmt))
        found[fmt.code] = fmt
    if not found and not problems:
        problems.append(f"{folder}: there is no format file")
    if problems:
        raise FormatsInvalidError(problems)
    return MappingProxyType(found)


def _read(path: Path, problems: list[str]) -> Format | None:
    try:
        return _ANY.validate_python(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: is not TOML in UTF-8: {error}")
    except ValidationError as error:
        for detail in error.errors():
            # The first place of a family's fault is the family, which is no key of the file.
            place = detail["loc"] if "kind" in str(detail["type"]) else detail["loc"][1:]
            key = ".".join(str(part) for part in place) or "(whole file)"
            problems.append(f"{path.name}: {key}: {detail['msg']}")
    return None


_ANY: TypeAdapter[Format] = TypeAdapter(AnyFormat)

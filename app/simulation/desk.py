"""`aid simulate`: the question from a command's options, and the answer as tables."""

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from app.core.money import show_yuan
from app.simulation.comparing import FATES
from app.simulation.errors import SimulationInvalid
from app.simulation.pages import version_key
from app.simulation.pairs import Change
from app.simulation.service import Simulation


def changes_of(drafts: Sequence[str], files: Sequence[str]) -> tuple[Change, ...]:
    """The changes that `CODE=DRAFT-ID` and `CODE=version.toml` name.

    A file holds one version: the keys of a `[[version]]` table, or that table alone. Raises
    SimulationInvalid, saying what the option must look like or why the file cannot be read.
    """
    return (
        *(Change(programme=code, draft=_draft(given)) for code, given in map(_parted, drafts)),
        *(Change(programme=code, version=_version(Path(given)))
          for code, given in map(_parted, files)),
    )  # fmt: skip


def day_of(text: str | None) -> date | None:
    """A day of an option. Raises SimulationInvalid."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise _wrong(
            f"“{text}”不是日期，请写成 2008-04-30", f"{text!r} is no day such as 2008-04-30"
        ) from None


def _parted(option: str) -> tuple[str, str]:
    code, equals, given = option.partition("=")
    if not (code and equals and given):
        raise _wrong(
            f"“{option}”须写成 项目代码=草案编号 或 项目代码=文件",
            f"{option!r} is written CODE=DRAFT-ID or CODE=FILE",
        )
    return code, given


def _draft(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _wrong(f"“{text}”不是草案编号", f"{text!r} is no id of a draft") from None


def _version(path: Path) -> dict[str, Any]:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(f"{path} 无法读取：{error}", f"{path} cannot be read: {error}") from None
    listed = read.get("version")
    if not isinstance(listed, list):
        return read
    if len(listed) != 1 or not isinstance(listed[0], dict):
        raise _wrong(f"{path} 须只含一个 [[version]]", f"{path} must hold one [[version]] only")
    return listed[0]


def _wrong(zh: str, en: str) -> SimulationInvalid:
    return SimulationInvalid(f"{zh}。", f"{en}.")


def show(found: Simulation, console: Console) -> None:
    """Prints totals, counties and budget room, and what the figures do not say."""
    console.print(
        f"{found.asked.period}: {found.students} students of {found.school_year} on {found.on}",
        highlight=False,
    )
    console.print(_totals(found))
    console.print(_counties(found))
    if found.rooms is not None:
        console.print(_rooms(found))
    for each in found.left_out:
        console.print(f"{each.programme}: {each.why.en}", markup=False, highlight=False)
    for note in found.notes:
        console.print(note.en, markup=False, highlight=False)


def _table(title: str, words: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in words:
        table.add_column(name)
    for name in figures:
        table.add_column(name, justify="right")
    return table


def _totals(found: Simulation) -> Table:
    figures = (*FATES, "a year before", "a year after", "period before", "period after")
    table = _table("totals", ("programme", "before", "after"), figures)
    for pair in found.pairs:
        heads = found.totals(pair.code)
        money = (*found.fen(pair.code, yearly=True), *found.fen(pair.code, yearly=False))
        table.add_row(
            pair.code,
            version_key(pair.before),
            version_key(pair.after),
            *(str(heads.fates[fate]) for fate in FATES),
            *map(show_yuan, money),
        )
    return table


def _counties(found: Simulation) -> Table:
    table = _table("by county", ("programme", "holder"), (*FATES, "before", "after"))
    for pair in found.pairs:
        for row in found.by_county(pair.code):
            counts = (*(row.fates[fate] for fate in FATES), row.before, row.after)
            table.add_row(pair.code, found.place(row.county_id).name, *map(str, counts))
    return table


def _rooms(found: Simulation) -> Table:
    figures = ("appropriated", "need before", "need after", "room")
    table = _table("budget room", ("year", "programme", "source", "holder"), figures)
    for row in found.rooms or ():
        money = (row.appropriated_fen, row.before_fen, row.after_fen, row.room_fen)
        table.add_row(
            str(row.fiscal_year),
            row.programme,
            row.source,
            found.place(row.holder_id).name,
            *map(show_yuan, money),
        )
    return table

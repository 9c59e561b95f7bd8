"""Every programme of every catalogue over a city's students: outcomes, reasons and fen."""

from pathlib import Path

import polars as pl

from app.core import settings
from app.core.money import show_yuan
from app.policy.catalogue import CATALOGUES, Programme, Version
from app.policy.checker import load_catalogue
from app.policy.engine import assess
from app.policy.frames import coded
from benchmarks.measuring import Measure, timed
from benchmarks.students import students

UNKNOWN_PERCENT = 2


def main(rows: int) -> list[Measure]:
    """One measure a catalogue; the one in force comes first."""
    given = students(rows, unknown_percent=UNKNOWN_PERCENT)
    frame = coded(given)
    checked = timed(lambda: coded(given))
    print(f"   facts checked and coded once: {checked:.3f} s, part of each total", flush=True)
    in_force = settings.get().catalogue
    found = [path for path in CATALOGUES.iterdir() if (path / "calendar.toml").is_file()]
    return [
        _measure(path, frame, checked, in_force=in_force)
        for path in sorted(found, key=lambda path: (path.name != in_force, path.name))
    ]


def latest(programme: Programme) -> Version:
    """The version that applies to the newest periods."""
    return max(programme.versions, key=lambda version: (version.order, version.revision))


def _measure(path: Path, frame: pl.DataFrame, checked: float, *, in_force: str) -> Measure:
    programmes = load_catalogue(path).programmes.values()
    seconds = checked + sum(_one(programme, frame) for programme in programmes)
    where = f"{path.name}, in force" if path.name == in_force else path.name
    name = f"{len(programmes)} programmes of {where}: outcomes, reasons, fen"
    return Measure(name, frame.height * len(programmes), seconds)


def _one(programme: Programme, frame: pl.DataFrame) -> float:
    version = latest(programme)
    kept: list[pl.DataFrame] = []
    seconds = timed(lambda: kept.append(assess(frame, version)))
    result = kept.pop()
    eligible = result.get_column("eligible")
    print(
        f"   {programme.code} from {version.key}: {seconds:.3f} s, {eligible.sum():,} eligible, "
        f"{eligible.null_count():,} not known yet, "
        f"{show_yuan(int(result.get_column('amount_fen').sum()))} yuan for one period",
        flush=True,
    )
    return seconds

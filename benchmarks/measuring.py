"""A measure beside its floor and its bound; the table, the file and the verdict."""

import json
import os
import platform
import re
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

PEAK_MB_MAX = 1_500
TURNS = 5
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Measure:
    """What was timed over how many rows, and the floor it is held against.

    `bound` is the highest allowed `seconds / floor_seconds`; None is a figure for information.
    `peak_mb` is the highest memory of the process that measured; 0 where it is not known yet.
    `peak_mb_max` is what it may be.
    """

    name: str
    rows: int
    seconds: float
    floor: str = ""
    floor_seconds: float | None = None
    bound: float | None = None
    peak_mb: int = 0
    peak_mb_max: int = PEAK_MB_MAX

    @property
    def ratio(self) -> float | None:
        """How many times the floor it took."""
        return None if self.floor_seconds is None else self.seconds / self.floor_seconds

    @property
    def ok(self) -> bool:
        """Whether ratio and memory keep to their bounds; a bound without a floor is not kept."""
        if self.peak_mb > self.peak_mb_max:
            return False
        return self.bound is None or (self.ratio is not None and self.ratio <= self.bound)


def timed(work: Callable[[], object]) -> float:
    """The seconds one run takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternately(
    ours: Callable[[], object], floor: Callable[[], object], *, turns: int = TURNS, each: int = 1
) -> tuple[float, float]:
    """The least seconds of both, `each` runs a turn, after one run each that is not counted.

    In turns, because a machine that grows slow meanwhile must slow both. The least, because
    other work on the machine only ever adds, and adds more to the side that uses every core.
    """
    timed(ours)
    timed(floor)
    taken: list[float] = []
    bare: list[float] = []
    for _ in range(turns):
        taken.extend(timed(ours) for _ in range(each))
        bare.extend(timed(floor) for _ in range(each))
    return min(taken), min(bare)


def peak_mb() -> int:
    """The most memory this process has held, in MB.

    Linux counts into `ru_maxrss` what the process that started this one held: its own is asked for.
    """
    if _STATUS.is_file():
        found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text("ascii"))
        if found:
            return int(found[1]) * 1024 // 10**6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 10**6


def report(measures: Sequence[Measure], path: Path, *, broken: Sequence[str] = ()) -> int:
    """Prints the table and the verdict, writes the JSON; the exit status: 0 when all is kept.

    `broken` names the parts that gave no figure at all.
    """
    _write(measures, path, broken)
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(_table(measures))
    over = [f"{each.name} ({_why(each)})" for each in measures if not each.ok]
    wrong = [*over, *(f"{name} (did not finish)" for name in broken)]
    if wrong or not measures:
        console.print(f"NOT KEPT: {'; '.join(wrong) or 'nothing was measured'}")
        return 1
    kept = sum(each.bound is not None for each in measures)
    console.print(f"KEPT: {kept} bounds, and {PEAK_MB_MAX} MB of memory; figures in {path}")
    return 0


def _why(measure: Measure) -> str:
    if measure.peak_mb > measure.peak_mb_max:
        return f"{measure.peak_mb} MB of memory, bound {measure.peak_mb_max}"
    ratio = "unknown" if measure.ratio is None else f"{measure.ratio:.3f}"
    return f"ratio {ratio}, bound {measure.bound}"


def _table(measures: Sequence[Measure]) -> Table:
    table = Table(title="Benchmarks")
    table.add_column("measure")
    for name in ("rows", "seconds", "rows/s"):
        table.add_column(name, justify="right")
    table.add_column("floor")
    for name in ("seconds", "ratio", "bound", "peak MB"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in measures:
        table.add_row(
            each.name,
            f"{each.rows:,}",
            f"{each.seconds:.3f}",
            f"{each.rows / each.seconds:,.0f}",
            each.floor,
            "" if each.floor_seconds is None else f"{each.floor_seconds:.3f}",
            "" if each.ratio is None else f"{each.ratio:.3f}",
            "" if each.bound is None else f"{each.bound:g}",
            f"{each.peak_mb:,}" if each.peak_mb else "",
            "ok" if each.ok else "OVER",
        )
    return table


def _write(measures: Sequence[Measure], path: Path, broken: Sequence[str]) -> None:
    rows = [asdict(each) | {"ratio": each.ratio, "ok": each.ok} for each in measures]
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine, "measures": rows, "broken": list(broken)}, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")

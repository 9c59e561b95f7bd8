"""Runs every part and ends with a verdict; `make bench` calls it."""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.child import measured
from benchmarks.measuring import Measure, report

PARTS = (
    "policy", "comparison", "storing", "registers", "registry", "books", "intake", "term", "door",
    "evening",
)  # fmt: skip
ANSWER = Path("var") / "bench.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the parts one after the other; the exit status is 1 when a bound is not kept."""
    present = [name for name in PARTS if importlib.util.find_spec(f"benchmarks.{name}")]
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("--students", type=int, default=os.environ.get("STUDENTS") or 1_000_000)
    parser.add_argument("--part", choices=present, action="append", help="only this part")
    parser.add_argument("--to", type=Path, default=ANSWER)
    asked = parser.parse_args(arguments)
    found: list[Measure] = []
    broken: list[str] = []
    for name in asked.part or present:
        print(f"── {name}: a city of {asked.students:,}", flush=True)
        measures = measured(f"benchmarks.{name}", asked.students)
        found.extend(measures or [])
        if not measures:
            broken.append(name)
    return report(found, asked.to, broken=broken)


if __name__ == "__main__":
    sys.exit(main())

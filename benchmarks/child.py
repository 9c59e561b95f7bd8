"""One part of the benchmark in a process of its own, so that its peak memory is its own."""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.measuring import Measure, peak_mb

SECONDS_MAX = 3_600


def measured(module: str, rows: int) -> list[Measure] | None:
    """The measures of a module's `main(rows)`, run in a fresh process; None when it fails."""
    with tempfile.TemporaryDirectory(prefix="aid-bench-") as place:
        answer = Path(place) / "measures.json"
        command = [sys.executable, "-m", "benchmarks.child", module, f"--rows={rows}"]
        done = subprocess.run([*command, f"--to={answer}"], check=False, timeout=SECONDS_MAX)
        if done.returncode or not answer.is_file():
            return None
        return [Measure(**each) for each in json.loads(answer.read_text("utf-8"))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one module and writes its measures, each with the memory it took."""
    parser = argparse.ArgumentParser(prog="benchmarks.child")
    parser.add_argument("module")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--to", type=Path, required=True)
    asked = parser.parse_args(arguments)
    start = time.perf_counter()
    found = importlib.import_module(asked.module).main(asked.rows)
    taken = time.perf_counter() - start
    if not isinstance(found, list):  # a part that prints its figures itself
        found = [Measure(asked.module.rpartition(".")[2], asked.rows, taken)]
    peak = peak_mb()
    rows = [asdict(replace(each, peak_mb=each.peak_mb or peak)) for each in found]
    asked.to.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The service and its database are killed in the midst of their work; `make chaos` kills more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = os.environ.get("KILLS", "5")
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_by_a_kill() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.chaos.harness", "--kills", KILLS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{KILLS} kills landed, nothing lost, nothing doubled" in ran.stdout

"""The command as an operator runs it: a process of its own with settings of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.embedded import Cluster

ROOT = Path(__file__).parents[2]
SECONDS = 60

Aid = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*arguments: str, **given: str) -> "subprocess.CompletedProcess[str]":
    """`aid` with these arguments and AID_* settings, and none but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AID_")}
    told = {f"AID_{name}": value for name, value in given.items()}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env={**kept, "COLUMNS": "200", **told},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def one_line(stderr: str) -> bool:
    """Exactly one line, and it begins with the command's name."""
    return stderr.startswith("aid: ") and stderr.count("\n") == 1 and stderr.endswith("\n")


@pytest.fixture
def aid(cluster: Cluster, database: str) -> Aid:
    """`aid` against the module's database, as the serving role."""

    def call(*arguments: str, **given: str) -> "subprocess.CompletedProcess[str]":
        served = {"MODE": "test", "DATABASE_URL": cluster.serving_url(database)}
        return run(*arguments, **{**served, **given})

    return call

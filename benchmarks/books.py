"""The books at the size of a city: answers taken in, runs released, a message written."""

from benchmarks import books_acts, messages
from benchmarks.measuring import Measure

MOST = 1_000_000
"""As many lines a return file may have; they are as many bytes as an upload may have."""


def main(rows: int) -> list[Measure]:
    """A file of so many lines, at most MOST, taken in; runs and a message of a tenth of them."""
    rows = min(rows, MOST)
    return [*books_acts.measures(rows), messages.measure(max(1, rows // 10))]

"""The books at the size of a city: answers taken in, runs released, a message written."""

from benchmarks import books_acts, messages
from benchmarks.measuring import Measure


def main(rows: int) -> list[Measure]:
    """A file of so many lines taken in; runs and a message of a tenth of them."""
    return [*books_acts.measures(rows), messages.measure(max(1, rows // 10))]

"""Who stood in an earlier part of a file: eight bytes a person, however long the file is."""

import polars as pl

from app.registry.identifying import provisional_key

_BODY = 17  # digits of a resident id before the check digit, which follows from them


class Seen:
    """The people of the parts before, as sorted numbers in runs of growing length.

    Of a new part each person is looked for in as many runs as the number of parts has binary
    digits; two runs of one length become one.
    """

    def __init__(self) -> None:
        self._runs: list[pl.Series] = []

    def before(self, people: pl.DataFrame) -> pl.Series:
        """Whether each row's person stood in an earlier part; then they are remembered.

        A resident id is its own number. Who has none is known by a hash of the provisional
        identity, below zero: of two million such people two are taken for one in one file of
        some millions, and are then told to be the same.
        """
        number = pl.col("resident_id").str.slice(0, _BODY).cast(pl.Int64, strict=False)
        hashed = -1 - (provisional_key().hash(seed=0) // 2).cast(pl.Int64)
        given = people.select(
            person=pl.when(pl.col("resident_id").is_null()).then(hashed).otherwise(number)
        )["person"]
        found = pl.repeat(value=False, n=len(given), eager=True)
        for run in self._runs:
            at = run.search_sorted(given.fill_null(0)).clip(0, len(run) - 1)
            found |= (run.gather(at) == given).fill_null(value=False)
        self._keep(given.drop_nulls().unique().sort())
        return found

    def _keep(self, run: pl.Series) -> None:
        if run.is_empty():
            return
        while self._runs and len(self._runs[-1]) <= len(run):
            run = pl.concat([self._runs.pop(), run]).unique().sort()
        self._runs.append(run)

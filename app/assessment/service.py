"""Runs a published version over a set of cases."""

import polars as pl

from app.policy.engine import assess
from app.policy.queries import LoadedVersion


def assess_cases(facts: pl.DataFrame, loaded: LoadedVersion) -> pl.DataFrame:
    """One row a case, in order: `eligible` (null: not known yet), `failed` criterion ids,
    `missing` facts that could still decide, `amount_fen` for the period applied for.

    Raises FactsInvalid for values the vocabulary does not allow.
    """
    outcome = assess(facts, loaded.version)
    return outcome.select("eligible", "failed", pl.col("unknown").alias("missing"), "amount_fen")

"""What is answered to each row of an intake: the outcome, its reasons, and the case."""

from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

from app.applications.queries import Live
from app.applications.rules import sum_in_words
from app.core.errors import Fault
from app.policy.engine import instalments
from app.policy.queries import LoadedVersion

Outcome = Literal[
    "eligible",
    "ineligible",
    "provisional",
    "incomplete",
    "unchanged",
    "already_applied",
    "error",
]

RESULT_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "outcome": pl.String(),
    "kinds": pl.List(pl.String()),
    "detail": pl.String(),
    "application_id": pl.String(),
    "number": pl.String(),
    "amount_fen": pl.Int64(),
    "failed": pl.List(pl.String()),
    "missing": pl.List(pl.String()),
}
"""The columns that `intake.take_in` answers."""

NOTHING = pl.DataFrame(schema=RESULT_SCHEMA)
"""No row's result."""

REFUSALS: dict[str, Fault] = {
    fault.code: fault
    for fault in (
        Fault(
            "student_elsewhere",
            "该学生在另一所学校登记；请先提出转入申请，由原学校或县级资助中心确认",
            "The student is registered at another school; ask for a transfer first, which that "
            "school or the county confirms",
        ),
        Fault(
            "id_duplicate",
            "同一学生在前面的行已出现；请只保留一行",
            "The same student stands in an earlier row; keep one of them",
        ),
        Fault(
            "batch_closed",
            "本校本轮次的上报批次已由校长签署，不能再增加；确需增加请联系县级资助中心",
            "The school's batch of this round is endorsed already and takes no more; if it has "
            "to, ask the county centre",
        ),
        Fault(
            "school_unknown",
            "在您管理的范围内没有这所学校；请核对学校标识码和名称",
            "There is no such school among those you act for; check its code and name",
        ),
    )
}
"""What a row is told when it is refused here; what is wrong with its cells is in `checks`."""

ASKED_FOR = "no resident id yet: birth date and guardian's id asked for"
TO_CONFIRM = "no resident id yet: an officer has to confirm who it is"


def refused(rows: pl.DataFrame, kind: pl.Expr) -> pl.DataFrame:
    """Rows refused for one of `REFUSALS`, as RESULT_SCHEMA has them."""
    if rows.is_empty():
        return NOTHING
    return _shaped(
        rows.select("row", outcome=pl.lit("error"), kinds=pl.concat_list(kind), detail=kind)
    )


def there(row: int, live: Live | None, *, same: bool) -> dict[str, object]:
    """The result of a case that is in already, with the same facts or with others.

    `live` is None where it was over again before it could be looked at.
    """
    outcome: Outcome = "unchanged" if same else "already_applied"
    if live is None:
        return {"row": row, "outcome": outcome, "detail": "applied for meanwhile"}
    return {
        "row": row,
        "outcome": outcome,
        "detail": f"{live.number} {live.state.value}",
        "application_id": str(live.id),
        "number": live.number,
        "amount_fen": live.amount_fen,
        "failed": live.failed,
        "missing": live.missing,
    }


def elsewhere(row: int, number: str) -> dict[str, object]:
    """Another school's case from before the student came here: its number and no more."""
    return {
        "row": row,
        "outcome": "already_applied",
        "detail": f"{number} at another school",
        "number": number,
    }


def told(results: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Results that were made one by one, as RESULT_SCHEMA has them."""
    return _shaped(pl.DataFrame(results, schema=RESULT_SCHEMA))


def stored(cases: pl.DataFrame, loaded: LoadedVersion, period: str) -> pl.DataFrame:
    """The results of stored cases: the outcome of each, and what is said of it.

    The sum where eligible, the criteria not met, or the facts missing.
    """
    eligible, amount = pl.col("eligible"), pl.col("amount_fen")
    words = {
        fen: sum_in_words(
            [part.amount_fen for part in instalments(loaded.version, loaded.programme, period, fen)]
        )
        for fen in cases.get_column("amount_fen").drop_nulls().unique()
    }
    known_by = pl.col("birth_on").is_not_null() & pl.col("guardian_resident_id").is_not_null()
    asked = pl.when(known_by).then(pl.lit(TO_CONFIRM)).otherwise(pl.lit(ASKED_FOR))
    # Provisional is said before what the case lacks: until it is known who this is, nothing is
    # decided.
    provisional = pl.col("identity") == "provisional"
    unmet = ~eligible | amount.is_null()
    in_words = amount.replace_strict(words, default=None, return_dtype=pl.String)
    return _shaped(
        cases.select(
            "row",
            pl.when(eligible.is_null()).then(pl.lit("incomplete"))
            .when(provisional).then(pl.lit("provisional"))
            .when(unmet).then(pl.lit("ineligible"))
            .otherwise(pl.lit("eligible")).alias("outcome"),
            pl.when(eligible.is_null()).then(pl.col("missing").list.join("+"))
            .when(provisional).then(asked)
            .when(unmet).then(pl.col("failed").list.join("+"))
            .otherwise(in_words).alias("detail"),
            "application_id", "number", "amount_fen", "failed", "missing",
        )
    )  # fmt: skip


def _shaped(results: pl.DataFrame) -> pl.DataFrame:
    """The results with every column of RESULT_SCHEMA: what is not said is null, lists are empty."""
    whole = pl.concat([NOTHING, results], how="diagonal")
    return whole.with_columns(pl.col(pl.List(pl.String())).fill_null([]))

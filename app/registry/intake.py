"""A sheet's rows become students: matched city-wide, added or brought up to date, set by set."""

from datetime import date
from uuid import UUID

import polars as pl
from sqlmodel import Session

from app.audit import service as audit
from app.core import clock, db
from app.core.actor import Actor
from app.registry import admission, staging
from app.registry.identifying import with_indexes
from app.registry.matching import decided
from app.registry.sealing import sealed

INTAKE_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "school_id": pl.String(),
    "county_id": pl.String(),
    "resident_id": pl.String(),
    "name": pl.String(),
    "sex": pl.String(),
    "birth_on": pl.Date(),
    "register_no": pl.String(),
    "guardian_name": pl.String(),
    "guardian_resident_id": pl.String(),
    "telephone": pl.String(),
    "stage": pl.String(),
    "grade": pl.Int64(),
    "class_name": pl.String(),
    "boards": pl.Boolean(),
    "hukou": pl.String(),
    "household_size": pl.Int64(),
    "income_per_head_fen": pl.Int64(),
    "special_group": pl.String(),
    "hardship": pl.Int64(),
    "account_kind": pl.String(),
    "account_number": pl.String(),
    "bank_name": pl.String(),
    "holder_name": pl.String(),
    "holder": pl.String(),
    "relation": pl.String(),
    "reason": pl.String(),
    "owns_car": pl.Boolean(),
    "bought_house": pl.Boolean(),
    "rural_major": pl.Boolean(),
    "tuition_fen": pl.Int64(),
    "accommodation_fen": pl.Int64(),
    "tier": pl.Int64(),
    "good_record": pl.Boolean(),
    "excellent": pl.Boolean(),
    "merit_rank": pl.Int64(),
    "state_funded_trainee": pl.Boolean(),
}
"""One row a case; `row`, `school_id`, `county_id` and `name` are never null.

What stands after `reason` is of the case alone: it passes through, and the registry keeps none.
"""

OUTCOME_SCHEMA: dict[str, pl.DataType] = {
    "student_id": pl.String(),
    "standing": pl.String(),
    "changed": pl.Boolean(),
    "identity": pl.String(),
    "moved": pl.Boolean(),
}
LENGTHS = {
    "name": 80,
    "register_no": 20,
    "guardian_name": 80,
    "telephone": 20,
    "class_name": 40,
    "special_group": 40,
    "account_number": 25,
    "bank_name": 80,
    "holder_name": 80,
    "relation": 20,
    "reason": 200,
}
RANGES = {"household_size": (1, 30), "grade": (1, 12), "income_per_head_fen": (0, 10**15)}
_FAMILY = ("hukou", "household_size", "income_per_head_fen", "special_group")
_CONTROL = r"[\x00-\x1f\x7f]"


def register(
    session: Session, frame: pl.DataFrame, *, school_year: str, entered_on: date, by: Actor
) -> pl.DataFrame:
    """Registers or updates the student of every row; answers the frame with five columns more.

    `student_id` (null where elsewhere), `standing`: `new`, `here` or `elsewhere` (at another
    school: left untouched), `changed`, `identity`, and `moved`: here now, having graduated from
    the stage before at another school. Of two rows of one person the first counts.
    """
    if frame.is_empty():
        return frame.with_columns(
            pl.lit(None, dtype=kind).alias(name) for name, kind in OUTCOME_SCHEMA.items()
        )
    rows = with_indexes(frame.cast(pl.Schema(INTAKE_SCHEMA)))
    leaders = rows.filter(pl.col("place") == pl.col("leader"))
    staged = sealed(decided(session, leaders, school_year=school_year, by=by))
    staging.fill(session, staged)
    moved = set(staged.filter(pl.col("standing") == "moved")["student_id"])
    if moved:
        admission.move(session, by=by)
    parts, changed = _students(session, staged, by)
    changed |= moved | staging.add_the_rest(
        session, parts, school_year=school_year, entered_on=entered_on, now=clock.now(), by=by.id
    )
    outcome = _outcome(session, staged, parts)
    changed -= set(outcome.filter(pl.col("standing") == "new")["student_id"])
    if parts.new:
        audit.note(session, by=by, did="student.registered", records=staging.added())
    for did, whom in (("student.updated", changed), ("student.admitted", moved)):
        if whom:
            audit.note(session, by=by, did=did, records=[UUID(each) for each in sorted(whom)])
    return _answer(frame, rows, outcome, changed=changed, moved=moved)


def unfit(frame: pl.DataFrame) -> pl.DataFrame:
    """The values that the registry cannot hold, as (row, field): callers refuse those rows first.

    A text too long or with control characters, a number out of range, a name that is missing.
    """
    wrong = {
        field: (pl.col(field).str.len_chars() > most) | pl.col(field).str.contains(_CONTROL)
        for field, most in LENGTHS.items()
    }
    wrong |= {
        field: ~pl.col(field).is_between(least, most) for field, (least, most) in RANGES.items()
    }
    wrong["name"] = wrong["name"].fill_null(value=True) | (pl.col("name") == "")
    flags = frame.select("row", *(found.alias(field) for field, found in wrong.items()))
    return (
        flags.unpivot(index="row", variable_name="field", value_name="wrong")
        .filter(pl.col("wrong"))
        .select("row", "field")
        .sort("row", "field")
    )


def _students(session: Session, staged: pl.DataFrame, by: Actor) -> tuple[staging.Parts, set[str]]:
    """Brings who is here up to date and adds who is new; what is left to do, and who changed."""
    here = staged["standing"].is_in(["here", "moved"]).any()
    wanted = int((staged["standing"] == "new").sum())
    changed = staging.update_students(session) if here else set()
    if wanted:
        lost = staging.add_students(session, now=clock.now(), by=by.id, wanted=wanted)
        if lost:
            with db.city_scope(session, by):
                staging.match_again(session, lost)
        here, wanted = here or bool(lost), wanted - len(lost)
    families = staged.select(pl.any_horizontal(pl.col(*_FAMILY).is_not_null()).any()).item()
    parts = staging.Parts(
        new=wanted > 0,
        here=here,
        households=bool(families),
        accounts=staged["account_index"].null_count() < staged.height,
    )
    return parts, changed


def _outcome(session: Session, staged: pl.DataFrame, parts: staging.Parts) -> pl.DataFrame:
    """`place`, `student_id`, `standing` and `identity` of each person's first row."""
    number = pl.col("resident_id").is_not_null()
    identity = pl.when(number).then(pl.lit("documented")).otherwise(pl.lit("provisional"))
    new = staged.select("place", "student_id", "standing", identity.alias("identity"))
    if not parts.here and (staged["standing"] == "new").all():
        return new
    others = staging.became(session)
    return pl.concat([new.join(others, on="place", how="anti"), others])


def _answer(
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    outcome: pl.DataFrame,
    *,
    changed: set[str],
    moved: set[str],
) -> pl.DataFrame:
    """The caller's frame with what became of each row; a later row of one person follows."""
    leads = pl.col("place") == pl.col("leader")
    there = pl.col("student_id").is_not_null()
    told = outcome.with_columns(
        new=pl.col("standing") == "new",
        touched=pl.col("student_id").is_in(list(changed)),
        came=pl.col("student_id").is_in(list(moved)),
    )
    answers = (
        rows.select("place", "leader")
        .join(told, left_on="leader", right_on="place", how="left", maintain_order="left")
        .select(
            "student_id",
            pl.when(leads | ~there).then("standing").otherwise(pl.lit("here")).alias("standing"),
            (leads & there & (pl.col("new") | pl.col("touched"))).alias("changed"),
            pl.when(there).then("identity").alias("identity"),
            (leads & there & pl.col("came")).alias("moved"),
        )
        .cast(pl.Schema(OUTCOME_SCHEMA))
    )
    return frame.with_columns(answers.fill_null(value=False).get_columns())

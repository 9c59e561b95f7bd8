"""Cases come in: the student registered, the facts gathered and judged, the case stored."""

from dataclasses import dataclass
from itertools import count
from typing import Literal
from uuid import UUID

import orjson
import polars as pl
from sqlmodel import Session

from app.applications import outcomes, queries, rounds, rules, staging
from app.applications.models import ApplicationRound, ApplicationState
from app.applications.queries import Live
from app.assessment import facts
from app.assessment.facts import Source, values_of
from app.assessment.service import assess_cases
from app.audit import service as audit
from app.core import clock, db, ids, numbers
from app.core.actor import Actor
from app.policy.calendar import school_year_of
from app.policy.engine import facts_read
from app.policy.queries import LoadedVersion, version_for
from app.recognition.queries import facts_for
from app.registers.queries import LISTED_FACTS, known_for
from app.registry.intake import register
from app.registry.queries import schools_in_scope

Fate = Literal["new", "again", "same", "other", "elsewhere", "twice", "shut"]
Lives = dict[str, Live]
"""The live cases of students, by the student's id."""


@dataclass(frozen=True)
class _Setting:
    """What holds for every case of one call."""

    round_: ApplicationRound
    loaded: LoadedVersion
    schools: pl.DataFrame
    told_by: Source
    by: Actor
    again: bool
    """Whether equal facts too are handed in again."""


def take_in(
    session: Session,
    frame: pl.DataFrame,
    *,
    round_: ApplicationRound,
    by: Actor,
    import_id: UUID | None = None,
    again: bool = False,
) -> pl.DataFrame:
    """Takes the cases of an intake frame in; answers one row each, in order.

    The caller has passed the frame through `checks.at_schools` and kept only rows in which
    `checks.check` finds no fault. Columns: `row`, `outcome` (eligible, ineligible, provisional,
    incomplete, unchanged, already_applied, error), `kinds` of an error (`student_elsewhere`,
    `id_duplicate`, `batch_closed`, `school_unknown`), `detail`, `application_id`, `number`,
    `amount_fen`, `failed`, `missing`. A refused row stores nothing. A case in draft or returned is
    handed in again under its number: with other facts, or, where `again` is said, with any.
    A column `carried` may hold a snapshot as JSON: facts that still say the same keep its sources.
    Raises NobodyApplies; and RoundClosed or RoundNotOpenYet, unless `again`: then the caller has
    asked that.
    """
    if frame.is_empty():
        return outcomes.NOTHING
    loaded = version_for(session, round_.programme, round_.period)
    rounds.refuse_paid_to_schools(loaded.programme)
    setting = _Setting(
        round_=round_,
        loaded=loaded,
        schools=schools_in_scope(session, by),
        told_by=Source.FORM if import_id is None else Source.SHEET,
        by=by,
        again=again,
    )
    # Asked anew: a school may have closed since the caller placed the rows.
    there = pl.col("school_id").is_in(setting.schools.get_column("id").implode())
    known = frame.filter(there)
    school_ids = [UUID(each) for each in known.get_column("school_id").unique().sort()]
    if not again:
        rounds.require_open(session, round_, school_ids)
    shut = queries.closed_schools(session, round_.id, school_ids)
    cases, lives, refused = _register(session, known, setting, shut)
    results = pl.concat(
        [
            refused,
            _store(session, cases, lives, setting, import_id),
            outcomes.refused(frame.filter(~there), pl.lit("school_unknown")),
        ]
    )
    return frame.select("row").join(results, on="row", how="left", maintain_order="left")


def _register(
    session: Session, frame: pl.DataFrame, setting: _Setting, shut: set[UUID]
) -> tuple[pl.DataFrame, Lives, pl.DataFrame]:
    """The cases with their students registered, and the rows refused, of whom nothing stays.

    Whether a school that has endorsed its batch may still hand in depends on the case, which is
    found through the student: so the rows are registered, and without those refused once more.
    """
    with session.begin_nested() as attempt:
        cases, lives = _look(session, frame, setting, shut)
        wrong = cases.filter(pl.col("fate").is_in(["shut", "twice"]))
        if wrong.is_empty():
            return cases, lives, outcomes.NOTHING
        attempt.rollback()
    is_shut = pl.col("fate") == "shut"
    why = pl.when(is_shut).then(pl.lit("batch_closed")).otherwise(pl.lit("id_duplicate"))
    rest = frame.join(wrong, on="row", how="anti", maintain_order="left")
    return *_look(session, rest, setting, shut), outcomes.refused(wrong, why)


def _look(
    session: Session, frame: pl.DataFrame, setting: _Setting, shut: set[UUID]
) -> tuple[pl.DataFrame, Lives]:
    """Registers the students, finds their cases, judges the facts, decides what becomes of each.

    Answers the frame with, of each case, its `facts` as JSON, what they were judged to be, `fate`,
    `application_id`, and the live cases by student.
    """
    round_, loaded = setting.round_, setting.loaded
    first_day, last_day = loaded.programme.calendar.days_of(round_.period)
    school_year = school_year_of(round_.period)
    registered = register(
        session,
        frame,
        school_year=school_year,
        entered_on=first_day,
        by=setting.by,
    )
    students = [UUID(each) for each in registered.get_column("student_id").drop_nulls().unique()]
    read = facts_read(loaded.version)
    # As of the period's end, not of today: whenever a case comes in, it is judged the same.
    recognised = facts_for(session, students, school_year=school_year, on=last_day, by=setting.by)
    registered = facts.with_recognised(registered, recognised)
    if asked := LISTED_FACTS & read:
        listed = known_for(session, students, asked, last_day, by=setting.by)
        registered = facts.with_listed(registered, listed)
    gathered = facts.gather(
        registered,
        setting.schools,
        told_by=setting.told_by,
        as_of=clock.office_day(),
        age_on=first_day if "age" in read else None,
    )
    judged = assess_cases(gathered.facts, loaded)
    lives = queries.live_cases(session, students, programme=round_.programme, period=round_.period)
    cases = registered.with_columns(gathered.snapshots.alias("facts"), *judged.get_columns())
    if "carried" in cases.columns:
        cases = cases.with_columns(_carried(cases))
    found = {str(student): live for student, live in lives.items()}
    return _fated(cases, found, setting, shut), found


def _carried(cases: pl.DataFrame) -> pl.Series:
    """The snapshots, in which facts that still say what is carried keep its sources."""
    rows = cases.select("facts", "carried").iter_rows()
    kept = [
        orjson.dumps(facts.carry(orjson.loads(told), orjson.loads(carried))).decode()
        if carried
        else told
        for told, carried in rows
    ]
    return pl.Series("facts", kept, pl.String)


def _fated(cases: pl.DataFrame, lives: Lives, setting: _Setting, shut: set[UUID]) -> pl.DataFrame:
    """The cases with `fate`, the `application_id` and `submission_no` they would have."""
    columns = cases.select("student_id", "school_id", "facts").iter_rows()
    closed = {str(school) for school in shut}
    fates: list[Fate | None] = []
    keys = [str(each) for each in ids.new_many(cases.height)]
    numbers = [1] * cases.height
    for at, (student, school, told) in enumerate(columns):
        live = lives.get(student) if student else None
        if live is None:
            fates.append("shut" if school in closed else "new")
            continue
        fates.append(_fate(live, told, school, setting=setting, closed=school in closed))
        keys[at], numbers[at] = str(live.id), live.submission_no + 1
    elsewhere = pl.col("standing") == "elsewhere"
    return cases.with_columns(
        pl.Series("fate", fates, pl.String),
        pl.Series("application_id", keys, pl.String),
        pl.Series("submission_no", numbers, pl.Int64),
    ).with_columns(
        pl.when(elsewhere).then(pl.lit("elsewhere"))
        .when(~pl.col("student_id").is_first_distinct()).then(pl.lit("twice"))
        .otherwise("fate").alias("fate")
    )  # fmt: skip


def _fate(live: Live, told: str, school: str, *, setting: _Setting, closed: bool) -> Fate:
    """What becomes of a case whose student has one already."""
    if values_of(live.facts) == values_of(orjson.loads(told)) and not setting.again:
        return "same"
    if str(live.school_id) != school or live.state not in rules.HANDED_IN_AGAIN:
        return "other"
    # The school cannot add to a batch its head has endorsed, but mends what was sent back from it.
    return "shut" if closed and live.state is not ApplicationState.RETURNED else "again"


def _store(
    session: Session,
    cases: pl.DataFrame,
    lives: Lives,
    setting: _Setting,
    import_id: UUID | None,
) -> pl.DataFrame:
    """Stores what is new or handed in again; answers every case's result."""
    if cases.is_empty():
        return outcomes.NOTHING
    numbered = _numbered(session, cases, lives, setting)
    taken = numbered.filter(pl.col("fate").is_in(["new", "again"]))
    done: set[UUID] = set()
    if taken.height:
        loaded, round_ = setting.loaded, setting.round_
        staging.fill(session, _staged(taken))
        fates = set(taken.get_column("fate"))
        if "again" in fates:
            done |= staging.change(session, loaded, import_id=import_id, by=setting.by)
        if "new" in fates:
            done |= staging.add(session, round_, loaded, import_id=import_id, by=setting.by)
        audit.note(
            session,
            by=setting.by,
            did="application.taken_in",
            records=staging.stored(),
            detail={
                "programme": round_.programme,
                "period": round_.period,
                "cases": len(done),
                "import": None if import_id is None else str(import_id),
            },
        )
    written = pl.col("application_id").is_in([str(key) for key in done])
    return pl.concat(
        [
            outcomes.stored(numbered.filter(written), setting.loaded, setting.round_.period),
            _left(session, numbered.filter(~written), lives, setting),
        ]
    )


def _staged(cases: pl.DataFrame) -> pl.DataFrame:
    """The cases to be stored, as the temporary table has them."""
    unknown, known = (rules.handed_in(eligible=each).value for each in (None, True))
    return cases.with_columns(
        again=pl.col("fate") == "again",
        state=pl.when(pl.col("eligible").is_null()).then(pl.lit(unknown)).otherwise(pl.lit(known)),
        student_name="name",
    ).select(pl.col(name).cast(kind) for name, kind in staging.FRAME_SCHEMA.items())


def _numbered(
    session: Session, cases: pl.DataFrame, lives: Lives, setting: _Setting
) -> pl.DataFrame:
    """The cases with the number that each new one is given or that one handed in again has."""
    new = int((cases.get_column("fate") == "new").sum())
    series = rules.number_series(setting.loaded.programme.prefix, setting.round_.period)
    # Late, and before the cases themselves: whoever waits for the series holds no case of it.
    given = count(numbers.take(session, series, new) if new else 0)
    found = [
        rules.application_number(series, next(given))
        if fate == "new"
        else lives[student].number
        if fate == "again"
        else None
        for fate, student in cases.select("fate", "student_id").iter_rows()
    ]
    return cases.with_columns(pl.Series("number", found, pl.String))


def _left(session: Session, cases: pl.DataFrame, lives: Lives, setting: _Setting) -> pl.DataFrame:
    """The results of cases that stored nothing: they are in already, or their student elsewhere."""
    if cases.is_empty():
        return outcomes.NOTHING
    away = pl.col("fate") == "elsewhere"
    others = _others(session, cases.filter(pl.col("fate").is_in(["new", "again"])), setting)
    results = []
    columns = ("row", "fate", "student_id", "school_id", "facts")
    for row, fate, student, school, told in cases.filter(~away).select(columns).iter_rows():
        live = lives[student] if fate in {"same", "other"} else others.get(student)
        if live is not None and str(live.school_id) != school:
            results.append(outcomes.elsewhere(row, live.number))
            continue
        same = live is not None and values_of(live.facts) == values_of(orjson.loads(told))
        results.append(outcomes.there(row, live, same=same and fate != "again"))
    refused = outcomes.refused(cases.filter(away), pl.lit("student_elsewhere"))
    return pl.concat([refused, outcomes.told(results)])


def _others(session: Session, lost: pl.DataFrame, setting: _Setting) -> Lives:
    """The cases that another transaction stored or moved first, by student.

    Or another school's, from before the student came here: whatever the school, in all the city.
    """
    if lost.is_empty():
        return {}
    students = [UUID(each) for each in lost.get_column("student_id")]
    key = {"programme": setting.round_.programme, "period": setting.round_.period}
    with db.city_scope(session, setting.by):
        found = queries.live_cases(session, students, **key)
    return {str(student): live for student, live in found.items()}

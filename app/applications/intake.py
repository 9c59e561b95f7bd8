"""Cases come in: the student registered, the facts gathered and judged, the case stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import orjson
import polars as pl
from sqlmodel import Session

from app.applications import checks, queries, rounds, rules, staging
from app.applications.errors import NobodyApplies
from app.applications.models import ApplicationRound, ApplicationState
from app.applications.outcomes import RESULT_SCHEMA, Judged, Result, detail_of
from app.applications.queries import Live
from app.assessment import facts
from app.assessment.facts import Snapshot, Source, values_of
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

Fate = Literal["new", "again", "same", "other", "elsewhere", "twice", "shut", "no_school"]


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


@dataclass(frozen=True)
class _Case:
    """One row on its way: its student, what it says, and what becomes of it."""

    row: dict[str, object]
    snapshot: Snapshot
    judged: Judged
    live: Live | None
    fate: Fate
    application_id: UUID


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
        return pl.DataFrame(schema=RESULT_SCHEMA)
    loaded = version_for(session, round_.programme, round_.period)
    if loaded.programme.payee == "school":
        raise NobodyApplies(round_.programme)
    setting = _Setting(
        round_=round_,
        loaded=loaded,
        schools=schools_in_scope(session, by),
        told_by=Source.FORM if import_id is None else Source.SHEET,
        by=by,
        again=again,
    )
    rounds.refuse_paid_to_schools(setting.loaded.programme)
    placed = checks.at_schools(frame, setting.schools)
    known = placed.filter(pl.col("county_id").is_not_null())
    school_ids = [UUID(each) for each in known.get_column("school_id").unique().sort()]
    if not again:
        rounds.require_open(session, round_, school_ids)
    shut = queries.closed_schools(session, round_.id, school_ids)
    cases, refused = _register(session, known, setting, shut)
    results = refused + _store(session, cases, setting, import_id)
    results += [
        Result.refusal(row, "school_unknown")
        for row in placed.filter(pl.col("county_id").is_null()).get_column("row")
    ]
    order = {row: place for place, row in enumerate(frame.get_column("row"))}
    results.sort(key=lambda each: order[each.row])
    return pl.DataFrame([each.as_row() for each in results], schema=RESULT_SCHEMA, orient="row")


def _register(
    session: Session, frame: pl.DataFrame, setting: _Setting, shut: set[UUID]
) -> tuple[list[_Case], list[Result]]:
    """The cases with their students registered, and the rows refused, of whom nothing stays.

    Whether a school that has endorsed its batch may still hand in depends on the case, which is
    found through the student: so the rows are registered, and without those refused once more.
    """
    with session.begin_nested() as attempt:
        cases = _look(session, frame, setting, shut)
        refused = [case for case in cases if case.fate in {"shut", "twice"}]
        if not refused:
            return cases, []
        attempt.rollback()
    rows = {case.row["row"] for case in refused}
    results = [
        Result.refusal(_row_of(case), "batch_closed" if case.fate == "shut" else "id_duplicate")
        for case in refused
    ]
    rest = frame.filter(~pl.col("row").is_in(list(rows)))
    return (_look(session, rest, setting, shut) if rest.height else []), results


def _look(session: Session, frame: pl.DataFrame, setting: _Setting, shut: set[UUID]) -> list[_Case]:
    """Registers the students, finds their cases, judges the facts, decides what becomes of each."""
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
    seen: set[str] = set()
    cases = []
    for row, snapshot, outcome in zip(
        registered.iter_rows(named=True),
        gathered.snapshots,
        judged.iter_rows(named=True),
        strict=True,
    ):
        student = row["student_id"]
        carried = row.get("carried")
        if carried:
            snapshot = facts.carry(snapshot, orjson.loads(carried))  # noqa: PLW2901
        live = lives.get(UUID(student)) if student else None
        fate = _fate(row, snapshot, live, setting=setting, shut=shut)
        if student in seen and fate != "elsewhere":
            fate = "twice"
        seen.add(student)
        application_id = live.id if live is not None and fate != "new" else ids.new()
        cases.append(_Case(row, snapshot, Judged(**outcome), live, fate, application_id))
    return cases


def _fate(
    row: dict[str, object],
    snapshot: Snapshot,
    live: Live | None,
    *,
    setting: _Setting,
    shut: set[UUID],
) -> Fate:
    if row["standing"] == "elsewhere":
        return "elsewhere"
    closed = UUID(str(row["school_id"])) in shut
    if live is None:
        return "shut" if closed else "new"
    if values_of(live.facts) == values_of(snapshot) and not setting.again:
        return "same"
    ours = str(live.school_id) == row["school_id"]
    if not ours or live.state not in rules.HANDED_IN_AGAIN:
        return "other"
    # The school cannot add to a batch its head has endorsed, but mends what was sent back from it.
    return "shut" if closed and live.state is not ApplicationState.RETURNED else "again"


def _store(
    session: Session, cases: Sequence[_Case], setting: _Setting, import_id: UUID | None
) -> list[Result]:
    """Stores what is new or handed in again; answers every case's result."""
    new = [case for case in cases if case.fate == "new"]
    again = [case for case in cases if case.fate == "again"]
    done: set[UUID] = set()
    given: dict[UUID, str] = {case.application_id: case.live.number for case in again if case.live}
    if new or again:
        loaded, round_ = setting.loaded, setting.round_
        series = rules.number_series(loaded.programme.prefix, round_.period)
        # Late, and before the cases themselves: whoever waits for the series holds no case of it.
        first = numbers.take(session, series, len(new)) if new else 0
        given |= {
            case.application_id: rules.application_number(series, first + place)
            for place, case in enumerate(new)
        }
        staging.fill(session, _staged([*new, *again], given))
        if again:
            done |= staging.change(session, loaded, import_id=import_id, by=setting.by)
        if new:
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
    others = _others(session, [each for each in [*new, *again] if each.application_id not in done],
                     setting)  # fmt: skip
    return [
        _stored(case, given[case.application_id], setting)
        if case.application_id in done
        else _left(case, others)
        for case in cases
    ]


def _staged(cases: Sequence[_Case], given: dict[UUID, str]) -> pl.DataFrame:
    rows = [
        {
            "application_id": str(case.application_id),
            "student_id": case.row["student_id"],
            "school_id": case.row["school_id"],
            "county_id": case.row["county_id"],
            "number": given[case.application_id],
            "submission_no": 1 if case.fate == "new" or not case.live else
            case.live.submission_no + 1,
            "again": case.fate == "again",
            "state": rules.handed_in(eligible=case.judged.eligible).value,
            "student_name": case.row["name"],
            "grade": case.row["grade"],
            "class_name": case.row["class_name"],
            "stage": case.row["stage"],
            "hardship": case.row["hardship"],
            "eligible": case.judged.eligible,
            "amount_fen": case.judged.amount_fen,
            "failed": case.judged.failed,
            "missing": case.judged.missing,
            "facts": orjson.dumps(case.snapshot).decode(),
        }
        for case in cases
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=staging.FRAME_SCHEMA)


def _others(session: Session, lost: Sequence[_Case], setting: _Setting) -> dict[str, Live]:
    """The cases that another transaction stored or moved first, by student.

    Or another school's, from before the student came here: whatever the school, in all the city.
    """
    if not lost:
        return {}
    students = [UUID(str(case.row["student_id"])) for case in lost]
    key = {"programme": setting.round_.programme, "period": setting.round_.period}
    with db.city_scope(session, setting.by):
        found = queries.live_cases(session, students, **key)
    return {str(student): live for student, live in found.items()}


def _stored(case: _Case, number: str, setting: _Setting) -> Result:
    judged = case.judged
    provisional = case.row["identity"] == "provisional"
    outcome, detail = detail_of(
        judged,
        setting.loaded,
        setting.round_.period,
        provisional=provisional,
        known_by=bool(case.row["birth_on"] and case.row["guardian_resident_id"]),
    )
    return Result(
        row=_row_of(case),
        outcome=outcome,
        detail=detail,
        application_id=case.application_id,
        number=number,
        judged=judged,
    )


def _left(case: _Case, others: dict[str, Live]) -> Result:
    """The result of a case that stored nothing: it is in already, or its student is elsewhere."""
    if case.fate == "elsewhere":
        return Result.refusal(_row_of(case), "student_elsewhere")
    live = case.live if case.fate in {"same", "other"} else others.get(str(case.row["student_id"]))
    if live is not None and str(live.school_id) != str(case.row["school_id"]):
        return Result.elsewhere(_row_of(case), live.number)
    same = live is not None and values_of(live.facts) == values_of(case.snapshot)
    return Result.there(_row_of(case), live, same=same and case.fate != "again")


def _row_of(case: _Case) -> int:
    return int(str(case.row["row"]))

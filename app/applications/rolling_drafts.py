"""Drafts of a new round from the last period: each with its fate, its reasons and its facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import orjson
import polars as pl
from sqlalchemy import Row
from sqlmodel import Session

from app.applications import checks, rolling_queries, rolling_rules
from app.applications.models import Fate
from app.applications.rolling_queries import Forward
from app.applications.rolling_rules import Before, Now
from app.assessment import facts
from app.assessment.facts import Snapshot, Source
from app.assessment.service import assess_cases
from app.core import clock, crypto
from app.core.actor import Actor
from app.recognition.queries import facts_for
from app.registry.intake import INTAKE_SCHEMA
from app.registry.models import IdentityState
from app.registry.queries import schools_in_scope
from app.registry.rules import grade_within

# What the registry holds of the new year; what it does not hold is carried.
_HOUSEHOLD = ("hukou", "household_size", "income_per_head_fen", "special_group")
_ENROLMENT = ("grade", "year", "boards")
NO_GROUP = "none"


@dataclass(frozen=True)
class Draft:
    """One student on the list; `row` is the case as intake takes it, where one can be made."""

    student_id: UUID
    student_name: str
    fate: Fate
    reasons: list[str]
    grade: int | None = None
    class_name: str | None = None
    detail: list[str] = field(default_factory=list)
    from_application_id: UUID | None = None
    left_on: date | None = None
    left_because: str | None = None
    amount_fen: int | None = None
    row: dict[str, Any] | None = None


def drafts(session: Session, forward: Forward, *, by: Actor) -> list[Draft]:
    """Everybody on the school's list as things stand, in a fixed number of statements.

    First those approved last time, oldest case first, then the newcomers.
    """
    last = rolling_queries.last_cases(session, forward)
    recognised = _recognised(session, forward, [row.student_id for row in last], by=by)
    here = [
        _continued(forward, row, recognised.get(row.student_id)) if row.enrolled else _gone(row)
        for row in last
    ]
    known = {draft.student_id for draft in here}
    return _judged(session, forward, here, by=by) + [
        draft for draft in _added(session, forward, by=by) if draft.student_id not in known
    ]


def _recognised(
    session: Session, forward: Forward, students: Sequence[UUID], *, by: Actor
) -> dict[UUID, Mapping[str, Any]]:
    """What the new school year's recognition says, at the new period's end, by student."""
    known = facts_for(
        session,
        students,
        school_year=forward.school_year,
        on=forward.loaded.programme.calendar.days_of(forward.round_.period)[1],
        by=by,
    )
    return {UUID(row["student_id"]): row for row in known.iter_rows(named=True)}


def told(draft: Draft, said: Mapping[str, object]) -> Draft:
    """The draft with what the school says anew in place of what is carried."""
    if draft.row is None:
        return draft
    carried = {name: seen for name, seen in orjson.loads(draft.row["carried"]).items()
               if name not in said}  # fmt: skip
    row = {**draft.row, **said, "carried": orjson.dumps(carried).decode()}
    return replace(draft, row=row)


def frame_of(drafts_: Sequence[Draft], schools: pl.DataFrame) -> pl.DataFrame:
    """The intake frame of drafts that have a row, numbered from 0, as `take_in` wants it."""
    rows = [{**(draft.row or {}), "row": place} for place, draft in enumerate(drafts_)]
    schema = {**INTAKE_SCHEMA, "carried": pl.String()}
    return checks.at_schools(pl.DataFrame(rows, schema=schema), schools)


def _gone(row: Row[Any]) -> Draft:
    if row.still_here or row.left_on is None:
        fate, reason = Fate.TO_CHECK, "not_enrolled_yet"
    else:
        fate, reason = Fate.LEFT, "graduated" if row.graduated else "left"
    left = fate is Fate.LEFT
    return Draft(
        student_id=row.student_id,
        student_name=row.student_name,
        fate=fate,
        reasons=[reason],
        from_application_id=row.application_id,
        left_on=row.left_on if left else None,
        left_because=row.left_because if left else None,
    )


def _continued(forward: Forward, row: Row[Any], recognised: Mapping[str, Any] | None) -> Draft:
    return Draft(
        student_id=row.student_id,
        student_name=row.name,
        fate=Fate.CONTINUED,
        reasons=rolling_rules.to_check(
            Before(
                stage=row.stage_before,
                grade=row.grade_before,
                turns=forward.turns,
                # What this year's recognition says is not old.
                hardship_on=None if recognised else rolling_rules.as_of(row.facts, "hardship"),
                boarding_known="boards" in row.facts,
            ),
            Now(
                stage=row.stage,
                grade=grade_within(row.stage, row.grade),
                boards=row.boards,
                provisional=row.identity == IdentityState.PROVISIONAL,
                first_day=forward.year_begins,
                years=forward.school.years,
            ),
        ),
        grade=row.grade,
        class_name=row.class_name,
        from_application_id=row.application_id,
        row=_row(forward, row, recognised),
    )


def _row(forward: Forward, row: Row[Any], recognised: Mapping[str, Any] | None) -> dict[str, Any]:
    """The case for intake: who it is, where they stand now, and the facts as they were."""
    carried = _carried(row, recognised)
    household = {name: carried[name]["value"] for name in _HOUSEHOLD if name in carried}
    number = _opened(row, "resident_id")
    return {
        "school_id": str(forward.school.id),
        "name": row.name,
        "resident_id": number,
        # Without a resident id these two tell who it is.
        "birth_on": row.birth_on if number is None else None,
        "guardian_resident_id": _opened(row, "guardian_resident_id") if number is None else None,
        "grade": row.grade,
        "class_name": row.class_name,
        "boards": row.boards,
        "hardship": carried.get("hardship", {}).get("value"),
        **household,
        "carried": orjson.dumps(carried).decode(),
    }


def _carried(row: Row[Any], recognised: Mapping[str, Any] | None) -> Snapshot:
    """Each fact with where it comes from: the new year's recognition and records, else the last
    submission.
    """
    today = clock.office_day().isoformat()

    def recorded(value: object) -> dict[str, object]:
        return {"value": value, "source": Source.REGISTRY.value, "as_of": today}

    grade = grade_within(row.stage, row.grade)
    known = {"grade": grade, "year": grade, "boards": row.boards}
    known |= {name: getattr(row, name) for name in _HOUSEHOLD}
    renewed = {*_ENROLMENT, *facts.FROM_SCHOOL}
    last: Snapshot = {name: seen for name, seen in row.facts.items() if name not in renewed}
    renewed_now: Snapshot = {
        name: recorded(value)
        for name, value in known.items()
        if value is not None and last.get(name, {}).get("value") != value
    }
    return last | renewed_now | _from_recognition(row, recognised)


def _from_recognition(row: Row[Any], recognised: Mapping[str, Any] | None) -> Snapshot:
    """The level and the group; no group leaves the one that the household of the year records."""
    if recognised is None:
        return {}
    day = recognised["valid_from"].isoformat()
    names = ["hardship"]
    if recognised["special_group"] != NO_GROUP or row.special_group is None:
        names.append("special_group")
    return {
        name: {"value": recognised[name], "source": Source.RECOGNITION.value, "as_of": day}
        for name in names
    }


def _opened(row: Row[Any], column: str) -> str | None:
    sealed = getattr(row, column)
    if sealed is None:
        return None
    return crypto.decrypt(sealed, table="student", column=column, record=row.student_id)


def _judged(
    session: Session, forward: Forward, found: Sequence[Draft], *, by: Actor
) -> list[Draft]:
    """The drafts with what the new version makes of those who are still here."""
    here = [draft for draft in found if draft.row is not None]
    if not here:
        return list(found)
    schools = schools_in_scope(session, by)
    frame = frame_of(here, schools)
    wrong: dict[int, list[str]] = {}
    for row, code in checks.check(frame).select("row", "code").iter_rows():
        wrong.setdefault(row, []).append(code)
    gathered = facts.gather(frame, schools, told_by=Source.REGISTRY, as_of=clock.office_day()).facts
    # A value that the vocabulary does not know would stop the judging of all.
    fine = [place for place in range(len(here)) if place not in wrong]
    outcomes = assess_cases(gathered[fine], forward.loaded).iter_rows(named=True)
    judged = dict(zip(fine, outcomes, strict=True))
    done = {
        draft.student_id: _outcome(draft, judged.get(place), wrong.get(place, []))
        for place, draft in enumerate(here)
    }
    return [done.get(draft.student_id, draft) for draft in found]


def _outcome(draft: Draft, judged: dict[str, Any] | None, wrong: list[str]) -> Draft:
    reasons, detail = list(draft.reasons), list(wrong)
    if judged is None:
        # Said by its own reason already.
        reasons += [] if wrong == ["grade_missing"] else ["fields_wrong"]
    elif judged["eligible"] is None and "boards_unknown" not in reasons:
        reasons.append("facts_missing")
        detail = judged["missing"]
    elif judged["eligible"] is False:
        reasons.append("eligibility_flips")
        detail = judged["failed"]
    return replace(
        draft,
        fate=Fate.TO_CHECK if reasons else Fate.CONTINUED,
        reasons=reasons,
        detail=detail,
        amount_fen=None if judged is None else judged["amount_fen"],
    )


def _added(session: Session, forward: Forward, *, by: Actor) -> list[Draft]:
    new = rolling_queries.newcomers(session, forward)
    if not new:
        return []
    students = [row.student_id for row in new]
    awarded = rolling_queries.awarded_elsewhere(session, forward, students, by=by)
    found = []
    for row in new:
        reasons = ["award_elsewhere"] if row.student_id in awarded else []
        if row.special_group not in {None, NO_GROUP}:
            reasons.append("special_group")
        if reasons:
            found.append(
                Draft(
                    student_id=row.student_id,
                    student_name=row.name,
                    fate=Fate.ADDED,
                    reasons=reasons,
                    grade=row.grade,
                    class_name=row.class_name,
                )
            )
    return found

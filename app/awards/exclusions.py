"""What one student may have in a school year: no two exclusive programmes, no more than a year's
most of one.

Both stand on rows of `award_hold`. A promise writes or locks its rows, always by student and key
and after the fund lines' accounts, so that a twin at another desk waits and then sees them.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    Uuid,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    select,
    table,
    text,
    true,
    values,
)
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlmodel import Session, col

from app.awards.errors import ExclusiveAward, Over, YearMaximum
from app.awards.models import AwardHold
from app.core import db
from app.core.actor import Actor
from app.core.staging import Rows
from app.policy import queries as policy
from app.policy.calendar import school_year_of, terms_of

# Applications stand above awards; their numbers are read by name.
_application = table("application", named("id", Uuid()), named("number", String))

_OVER = """
SELECT coalesce(app.number, c.case_id::text) AS number, c.amount_fen AS asked_fen,
    had.fen AS had_fen, most.fen AS most_fen
FROM {cases} c
JOIN unnest(CAST(:versions AS uuid[]), CAST(:most AS bigint[])) AS most (id, fen)
    ON most.id = c.policy_version_id
LEFT JOIN application app ON app.id = c.case_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(a.amount_fen + coalesce((
        SELECT sum(i.amount_fen) FROM instalment i WHERE i.award_id = a.id
            AND i.supplement_version_id IS NOT NULL AND i.state <> 'cancelled'), 0)), 0)::bigint
    FROM award a WHERE a.student_id = c.student_id AND a.programme = :programme
        AND a.period = ANY(:periods) AND a.state <> 'cancelled') had (fen)
WHERE had.fen + c.amount_fen > most.fen ORDER BY 1
"""
_YEAR_OF = (
    "CASE WHEN {a}.period LIKE '%-autumn' THEN left({a}.period, 4) || '-' || "
    "(left({a}.period, 4)::int + 1) WHEN {a}.period LIKE '%-spring' THEN "
    "(left({a}.period, 4)::int - 1) || '-' || left({a}.period, 4) ELSE {a}.period END"
)
_ENDED = (
    "(h.student_id, h.school_year, h.programme) IN (SELECT a.student_id, "  # noqa: S608 own text
    f"{_YEAR_OF.format(a='a')}, a.programme FROM award a "
    "JOIN {awards} gone ON gone.award_id = a.id)"
)
_LOCK_ENDED = (
    f"SELECT FROM award_hold h WHERE {_ENDED} "
    "ORDER BY h.student_id, h.school_year, h.key FOR UPDATE"
)
_FREE = (
    f"DELETE FROM award_hold h WHERE {_ENDED} AND NOT EXISTS ("  # noqa: S608 own text
    "SELECT FROM award o WHERE o.student_id = h.student_id AND o.programme = h.programme "
    f"AND o.state <> 'cancelled' AND {_YEAR_OF.format(a='o')} = h.school_year)"
)


def periods_of(period: str) -> list[str]:
    """Every period of the school year the period lies in: the year and its two terms."""
    year = school_year_of(period)
    return [year, *terms_of(year)]


def excluded(programme: str, period: str, student_id: Any) -> ColumnElement[bool]:
    """The student has an award of a programme exclusive of this one in the period's school year.

    Raises PeriodInvalid where the programme excludes any and the period is none.
    """
    keys = _pairs(programme)
    if not keys:
        return false()
    return exists().where(
        col(AwardHold.student_id) == student_id,
        col(AwardHold.school_year) == school_year_of(period),
        col(AwardHold.key).in_(keys),
        col(AwardHold.programme) != programme,
    )


def refuse_exclusive(session: Session, cases: Rows, *, programme: str, period: str) -> None:
    """Raises ExclusiveAward listing the cases whose students have an exclusive award.

    `cases` yields (student_id, number).
    """
    keys = _pairs(programme)
    if not keys:
        return
    asked = cases.subquery("asked")
    student_id, number = list(asked.c)
    held = and_(
        col(AwardHold.student_id) == student_id,
        col(AwardHold.school_year) == school_year_of(period),
        col(AwardHold.key).in_(keys),
        col(AwardHold.programme) != programme,
    )
    found = session.execute(
        select(number, col(AwardHold.programme)).join(AwardHold, held).distinct().order_by(number)
    ).all()
    if found:
        raise ExclusiveAward((row[0], row[1], policy.programme(row[1]).name) for row in found)


def hold(session: Session, cases: Table, *, programme: str, period: str, by: Actor) -> None:
    """Holds the programme for the students of the staged cases, against whoever promises now.

    Rows that are there are locked, so that nobody frees them meanwhile. Raises ExclusiveAward and
    YearMaximum, with every case.
    """
    most = _maxima(session, cases)
    keys = [*_pairs(programme), *([programme] if most else [])]
    if not keys:
        return
    wanted_keys = values(named("key", String), name="keys").data([(key,) for key in keys])
    wanted = (
        select(
            cases.c.student_id,
            literal(school_year_of(period), String).label("school_year"),
            wanted_keys.c.key,
            literal(programme, String).label("programme"),
        )
        .select_from(cases.join(wanted_keys, true()))
        .where(cases.c.student_id.is_not(None))
        .distinct()
        .order_by(cases.c.student_id, wanted_keys.c.key)
    )
    holding = insert_once(AwardHold).from_select(list(wanted.selected_columns.keys()), wanted)
    session.execute(
        holding.on_conflict_do_update(
            index_elements=["student_id", "school_year", "key"],
            set_={"programme": col(AwardHold.programme)},
        ).inline()
    )
    numbered = (
        select(
            cases.c.student_id,
            func.coalesce(_application.c.number, cast(cases.c.case_id, String)),
        )
        .select_from(cases)
        .outerjoin(_application, _application.c.id == cases.c.case_id)
    )
    refuse_exclusive(session, numbered, programme=programme, period=period)
    if most:
        with db.city_scope(session, by):
            _refuse_over(session, cases, most, programme=programme, period=period)


def free(session: Session, ended: Table) -> None:
    """Gives up what the cancelled awards held, where no other live award holds it; in city scope.

    `ended` has a column award_id.
    """
    named_table = {"awards": ended.name}
    session.execute(text(_LOCK_ENDED.format(**named_table)))
    session.execute(text(_FREE.format(**named_table)))


def _pairs(programme: str) -> list[str]:
    """The keys of a programme with each that excludes it."""
    rivals = policy.in_force().exclusive_of(programme)
    return ["|".join(sorted((programme, rival))) for rival in rivals]


def _maxima(session: Session, cases: Table) -> dict[UUID, int]:
    """The yearly maximum, in fen, of those versions of the cases that have one."""
    ids = session.execute(select(cases.c.policy_version_id).distinct()).scalars().all()
    return {
        key: loaded.version.student_year_max_fen
        for key, loaded in policy.version_by_id(session, ids).items()
        if loaded.version.student_year_max_fen is not None
    }


def _refuse_over(
    session: Session, cases: Table, most: dict[UUID, int], *, programme: str, period: str
) -> None:
    told = {
        "versions": list(most),
        "most": list(most.values()),
        "programme": programme,
        "periods": periods_of(period),
    }
    over = session.execute(text(_OVER.format(cases=cases.name)), told).all()
    if over:
        raise YearMaximum(Over(*row) for row in over)

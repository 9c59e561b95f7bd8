"""Rounds: when a programme is applied for, who may still hand in after the close."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.applications import queries
from app.applications.errors import (
    NobodyApplies,
    RoundClosed,
    RoundDatesWrong,
    RoundExists,
    RoundNotOpenYet,
    SchoolUnknown,
)
from app.applications.models import ApplicationRound, LatePermission
from app.audit import service as audit
from app.core import clock, etags, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.policy.calendar import normalise_period
from app.policy.catalogue import Programme
from app.policy.queries import version_for
from app.registry.queries import schools_in_scope


@dataclass(frozen=True)
class Days:
    """The first and the last day of a round, both included."""

    opens_on: date
    closes_on: date


def open_round(
    session: Session, *, programme: str, period: str, days: Days, by: Actor
) -> ApplicationRound:
    """Sets up a round; schools can apply from its first day to its last.

    Raises ProgrammeNotFound, PeriodInvalid or PolicyVersionNotFound where nothing could be applied
    for, NobodyApplies, RoundDatesWrong, and RoundExists.
    """
    loaded = version_for(session, programme, period)
    refuse_paid_to_schools(loaded.programme)
    period = normalise_period(loaded.programme, period)
    _refuse_wrong(days)
    made = ApplicationRound(
        programme=programme,
        period=period,
        opens_on=days.opens_on,
        closes_on=days.closes_on,
        opened_by=by.id,
        opened_at=clock.now(),
    )
    statement = insert(ApplicationRound).values(made.model_dump()).on_conflict_do_nothing()
    added = session.execute(statement.returning(col(ApplicationRound.id))).one_or_none()
    if added is None:
        raise RoundExists(
            f"{programme} {period} 已有申报轮次；要延期请修改该轮次。",
            f"{programme} {period} has a round already; change that one to extend it.",
            facts={"programme": programme, "period": period},
        )
    audit.note(session, by=by, did="round.opened", records=[made.id])
    return made


def refuse_paid_to_schools(programme: Programme) -> None:
    """Raises NobodyApplies for a programme that schools are paid by head count."""
    if programme.payee == "school":
        raise NobodyApplies(programme.code)


def change_round(
    session: Session, round_id: UUID, *, seen: int, days: Days, because: str, by: Actor
) -> ApplicationRound:
    """Gives a round other days: extends or closes it.

    Raises RoundUnknown, VersionStale when it is no longer the version seen, RoundDatesWrong.
    """
    before = queries.round_by_id(session, round_id)
    etags.check(seen, before.version)
    _refuse_wrong(days)
    table = ApplicationRound
    changed = session.execute(
        update(table)
        .where(col(table.id) == round_id, col(table.version) == seen)
        .values(opens_on=days.opens_on, closes_on=days.closes_on, version=seen + 1)
        .returning(col(table.version))
    ).scalar_one_or_none()
    etags.check(seen, seen if changed is not None else -1)
    audit.note(
        session,
        by=by,
        did="round.changed",
        records=[round_id],
        because=because,
        detail={"from": before.closes_on.isoformat(), "to": days.closes_on.isoformat()},
    )
    return before.model_copy(
        update={"opens_on": days.opens_on, "closes_on": days.closes_on, "version": seen + 1}
    )


def permit_late(
    session: Session, round_id: UUID, *, school_code: str, until: date, because: str, by: Actor
) -> LatePermission:
    """Lets one school of the caller's scope hand in until a day after the close.

    Raises RoundUnknown, SchoolUnknown, RoundDatesWrong when the day is not after the close.
    """
    round_ = queries.round_by_id(session, round_id)
    school = schools_in_scope(session, by).filter(code=school_code)
    if school.is_empty():
        raise SchoolUnknown(
            "在您管理的范围内没有这所学校；请核对学校标识码。",
            "There is no such school among those you act for; check its code.",
        )
    if until <= round_.closes_on:
        raise RoundDatesWrong(
            f"该轮次 {round_.closes_on} 才截止；补报期限须在其后。",
            f"The round closes on {round_.closes_on}; leave to be late must reach beyond it.",
        )
    made = LatePermission(
        id=ids.new(),
        round_id=round_id,
        school_id=UUID(school.item(0, "id")),
        county_id=UUID(school.item(0, "county_id")),
        until=until,
        reason=because,
        granted_by=by.id,
        granted_at=clock.now(),
    )
    session.execute(insert(LatePermission).values(made.model_dump()))
    audit.note(
        session, by=by, did="round.late_permitted", records=[round_id, made.school_id],
        because=because,
    )  # fmt: skip
    return made


def require_open(
    session: Session,
    round_: ApplicationRound,
    school_ids: Collection[UUID],
    *,
    day: date | None = None,
) -> None:
    """Lets pass when every school may hand in on the day (the office day unless said).

    Raises RoundNotOpenYet or RoundClosed with the date; after the close each school without leave
    to be late is listed.
    """
    today = day or clock.office_day()
    if today < round_.opens_on:
        raise RoundNotOpenYet(
            f"{round_.programme} {round_.period} 自 {round_.opens_on} 起受理申报，现在是 {today}。",
            f"{round_.programme} {round_.period} opens on {round_.opens_on}; today is {today}.",
            facts={"opens_on": round_.opens_on.isoformat()},
        )
    if today <= round_.closes_on:
        return
    late = select(col(LatePermission.school_id)).where(
        col(LatePermission.round_id) == round_.id,
        col(LatePermission.school_id).in_(school_ids),
        col(LatePermission.until) >= today,
    )
    shut = set(school_ids) - set(session.execute(late).scalars())
    if shut or not school_ids:
        raise RoundClosed(
            f"{round_.programme} {round_.period} 已于 {round_.closes_on} 截止；"
            "需补报的学校请向县级或市级资助中心申请补报许可。",
            f"{round_.programme} {round_.period} closed on {round_.closes_on}; a school that has "
            "to be late asks the county or city centre for leave.",
            faults=[
                Fault("round_closed", "该学校没有补报许可", "The school has no leave", str(school))
                for school in sorted(shut)
            ],
            facts={"closes_on": round_.closes_on.isoformat()},
        )


def _refuse_wrong(days: Days) -> None:
    if days.closes_on < days.opens_on:
        raise RoundDatesWrong(
            f"截止日 {days.closes_on} 早于开始日 {days.opens_on}；请改正。",
            f"The round would close on {days.closes_on}, before it opens on {days.opens_on}.",
        )

"""Places over schools: proposed by largest remainder, and given by the centre."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlmodel import Session, col

from app.applications import freeing, place_queries, reporting
from app.applications.errors import SchoolUnknown
from app.applications.models import (
    Application,
)
from app.applications.place_models import PlaceState
from app.applications.place_queries import has_entry, holding
from app.applications.rules import OVER
from app.budgets import proposals, quota_queries, quotas
from app.budgets.apportioning import largest_remainder
from app.budgets.errors import (
    PlacesAreTheOffices,
    ProposalOfOtherKind,
    QuotaBelowUsed,
    QuotaInvalid,
)
from app.budgets.models import AllocationKind, AllocationProposal
from app.budgets.proposals import Worked
from app.budgets.quota_queries import NOBODY, QuotaTotals
from app.budgets.quotas import Giving, QuotaLine
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.core.money import show_yuan
from app.policy.calendar import normalise_period, school_year_of
from app.policy.queries import programme as known_programme
from app.policy.queries import version_for
from app.registry.models import School
from app.registry.queries import school_visible

WeighBy = Literal["roll", "boarders", "eligible"]


@dataclass(frozen=True, kw_only=True)
class PlacesAsked:
    """How many places to share out, by what, within which bounds; schools by code.

    Without `weigh_by` the weights are those given. `least` and `most` are for every school that
    has none of its own.
    """

    period: str
    total: int
    weigh_by: WeighBy | None
    weights: Mapping[str, int] = field(default_factory=dict)
    schools: Sequence[str] = ()
    least: int = 0
    most: int | None = None
    own_least: Mapping[str, int] = field(default_factory=dict)
    own_most: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class QuotasAsked:
    """What schools (by code) are given: places, and fen or None; or the proposal they come from."""

    period: str
    why: str
    expect: QuotaTotals
    lines: Sequence[tuple[str, int, int | None]] = ()
    proposal_id: UUID | None = None


@dataclass(frozen=True)
class GivenNow:
    """What the programme's quotas of the period sum to now, and how many waiting cases that let be
    offered a place.
    """

    period: str
    totals: QuotaTotals
    offered: int


def propose_places(
    session: Session, programme: str, asked: PlacesAsked, *, by: Actor
) -> AllocationProposal:
    """Works out and keeps places per school; changes nothing else.

    Shared are the places over the named schools, or over every school of the caller's that may
    have cases. Raises PlacesAreTheOffices, SchoolUnknown, AllocationInfeasible, and what
    `version_for` raises.
    """
    if by.scope is Scope.SCHOOL:
        raise PlacesAreTheOffices(
            "各校名额由县级、市级资助中心提出方案；学校只提出本校的分档方案。",
            "The county and city centres propose places over schools; a school proposes tiers for "
            "its own cases.",
        )
    loaded = version_for(session, programme, asked.period)
    period = normalise_period(loaded.programme, asked.period)
    schools = _schools(session, programme, period, asked, by=by)
    weights = _weights(session, programme, period, asked, {row.id: row.code for row in schools})
    least = {code: asked.own_least.get(code, asked.least) for code in weights}
    most = {code: asked.own_most.get(code, asked.most) for code in weights}
    bounded = {code: bound for code, bound in most.items() if bound is not None}
    done = largest_remainder(asked.total, weights, least=least, most=bounded)
    worked = Worked(
        programme=programme,
        period=period,
        kind=AllocationKind.PLACES,
        given={
            "total": asked.total,
            "weigh_by": asked.weigh_by or "given",
            "weights": weights,
            "least": least,
            "most": bounded,
        },
        result={"places": done.places},
        ties=done.ties,
        place=(None, by.county_id if by.scope is Scope.COUNTY else None),
    )
    return proposals.keep(session, worked, by=by)


def give_places(session: Session, programme: str, asked: QuotasAsked, *, by: Actor) -> GivenNow:
    """Gives the schools their places; who waits is offered what that lets be.

    Raises QuotaInvalid, QuotaChanged, QuotaBelowUsed, ProposalUnknown, ProposalOfOtherKind, and
    what `version_for` raises.
    """
    loaded = version_for(session, programme, asked.period)
    period = normalise_period(loaded.programme, asked.period)
    lines = asked.lines
    if asked.proposal_id is not None:
        lines = _of_proposal(session, programme, period, asked.proposal_id, by=by)
    giving = Giving(
        programme=programme,
        period=period,
        lines=_lines(session, lines, by=by),
        why=asked.why,
        proposal_id=asked.proposal_id,
        expect=asked.expect,
    )
    quotas.hold(session, programme, period)
    _refuse_below_used(session, giving)
    quotas.give(session, giving, by=by)
    schools = [line.school_id for line in giving.lines]
    bounds, _ = place_queries.ceilings(session, loaded, period, schools)
    offered = len(freeing.offer_raised(session, (programme, period), bounds, by=by))
    totals = quota_queries.totals(session, by=by, programme=programme, period=period)
    return GivenNow(period, totals, offered)


def period_of(programme: str, period: str | None) -> str | None:
    """The period as the programme is applied for. Raises ProgrammeNotFound, PeriodInvalid."""
    known = known_programme(programme)
    return None if period is None else normalise_period(known, period)


def _schools(
    session: Session, programme: str, period: str, asked: PlacesAsked, *, by: Actor
) -> Sequence[Row[tuple[UUID, str, UUID]]]:
    """The schools shared over: (id, code, county_id), by code. Raises SchoolUnknown."""
    named = set(asked.schools) or set(asked.weights)
    if named:
        found = _named(session, named, by=by)
        missing = sorted(named - {row.code for row in found})
        if missing:
            raise SchoolUnknown(
                f"在您管理的范围内没有这 {len(missing)} 所学校，逐校列在 errors 中；请核对。",
                f"{len(missing)} of the schools are not among those you act for, each listed in "
                "errors; check the codes.",
                faults=[_unknown(code) for code in missing],
            )
        return found
    possible = reporting.may_have_cases(session, programme, period)
    return _select(session, possible & col(School.active), by=by)


def _named(
    session: Session, codes: Collection[str], *, by: Actor
) -> Sequence[Row[tuple[UUID, str, UUID]]]:
    return _select(session, col(School.code).in_(codes), by=by)


def _select(
    session: Session, which: ColumnElement[bool], *, by: Actor
) -> Sequence[Row[tuple[UUID, str, UUID]]]:
    return session.execute(
        select(col(School.id), col(School.code), col(School.county_id))
        .where(school_visible(by), which)
        .order_by(col(School.code))
    ).all()


def _weights(
    session: Session,
    programme: str,
    period: str,
    asked: PlacesAsked,
    schools: Mapping[UUID, str],
) -> dict[str, int]:
    if asked.weigh_by is None:
        return {code: asked.weights[code] for code in schools.values()}
    if asked.weigh_by == "eligible":
        counted = _eligible(session, programme, period, list(schools))
    else:
        heads = quota_queries.heads(session, list(schools), school_year_of(period))
        counted = {school: getattr(heads.get(school, NOBODY), asked.weigh_by) for school in schools}
    return {code: counted.get(school, 0) for school, code in schools.items()}


def _eligible(
    session: Session, programme: str, period: str, schools: Sequence[UUID]
) -> dict[UUID, int]:
    """Cases that are not over and are eligible, or are so but for the tier they wait for."""
    a = Application
    found = session.execute(
        select(col(a.school_id), func.count())
        .where(
            col(a.programme) == programme,
            col(a.period) == period,
            col(a.school_id).in_(schools),
            col(a.state).not_in(OVER),
            or_(col(a.eligible).is_(True), col(a.missing) == ["tier"]),
        )
        .group_by(col(a.school_id))
    ).all()
    return {school: int(count) for school, count in found}


def _of_proposal(
    session: Session, programme: str, period: str, proposal_id: UUID, *, by: Actor
) -> list[tuple[str, int, int | None]]:
    proposal = proposals.one(
        session, proposal_id, programme=programme, by=by, kind=AllocationKind.PLACES
    )
    if proposal.period != period:
        raise ProposalOfOtherKind(
            f"该方案是 {proposal.period} 的，不是 {period} 的。",
            f"The proposal is of {proposal.period}, not of {period}.",
            facts={"period": proposal.period},
        )
    return [(code, int(places), None) for code, places in proposal.result["places"].items()]


def _lines(
    session: Session, lines: Sequence[tuple[str, int, int | None]], *, by: Actor
) -> list[QuotaLine]:
    codes = [code for code, _, _ in lines]
    found = {row.code: row for row in _named(session, set(codes), by=by)}
    faults = [
        Fault("named_twice", "同一学校出现多次。", "The school is named more than once.", code)
        for code, times in Counter(codes).items()
        if times > 1
    ]
    faults += [_unknown(code) for code in sorted(set(codes) - set(found))]
    if faults:
        raise QuotaInvalid(faults)
    return [
        QuotaLine(found[code].id, found[code].county_id, places, amount)
        for code, places, amount in lines
    ]


def _unknown(code: str) -> Fault:
    return Fault(
        "school_unknown",
        "在您管理的范围内没有这所学校。",
        "There is no such school among those you act for.",
        code,
    )


def _refuse_below_used(session: Session, giving: Giving) -> None:
    a = Application
    asked = {line.school_id: line for line in giving.lines}
    held = session.execute(
        select(
            col(a.school_id),
            col(School.code),
            func.count().label("many"),
            func.coalesce(func.sum(col(a.amount_fen)), 0).label("fen"),
        )
        .join(School, col(School.id) == a.school_id)
        .where(
            col(a.programme) == giving.programme,
            col(a.period) == giving.period,
            col(a.school_id).in_(asked),
            or_(holding(), has_entry(PlaceState.OFFERED)),
        )
        .group_by(col(a.school_id), col(School.code))
        .order_by(col(School.code))
    ).all()
    faults = []
    for row in held:
        line = asked[row.school_id]
        short = line.amount_fen is not None and row.fen > line.amount_fen
        if row.many > line.places or short:
            faults.append(_below(row.code, line, int(row.many), int(row.fen)))
    if faults:
        raise QuotaBelowUsed(faults)


def _below(code: str, line: QuotaLine, many: int, fen: int) -> Fault:
    used = show_yuan(fen)
    return Fault(
        "below_used",
        f"已用 {many} 个名额、{used} 元，拟给 {line.places} 个。",
        f"{many} place(s) and {used} yuan are used; {line.places} place(s) would be given.",
        code,
        {"used": many, "used_amount": used, "places": line.places},
    )

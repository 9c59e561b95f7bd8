"""Tiers over a school's candidates: proposed with the average exact, and taken by the school."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import polars as pl
from sqlalchemy import Row, exists, func, or_, select, true
from sqlmodel import Session, col

from app.applications import place_queries, queries, rules, staging
from app.applications.errors import CasesMoved, SchoolUnknown
from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    Submission,
)
from app.applications.place_errors import BatchClosed, TiersUnfit
from app.applications.place_models import PlaceEntry, PlaceState
from app.applications.place_queries import has_entry, holding
from app.applications.place_rules import sum_of_average
from app.applications.places import GONE_UP
from app.applications.queries import as_it_stands
from app.applications.tiering import Candidate, tiers_for
from app.assessment.facts import Source, values_of
from app.assessment.service import assess_cases
from app.audit import service as audit
from app.budgets import proposals
from app.budgets.errors import AllocationInfeasible
from app.budgets.models import AllocationKind, AllocationProposal
from app.budgets.proposals import Worked
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.money import show_yuan
from app.policy.calendar import normalise_period
from app.policy.catalogue import RankBy, Tiers, Version
from app.policy.engine import facts_read
from app.policy.facts import FACTS
from app.policy.frames import frame_of
from app.policy.queries import LoadedVersion, version_for
from app.registry.models import School
from app.registry.queries import school_visible

FACT = "tier"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_NEED = (RankBy("hardship", "desc"), RankBy("income_per_head_fen", "asc"))
"""Who is needier where the version ranks by nothing."""


@dataclass(frozen=True)
class Taken:
    """How many cases were handed in with their tier, and how many had it already."""

    taken: int
    unchanged: int


@dataclass(frozen=True)
class _Case:
    row: Row[Any]
    candidate: Candidate


@dataclass(frozen=True)
class _Sought:
    """What the tiers are worked out for."""

    round_: ApplicationRound
    loaded: LoadedVersion
    tiers: Tiers
    school: School


def propose_tiers(
    session: Session, programme: str, period: str, school_code: str, *, by: Actor
) -> AllocationProposal:
    """Works out and keeps a tier for each candidate of a school; changes nothing else.

    Candidates are the cases with the school that are eligible with any tier. Those that have
    places share what makes the average of everything the school hands up exact; who is beyond the
    places has the lowest tier while it waits. Raises TiersUnfit, AllocationInfeasible,
    SchoolUnknown, RoundUnknown, and what `version_for` raises.
    """
    sought = _sought(session, programme, period, school_code, by=by)
    found = _candidates(session, sought)
    cases, amounts = _with_amounts(found, sought.loaded)
    within, waiting = _within_places(session, sought, cases)
    total = _total(session, sought, len(within))
    ladder = sorted(amounts)
    given = tiers_for([case.candidate for case in within], ladder, total_fen=total)
    lines = [_line(case, ladder[given.tiers[case.row.number]], amounts) for case in within]
    lines += [_line(case, ladder[0], amounts) | {"waits": True} for case in waiting]
    worked = Worked(
        programme=programme,
        period=sought.round_.period,
        kind=AllocationKind.TIERS,
        given={
            "average": show_yuan(sought.tiers.average_fen),
            "tiers": {str(amounts[fen]): show_yuan(fen) for fen in ladder},
            "total": show_yuan(total),
            "count": len(within),
            "ranked_by": [f"{key.fact} {key.direction}" for key in _order(sought.loaded.version)],
        },
        result={"cases": lines, "returned": _returned(session, sought)},
        ties=given.ties,
        place=(sought.school.id, sought.school.county_id),
    )
    return proposals.keep(session, worked, by=by)


def take_tiers(session: Session, programme: str, proposal_id: UUID, *, by: Actor) -> Taken:
    """Hands the cases of a proposal in again with the tier it gives each; all or none.

    Each becomes another submission, judged anew, with the tier's source `allocation`. Raises
    ProposalUnknown, ProposalOfOtherKind, BatchClosed once the head has endorsed, and CasesMoved
    listing the cases that changed since the proposal.
    """
    proposal = proposals.one(
        session, proposal_id, programme=programme, by=by, kind=AllocationKind.TIERS
    )
    round_ = queries.round_of(session, programme, proposal.period)
    if proposal.school_id is None:
        raise TypeError("a proposal of tiers names its school")
    if queries.closed_schools(session, round_.id, [proposal.school_id]):
        raise BatchClosed(
            "本校的上报批次已审签或已上报，不能再改档次；请先重新填报该批次。",
            "The school's batch is endorsed or handed up, so tiers stay; fill the batch in anew "
            "first.",
        )
    lines = {UUID(line["application_id"]): line for line in proposal.result["cases"]}
    rows = _rows(session, list(lines))
    _refuse_moved(rows, lines)
    loaded = version_for(session, programme, proposal.period)
    changing = [row for row in rows if _tier_of(row) != lines[row.id]["tier"]]
    if changing:
        tiers = [int(lines[row.id]["tier"]) for row in changing]
        staging.fill(session, _staged(changing, tiers, loaded))
        done = staging.change(session, loaded, import_id=None, by=by, states=rules.GIVEN_A_TIER)
        if len(done) < len(changing):
            raise _moved([row.number for row in changing if row.id not in done])
        audit.note(
            session,
            by=by,
            did="allocation.taken",
            records=staging.stored(),
            detail={"proposal": str(proposal_id), "cases": len(done)},
        )
    return Taken(len(changing), len(rows) - len(changing))


def _sought(
    session: Session, programme: str, period: str, school_code: str, *, by: Actor
) -> _Sought:
    loaded = version_for(session, programme, period)
    tiers = loaded.version.tiers
    if tiers is None or FACT not in facts_read(loaded.version):
        raise TiersUnfit(
            "该项目不分档，无需分档方案。",
            "The programme has no tiers, so there are none to work out.",
        )
    school: School | None = session.execute(
        select(School).where(col(School.code) == school_code, school_visible(by))
    ).scalar_one_or_none()
    if school is None:
        raise SchoolUnknown(
            "在您管理的范围内没有这所学校；请核对。",
            "There is no such school among those you act for; check it.",
        )
    round_ = queries.round_of(session, programme, normalise_period(loaded.programme, period))
    return _Sought(round_, loaded, tiers, school)


def _columns() -> list[Any]:
    a, s = Application, Submission
    return [
        col(a.id), col(a.number), col(a.student_id), col(a.school_id), col(a.county_id),
        col(a.state), col(a.submission_no), col(a.student_name), col(a.grade), col(a.class_name),
        col(a.stage), col(a.hardship), col(a.made_at), col(s.facts),
        or_(holding(), has_entry(PlaceState.OFFERED)).label("holds"),
    ]  # fmt: skip


def _rows(session: Session, application_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    a = Application
    return session.execute(
        select(*_columns())
        .join(Submission, as_it_stands())
        .where(col(a.id).in_(application_ids))
        .order_by(col(a.number))
    ).all()


def _candidates(session: Session, sought: _Sought) -> list[_Case]:
    a = Application
    gave_up = exists().where(
        col(PlaceEntry.application_id) == a.id, col(PlaceEntry.state) == PlaceState.PASSED
    )
    rows = session.execute(
        select(*_columns())
        .join(Submission, as_it_stands())
        .where(
            col(a.school_id) == sought.school.id,
            col(a.round_id) == sought.round_.id,
            col(a.state).in_(rules.GIVEN_A_TIER),
            ~gave_up,
        )
        .order_by(col(a.number))
    ).all()
    order = _order(sought.loaded.version)
    return [_Case(row, _candidate(row, order)) for row in rows]


def _returned(session: Session, sought: _Sought) -> list[str]:
    """Numbers of the cases left out because they were sent back and wait to be mended."""
    a = Application
    mine = (col(a.school_id) == sought.school.id) & (col(a.round_id) == sought.round_.id)
    numbers = select(col(a.number)).where(mine, col(a.state) == ApplicationState.RETURNED)
    return list(session.execute(numbers.order_by(col(a.number))).scalars())


def _order(version: Version) -> tuple[RankBy, ...]:
    """The ranking without the tier itself, which is what is sought."""
    return tuple(key for key in version.ranking if key.fact != FACT) or BY_NEED


def _candidate(row: Row[Any], order: tuple[RankBy, ...]) -> Candidate:
    facts = values_of(row.facts)
    need: list[int] = []
    for key in order:
        value = facts.get(key.fact)
        listed = FACTS[key.fact].listed
        whole = listed.index(value) if isinstance(value, str) else int(value or 0)
        need += [int(value is None), whole if key.direction == "asc" else -whole]
    return Candidate(row.number, tuple(need), (row.made_at - _EPOCH) // timedelta(microseconds=1))


def _with_amounts(
    found: Sequence[_Case], loaded: LoadedVersion
) -> tuple[list[_Case], dict[int, int]]:
    """The cases eligible with every tier there is, and each amount's tier, for one period in fen.

    Raises TiersUnfit where there is none, or where one tier is another amount for another case.
    """
    facts = frame_of([values_of(case.row.facts) for case in found])
    outcomes = {
        int(tier): assess_cases(facts.with_columns(pl.lit(tier, pl.Int64).alias(FACT)), loaded)
        for tier in FACTS[FACT].listed
    }
    paid = {
        tier: sorted(set(outcome.get_column("amount_fen").drop_nulls()))
        for tier, outcome in outcomes.items()
    }
    if any(len(amounts) > 1 for amounts in paid.values()):
        raise TiersUnfit(
            "同一档次对不同学生金额不同，不能统一分档。",
            "One tier is another amount for another student, so tiers cannot be shared out.",
        )
    amounts = {fens[0]: tier for tier, fens in reversed(paid.items()) if fens}
    fit = [
        case
        for place, case in enumerate(found)
        if amounts
        and all(outcomes[tier].item(place, "eligible") is True for tier in amounts.values())
    ]
    if not fit:
        raise TiersUnfit(
            "本校没有可分档的申请：须在学校、尚未上报，且除档次外符合条件。",
            "The school has no case to give a tier: one that is with the school, not handed up, "
            "and eligible but for the tier.",
        )
    return fit, amounts


def _within_places(
    session: Session, sought: _Sought, cases: Sequence[_Case]
) -> tuple[list[_Case], list[_Case]]:
    """The cases that go up with the places there are, and those that will wait."""
    ranked = sorted(cases, key=lambda case: _turn(case.candidate))
    round_, school = sought.round_, sought.school.id
    found, _ = place_queries.ceilings(session, sought.loaded, round_.period, [school])
    used = place_queries.used(session, round_.id, school)
    left = found[school].left(used.count)
    cap, average = found[school].cap_fen, sought.tiers.average_fen // _parts(sought)
    if cap is not None:
        money = max(cap // average - used.count, 0)
        left = money if left is None else min(left, money)
    if left is None:
        return ranked, []
    holders = [case for case in ranked if case.row.holds]
    others = [case for case in ranked if not case.row.holds]
    return holders + others[:left], others[left:]


def _turn(candidate: Candidate) -> tuple[tuple[int, ...], int, str]:
    return candidate.need, candidate.since, candidate.number


def _parts(sought: _Sought) -> int:
    return 2 if sought.loaded.version.period == "term" else 1


def _total(session: Session, sought: _Sought, count: int) -> int:
    """What `count` cases must sum to, so that all the school hands up has the average (fen)."""
    a = Application
    before, fen = session.execute(
        select(func.count(), func.coalesce(func.sum(col(a.amount_fen)), 0)).where(
            col(a.school_id) == sought.school.id,
            col(a.round_id) == sought.round_.id,
            col(a.state).in_(GONE_UP),
            col(a.eligible).is_(true()),
        )
    ).one()
    whole = int(before) + count
    needed, odd = sum_of_average(whole, sought.tiers.average_fen, _parts(sought))
    if odd:
        raise AllocationInfeasible(
            f"{whole} 人的平均标准合计不是整分，无法分档；请增减一人。",
            f"The average of {whole} case(s) is no whole fen; have one more or one fewer.",
            facts={"bound": "step", "count": whole},
        )
    return needed - int(fen)


def _line(case: _Case, fen: int, amounts: dict[int, int]) -> dict[str, Any]:
    return {
        "application_id": str(case.row.id),
        "number": case.row.number,
        "submission_no": case.row.submission_no,
        "tier": amounts[fen],
        "amount": show_yuan(fen),
    }


def _tier_of(row: Row[Any]) -> object:
    return values_of(row.facts).get(FACT)


def _refuse_moved(rows: Sequence[Row[Any]], lines: dict[UUID, dict[str, Any]]) -> None:
    there = {
        row.id
        for row in rows
        if row.state in rules.GIVEN_A_TIER and row.submission_no == lines[row.id]["submission_no"]
    }
    lost = sorted(line["number"] for key, line in lines.items() if key not in there)
    if lost:
        raise _moved(lost)


def _moved(numbers: Sequence[str]) -> CasesMoved:
    return CasesMoved(
        f"{len(numbers)} 份申请在提出方案后已变化，逐份列在 errors 中；未套用。"
        "请重新提出分档方案。",
        f"{len(numbers)} case(s) changed since the proposal, each listed in errors; none was "
        "taken. Propose the tiers anew.",
        faults=[
            Fault("moved", f"{number} 已变化。", f"{number} has changed.", number)
            for number in numbers
        ],
    )


def _staged(rows: Sequence[Row[Any]], tiers: Sequence[int], loaded: LoadedVersion) -> pl.DataFrame:
    day = clock.office_day().isoformat()
    told = Source.ALLOCATION.value
    snapshots = [
        row.facts | {FACT: {"value": tier, "source": told, "as_of": day}}
        for row, tier in zip(rows, tiers, strict=True)
    ]
    judged = assess_cases(frame_of([values_of(each) for each in snapshots]), loaded)
    staged = [
        {
            "application_id": str(row.id),
            "student_id": str(row.student_id),
            "school_id": str(row.school_id),
            "county_id": str(row.county_id),
            "number": row.number,
            "submission_no": row.submission_no + 1,
            "again": True,
            "state": rules.handed_in(eligible=outcome["eligible"]).value,
            "student_name": row.student_name,
            "grade": row.grade,
            "class_name": row.class_name,
            "stage": row.stage,
            "hardship": row.hardship,
            "eligible": outcome["eligible"],
            "amount_fen": outcome["amount_fen"],
            "failed": outcome["failed"],
            "missing": outcome["missing"],
            "facts": orjson.dumps(snapshot).decode(),
        }
        for row, outcome, snapshot in zip(
            rows, judged.iter_rows(named=True), snapshots, strict=True
        )
    ]
    return pl.DataFrame(staged, schema=staging.FRAME_SCHEMA)

"""The centre gives schools their places, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.budgets import quota_queries
from app.budgets.errors import QuotaChanged
from app.budgets.models import Quota
from app.budgets.quota_queries import QuotaTotals
from app.core import clock, ids
from app.core.actor import Actor
from app.core.money import show_yuan
from app.core.staging import Rows


@dataclass(frozen=True)
class QuotaLine:
    """What one school is given; the amount in fen, None where money is not bounded."""

    school_id: UUID
    county_id: UUID
    places: int
    amount_fen: int | None


@dataclass(frozen=True, kw_only=True)
class Giving:
    """Places given by one act: of what, why, by which proposal, over which figures shown."""

    programme: str
    period: str
    lines: Sequence[QuotaLine]
    why: str
    proposal_id: UUID | None
    expect: QuotaTotals


def give(session: Session, giving: Giving, *, by: Actor) -> None:
    """Sets the quotas of the named schools; those not named stay. Two at once take turns.

    Raises QuotaChanged when the programme's quotas of the period sum to something else than
    `expect`.
    """
    hold(session, giving.programme, giving.period)
    _refuse_other_figures(session, giving, by=by)
    rows = [
        {
            "id": ids.new(),
            "programme": giving.programme,
            "period": giving.period,
            "school_id": line.school_id,
            "county_id": line.county_id,
            "places": line.places,
            "amount_fen": line.amount_fen,
            "why": giving.why,
            "proposal_id": giving.proposal_id,
            "set_by": by.id,
            "set_at": clock.now(),
            "version": 1,
        }
        for line in giving.lines
    ]
    statement = insert(Quota).values(rows)
    changed = ["places", "why", "proposal_id", "set_by", "set_at"]
    if giving.proposal_id is None:  # a proposal is of places: the bound on money stays as it was
        changed.append("amount_fen")
    upsert = statement.on_conflict_do_update(
        index_elements=["programme", "period", "school_id"],
        set_={
            **{name: statement.excluded[name] for name in changed},
            "version": col(Quota.version) + 1,
        },
    ).returning(col(Quota.id))
    given = list(session.execute(upsert).scalars())
    audit.note(
        session,
        by=by,
        did="quota.set",
        records=given,
        because=giving.why,
        detail={
            "programme": giving.programme,
            "period": giving.period,
            "schools": len(given),
            "places": sum(line.places for line in giving.lines),
        },
    )


def hold(session: Session, programme: str, period: str) -> None:
    """Waits for whoever else gives, fills or frees places of the programme and period."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"),
        {"what": f"places of {programme} {period}"},
    )


def hold_all(session: Session, keys: Rows) -> None:
    """As `hold`, for every programme and period that the select yields, in one order."""
    asked = keys.distinct().subquery()
    programme, period = list(asked.c)
    ordered = select(programme, period).order_by(programme, period).subquery()
    programme, period = list(ordered.c)
    what = literal("places of ") + programme + literal(" ") + period
    lock = func.pg_advisory_xact_lock(func.hashtextextended(what, 0))
    session.execute(select(func.count(lock)).select_from(ordered))


def _refuse_other_figures(session: Session, giving: Giving, *, by: Actor) -> None:
    programme, period = giving.programme, giving.period
    now = quota_queries.totals(session, by=by, programme=programme, period=period)
    was = giving.expect
    if now == was:
        return
    raise QuotaChanged(
        f"名额表已变化：您看到的是 {was.schools} 所学校 {was.places} 个名额、"
        f"资金上限合计 {show_yuan(was.amount_fen)} 元，现在是 {now.schools} 所学校 "
        f"{now.places} 个名额、{show_yuan(now.amount_fen)} 元；请重新查看后再下达。",
        f"You were shown {was.places} place(s) of {was.schools} school(s), bounded to "
        f"{show_yuan(was.amount_fen)} yuan; now there are {now.places} of {now.schools}, bounded "
        f"to {show_yuan(now.amount_fen)} yuan. Look again, then give them.",
        facts={"expected": _figures(was), "found": _figures(now)},
    )


def _figures(totals: QuotaTotals) -> dict[str, object]:
    return {
        "schools": totals.schools,
        "places": totals.places,
        "amount": show_yuan(totals.amount_fen),
    }

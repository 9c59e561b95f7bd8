"""A student moves in mid-term: the programme says whose the rest is, and both schools are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, and_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from app.applications.models import Application, ApplicationState
from app.applications.rules import OVER
from app.awards import moving
from app.awards.models import Award, AwardState, Instalment, InstalmentState
from app.core import clock, db, ids
from app.core.actor import Actor
from app.core.money import show_yuan
from app.core.staging import Rows
from app.policy import queries as policy
from app.policy.catalogue import OnTransfer, Programme
from app.policy.facts import Words
from app.registry import queries, service_transfers
from app.registry.models import TransferRequest, TransferState

NEW_SCHOOL: OnTransfer = "new_school"


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """What a student who moved has of one programme for a period that is not over; in fen.

    `rest_fen` is promised and not paid, `at_new_fen` that part of it which the new school's money
    pays. `amount_fen` is null while nothing is awarded.
    """

    programme: Programme
    period: str
    number: str
    state: ApplicationState
    amount_fen: int | None
    paid_fen: int
    rest_fen: int
    at_new_fen: int

    @property
    def words(self) -> Words:
        """Who pays, and what the new school may not do."""
        return Words(self._zh(), self._en())

    def _zh(self) -> str:
        again = f"新学校不得就同一项目同一学期再次申报（原申请 {self.number}）。"
        if self.amount_fen is None:
            return f"申请尚未核定，仍按原学校的申请办理；{again}"
        if self.programme.on_transfer == NEW_SCHOOL:
            return (
                f"转学之后到期的 {show_yuan(self.at_new_fen)} 元由新学校的资金发放，"
                f"其余由原学校发放；{again}"
            )
        return f"本期未发的 {show_yuan(self.rest_fen)} 元仍由原学校的资金发放；{again}"

    def _en(self) -> str:
        again = f"The new school does not apply for the same period again ({self.number})."
        if self.amount_fen is None:
            return f"Nothing is awarded yet; the old school's application goes on. {again}"
        if self.programme.on_transfer == NEW_SCHOOL:
            return (
                f"{show_yuan(self.at_new_fen)} yuan due after the transfer are paid from the new "
                f"school's money, the rest from the old school's. {again}"
            )
        return (
            f"The {show_yuan(self.rest_fen)} yuan not paid yet come from the old school's money. "
            f"{again}"
        )


@dataclass(frozen=True)
class Told:
    """A transfer and, once it is confirmed, what the student has at that time."""

    transfer: TransferRequest
    entitlements: Sequence[Entitlement]


def confirm_transfer(session: Session, transfer_id: UUID, *, by: Actor) -> Told:
    """Moves the student and, where the programme says so, what falls due after today.

    Raises as `service_transfers.confirm_transfer`.
    """
    transfer = service_transfers.confirm_transfer(session, transfer_id, by=by)
    live = _live(session, transfer, by)
    moved = [row.award_id for row in live if _moves(row)]
    if moved:
        with db.city_scope(session, by):
            to = _to(transfer, _day(transfer))
            moving.move_instalments(
                session,
                select(col(Award.id), *to).where(col(Award.id).in_(moved)),
                batch=ids.new(),
                by=by,
            )
        live = _live(session, transfer, by)
    return Told(transfer, [_entitlement(row) for row in live])


def follow_transfers(session: Session, batch: UUID, programme: str, *, by: Actor) -> None:
    """As `confirm_transfer`, for cases that were awarded after their student had moved."""
    if policy.programme(programme).on_transfer != NEW_SCHOOL:
        return
    t, a = TransferRequest, Award
    went = and_(
        col(t.student_id) == a.student_id,
        col(t.from_school_id) == a.school_id,
        col(t.state) == TransferState.CONFIRMED,
        col(t.settled_at)
        > select(col(Application.made_at))
        .where(col(Application.id) == a.application_id)
        .scalar_subquery(),
    )
    moves: Rows = (
        select(col(a.id), col(t.school_id), col(t.county_id), col(t.settled_on))
        .join(t, went)
        .where(col(a.decision_batch_id) == batch)
        .ext(distinct_on(col(a.id)))
        .order_by(col(a.id), col(t.settled_at).desc())
    )
    with db.city_scope(session, by):
        moving.move_instalments(session, moves, batch=batch, by=by)


def told(session: Session, transfer_id: UUID, *, by: Actor) -> Told:
    """A transfer as both schools see it. Raises TransferNotFound."""
    transfer = queries.transfer(session, by, transfer_id)
    if transfer.state is not TransferState.CONFIRMED:
        return Told(transfer, [])
    return Told(transfer, [_entitlement(row) for row in _live(session, transfer, by)])


def _day(transfer: TransferRequest) -> date:
    return transfer.settled_on or clock.office_day()


def _to(transfer: TransferRequest, day: date) -> list[ColumnElement[Any]]:
    return [literal(each) for each in (transfer.school_id, transfer.county_id, day)]


def _moves(row: Row[Any]) -> bool:
    programme = policy.programme(row.programme)
    return row.award_id is not None and programme.on_transfer == NEW_SCHOOL


def _live(session: Session, transfer: TransferRequest, by: Actor) -> list[Row[Any]]:
    """The old schools' cases that are not over, of periods that were not when the student moved."""
    a, i = Application, Instalment
    known = policy.in_force().programmes
    unpaid = col(i.state).not_in((InstalmentState.PAID, InstalmentState.CANCELLED))
    award = and_(col(Award.application_id) == a.id, col(Award.state) != AwardState.CANCELLED)
    with db.city_scope(session, by):
        found = session.execute(
            select(
                col(a.programme), col(a.period), col(a.number), col(a.state),
                col(Award.id).label("award_id"), col(Award.amount_fen),
                _sum(col(i.state) == InstalmentState.PAID).label("paid_fen"),
                _sum(unpaid).label("rest_fen"),
                _sum(unpaid & (col(i.school_id) == transfer.school_id)).label("at_new_fen"),
            )
            .select_from(a)
            .outerjoin(Award, award)
            .outerjoin(i, col(i.award_id) == Award.id)
            .where(
                col(a.student_id) == transfer.student_id,
                col(a.school_id) != transfer.school_id,
                col(a.state).not_in(OVER),
                col(a.programme).in_(list(known)),
            )
            .group_by(col(a.id), col(Award.id))
            .order_by(col(a.id))
        ).all()  # fmt: skip
    day = _day(transfer)
    return [row for row in found if known[row.programme].calendar.days_of(row.period)[1] >= day]


def _sum(which: ColumnElement[bool]) -> ColumnElement[int]:
    total = func.coalesce(func.sum(col(Instalment.amount_fen)).filter(which), 0)
    return cast(total, BigInteger)


def _entitlement(row: Row[Any]) -> Entitlement:
    return Entitlement(
        programme=policy.programme(row.programme),
        period=row.period,
        number=row.number,
        state=row.state,
        amount_fen=row.amount_fen,
        paid_fen=row.paid_fen,
        rest_fen=row.rest_fen,
        at_new_fen=row.at_new_fen,
    )

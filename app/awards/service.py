"""What the office does with its promises, and with the money for them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, or_, select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards import exclusions
from app.awards.errors import AwardNotCancellable, AwardsMoved
from app.awards.instalments import back_to_committed, enter_run, settle_paid
from app.awards.models import Award, AwardOf, AwardState, Instalment, InstalmentState
from app.awards.promising import Promised, promise
from app.awards.waiting import commit_waiting, shares_of
from app.budgets import service as budgets
from app.budgets.models import AppropriationKind
from app.budgets.rules import AppropriationDocument
from app.budgets.service import Recorded
from app.core import clock, db
from app.core.actor import Actor
from app.core.staging import Rows, stage
from app.ledger import service as ledger
from app.ledger.models import TransferKind
from app.ledger.service import MoveResult

__all__ = [
    "Promised",
    "Taken",
    "back_to_committed",
    "cancel",
    "commit_waiting",
    "enter_run",
    "grant",
    "promise",
    "release_revoked",
    "revoke",
    "settle_paid",
    "take_appropriation",
]

LIVE = (AwardState.PROVISIONAL, AwardState.GRANTED)
WITH_THE_BANK = (InstalmentState.IN_RUN, InstalmentState.PAID)


@dataclass(frozen=True)
class Taken:
    """An appropriation document, and what it let be committed."""

    recorded: Recorded
    committed: MoveResult


@dataclass(frozen=True)
class Revoked:
    """What was given back, and what is paid and must be recovered.

    `paid` yields (student, school, county, award, instalment, fen).
    """

    released: MoveResult
    paid: Rows


def take_appropriation(session: Session, document: AppropriationDocument, by: Actor) -> Taken:
    """Records the document, and commits the instalments that waited for its money.

    Raises what `budgets.record_appropriation` raises.
    """
    recorded = budgets.record_appropriation(session, document, by)
    if document.kind is AppropriationKind.RECALL:
        return Taken(recorded, MoveResult(0, 0))
    committed = commit_waiting(session, recorded.fund_line_ids, batch=recorded.batch, by=by)
    return Taken(recorded, committed)


def grant(session: Session, cases: Rows, by: Actor, *, of: AwardOf = AwardOf.APPLICATION) -> int:
    """Provisional → granted for the awards of these cases; answers how many.

    `cases` yields one column of ids, of what `of` says. Raises AwardsMoved when one is not
    provisional.
    """
    staged = _hold_awards(session, cases, of, (AwardState.PROVISIONAL,))
    granted = _settle(session, staged, AwardState.GRANTED)
    audit.note(session, by=by, did="award.granted", records=select(staged.c.award_id))
    return granted


def cancel(
    session: Session,
    cases: Rows,
    *,
    batch: UUID,
    by: Actor,
    because: str,
    of: AwardOf = AwardOf.APPLICATION,
) -> MoveResult:
    """Cancels the awards of these cases and gives their committed money back.

    `cases` yields one column of ids, of what `of` says. Raises AwardsMoved when one has no live
    award, and AwardNotCancellable when an instalment is in a run or paid: each is listed.
    """
    held = _hold(session, cases, of, refused=WITH_THE_BANK, by=by)
    return _end(session, held, batch=batch, by=by, because=because)


def revoke(
    session: Session, applications: Rows, *, batch: UUID, by: Actor, because: str
) -> Revoked:
    """As `cancel`, for awards of which something is paid: that stays, for the caller to recover.

    Raises AwardsMoved, and AwardNotCancellable when an instalment is in a run: only the bank can
    say what becomes of it.
    """
    refused = (InstalmentState.IN_RUN,)
    held = _hold(session, applications, AwardOf.APPLICATION, refused=refused, by=by)
    return Revoked(_end(session, held, batch=batch, by=by, because=because), _paid(held))


def release_revoked(session: Session, instalments: Rows, *, batch: UUID, by: Actor) -> MoveResult:
    """Gives back committed instalments of awards that are cancelled; the others stay.

    For money that the bank sent back after its award was revoked.
    """
    over = (
        select(col(Instalment.id))
        .join(Award, col(Award.id) == Instalment.award_id)
        .where(
            col(Instalment.id).in_(instalments),
            col(Instalment.state) == InstalmentState.COMMITTED,
            col(Award.state) == AwardState.CANCELLED,
        )
    )
    staged = stage(session, "released", over, ("id",))
    session.execute(
        update(Instalment)
        .where(col(Instalment.id).in_(select(staged.c.id)))
        .values(state=InstalmentState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    return ledger.move(
        session,
        kind=TransferKind.RELEASE_COMMITMENT,
        batch=batch,
        by=by,
        lines=shares_of(select(staged.c.id)),
    )


@dataclass(frozen=True)
class _Held:
    """Awards and their instalments, locked; `state` is where each stood."""

    awards: Table
    instalments: Table


def _hold(
    session: Session, cases: Rows, of: AwardOf, *, refused: tuple[InstalmentState, ...], by: Actor
) -> _Held:
    staged = _hold_awards(session, cases, of, LIVE)
    with db.city_scope(session, by):  # after a transfer some are another county's
        held = stage(
            session,
            "cancelling",
            select(col(Instalment.id), col(Instalment.state))
            .where(col(Instalment.award_id).in_(select(staged.c.award_id)))
            .order_by(col(Instalment.id))
            .with_for_update(),
            ("id", "state"),
        )
        _refuse_standing(session, held, of, refused)
    return _Held(staged, held)


def _end(session: Session, held: _Held, *, batch: UUID, by: Actor, because: str) -> MoveResult:
    """Cancels the awards and what of them is not paid, and releases what is committed."""
    lines = held.instalments
    with db.city_scope(session, by):
        released = ledger.move(
            session,
            kind=TransferKind.RELEASE_COMMITMENT,
            batch=batch,
            by=by,
            lines=shares_of(select(lines.c.id).where(lines.c.state == InstalmentState.COMMITTED)),
        )
        unpaid = select(lines.c.id).where(lines.c.state != InstalmentState.PAID)
        session.execute(
            update(Instalment)
            .where(col(Instalment.id).in_(unpaid))
            .values(state=InstalmentState.CANCELLED)
            .execution_options(synchronize_session=False)
        )
        _settle(session, held.awards, AwardState.CANCELLED)
        exclusions.free(session, held.awards)
    audit.note(
        session,
        by=by,
        did="award.cancelled",
        records=select(held.awards.c.award_id),
        because=because,
        detail={"batch": str(batch), "released_fen": released.amount_fen},
    )
    return released


def _paid(held: _Held) -> Rows:
    lines = held.instalments
    return (
        select(
            col(Award.student_id),
            col(Award.school_id),
            col(Award.county_id),
            col(Award.id),
            col(Instalment.id),
            col(Instalment.amount_fen),
        )
        .select_from(Instalment)
        .join(lines, lines.c.id == Instalment.id)
        .join(Award, col(Award.id) == Instalment.award_id)
        .where(lines.c.state == InstalmentState.PAID)
    )


def _hold_awards(
    session: Session, cases: Rows, of: AwardOf, states: tuple[AwardState, ...]
) -> Table:
    """Locks the awards of the cases by id; columns case_id, award_id, state.

    Raises AwardsMoved when a case has no award in one of the states.
    """
    asked = stage(session, "cases", cases, ("id",))
    key = _key(of)
    staged = stage(
        session,
        "awards",
        select(key, col(Award.id), col(Award.state))
        .where(key.in_(select(asked.c.id)))
        .order_by(col(Award.id))
        .with_for_update(),
        ("case_id", "award_id", "state"),
    )
    moved = session.execute(
        select(asked.c.id, staged.c.state)
        .outerjoin(staged, staged.c.case_id == asked.c.id)
        .where(or_(staged.c.award_id.is_(None), staged.c.state.not_in(states)))
        .order_by(asked.c.id)
    ).all()
    if moved:
        raise AwardsMoved(((row.id, row.state) for row in moved), of)
    return staged


def _key(of: AwardOf) -> Any:
    return col(Award.application_id if of is AwardOf.APPLICATION else Award.allocation_id)


def _settle(session: Session, staged: Table, state: AwardState) -> int:
    session.execute(
        update(Award)
        .where(col(Award.id).in_(select(staged.c.award_id)))
        .values(state=state, settled_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(session.execute(select(func.count()).select_from(staged)).scalar_one())


def _refuse_standing(
    session: Session, held: Table, of: AwardOf, refused: tuple[InstalmentState, ...]
) -> None:
    standing = session.execute(
        select(_key(of), col(Instalment.seq), held.c.state)
        .select_from(held)
        .join(Instalment, col(Instalment.id) == held.c.id)
        .join(Award, col(Award.id) == col(Instalment.award_id))
        .where(held.c.state.in_(refused))
        .order_by(_key(of), col(Instalment.seq))
    ).all()
    if standing:
        raise AwardNotCancellable(((row[0], row[1], row[2]) for row in standing), of)

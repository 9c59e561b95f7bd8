"""A false statement comes out: recognition cancelled, awards ended, what was paid owed back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Column, String, Table, Uuid, case, func, insert, literal, select, update
from sqlmodel import Session, col

from app.applications import freeing
from app.applications.decision_record import reopen_batches
from app.applications.errors import CasesMoved
from app.applications.models import (
    Application,
    ApplicationState,
    Objection,
    ObjectionState,
    Submission,
)
from app.applications.queries import as_it_stands
from app.applications.rules import states_before
from app.audit import service as audit
from app.awards import service as awards
from app.awards.models import Award, Instalment
from app.awards.waiting import shares_of
from app.core import clock, db, ids
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.staging import count_rows, empty, stage
from app.ledger import service as ledger
from app.ledger.service import MoveResult
from app.notices import service as notices
from app.policy import queries as policy
from app.policy.calendar import terms_of
from app.policy.catalogue import Version
from app.policy.engine import facts_read
from app.policy.facts import FACTS, RECOGNITION
from app.recognition import service as recognition
from app.recognition.service import Cancelled, Ruling
from app.recoveries import service as recoveries
from app.recoveries.models import RecoveryReason
from app.recoveries.service import Debt


@dataclass(frozen=True)
class Undone:
    """What a cancellation came to; amounts in fen."""

    students: int
    applications: list[str]
    returned: list[str]
    """Numbers of cases sent back to their school, and of those that were with it already."""
    released_fen: int
    recoverable_fen: int


NOTHING = Undone(0, [], [], 0, 0)
NO_MONEY = MoveResult(0, 0)


def settle_cancellation(
    session: Session, request_ids: Collection[UUID], ruling: Ruling, *, by: Actor
) -> Undone:
    """Confirms cancellations for a false statement and undoes their money, or refuses them.

    Every live award of those students in that school year whose programme asks about hardship is
    cancelled: what is committed becomes available again, what was paid becomes recoverable; the
    cases are rejected and leave the notices. Cases that nobody has finished deciding go back to
    their school, to be handed in anew as things are. Raises RequestUnknown, RequestSettled,
    OwnRequest, CasesMoved, and AwardNotCancellable while an instalment is with the bank: nothing
    is changed then.
    """
    cancelled = recognition.cancel_for_false_statement(session, request_ids, ruling, by=by)
    if not cancelled:
        return NOTHING
    batch, because = ids.new(), "虚假承诺：" + "；".join(sorted({e.because for e in cancelled}))
    because = because[:500]
    # A student who moved away keeps the award where it was made; only numbers are answered.
    with db.city_scope(session, by):
        asking = _asking(session, _lock(session, cancelled))
        returned = _send_back(session, asking, because=because, by=by)
        awarded = _awarded(session, asking)
        if session.execute(select(awarded.c.id).limit(1)).first() is None:
            rejected, released, owed = list[str](), NO_MONEY, NO_MONEY
        else:
            rejected = _reject(session, awarded, because=because, by=by)
            freeing.offer_freed(session, select(awarded.c.id), by=by)
            released, owed = _undo(session, awarded, batch=batch, because=because, by=by)
    return Undone(len(cancelled), rejected, returned, released.amount_fen, owed.amount_fen)


def _undo(
    session: Session, cases: Table, *, batch: UUID, because: str, by: Actor
) -> tuple[MoveResult, MoveResult]:
    promised = (
        select(col(Instalment.id))
        .join(Award, col(Award.id) == Instalment.award_id)
        .where(col(Award.application_id).in_(select(cases.c.id)))
    )
    # All accounts at once: two moves one after the other would wait for who holds both lines.
    ledger.hold(session, select(next(iter(shares_of(promised).subquery("lines").c))))
    revoked = awards.revoke(session, select(cases.c.id), batch=batch, by=by, because=because)
    paid = stage(session, "paid", revoked.paid, recoveries.PAID)
    owed = recoveries.mark(
        session,
        select(*(paid.c[name] for name in recoveries.PAID)),
        shares_of(select(paid.c.instalment_id)),
        debt=Debt(RecoveryReason.FALSE_STATEMENT, because),
        batch=batch,
        by=by,
    )
    return revoked.released, owed


def _reject(session: Session, cases: Table, *, because: str, by: Actor) -> list[str]:
    """The cases are over, whether confirmed or still in notice; answers their numbers."""
    done = session.execute(
        update(Application)
        .where(
            col(Application.id) == cases.c.id,
            col(Application.state).in_(states_before(ApplicationState.REJECTED)),
        )
        .values(state=ApplicationState.REJECTED, rejected_on=clock.office_day())
        .returning(col(Application.id), col(Application.number))
        .execution_options(synchronize_session=False)
    ).all()
    live = session.execute(select(func.count()).select_from(cases)).scalar_one()
    if len(done) != live:
        raise CasesMoved(
            f"{live} 份申请中有 {live - len(done)} 份已变化；未作任何更改，请重试。",
            f"{live - len(done)} of {live} case(s) have moved; nothing was changed, try again.",
        )
    _settle_objections(session, cases, because=because, by=by)
    notices.strike(session, [row.id for row in done])
    audit.note(
        session,
        by=by,
        did="application.rejected",
        records=[row.id for row in done],
        because=because,
    )
    return sorted(row.number for row in done)


def _settle_objections(session: Session, cases: Table, *, because: str, by: Actor) -> None:
    """Nobody has to answer an objection to a case that is over: it has come to what it asked."""
    settled = session.execute(
        update(Objection)
        .where(
            col(Objection.application_id).in_(select(cases.c.id)),
            col(Objection.state) == ObjectionState.OPEN,
        )
        .values(
            state=ObjectionState.UPHELD,
            settled_by=by.id,
            settled_because=because,
            settled_at=clock.now(),
        )
        .returning(col(Objection.id))
        .execution_options(synchronize_session=False)
    ).scalars()
    found = sorted(settled)
    if found:
        audit.note(session, by=by, did="objection.upheld", records=found, because=because)


def _send_back(session: Session, asking: Table, *, because: str, by: Actor) -> list[str]:
    """Nobody approves what stands on the false statement; answers the numbers of undecided cases.

    Those handed in go back to their school, whose batch is open again; those with the school stay
    there. An officer's word given on the submission before stays where it is, on that submission.
    """
    with_school = (ApplicationState.DRAFT, ApplicationState.RETURNED)
    with_office = (ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW)
    undecided = select(col(Application.id), col(Application.number), col(Application.state)).where(
        col(Application.id).in_(select(asking.c.id)),
        col(Application.state).in_((*with_school, *with_office)),
    )
    found = stage(session, "undecided", undecided, ("id", "number", "state"))
    back = select(found.c.id).where(found.c.state.in_(with_office))
    state = col(Application.state)
    session.execute(
        update(Application)
        .where(col(Application.id) == found.c.id)
        .values(
            state=case(
                (
                    state.in_(with_office),
                    literal(ApplicationState.RETURNED, TextEnum(ApplicationState)),
                ),
                else_=state,
            ),
            step=None,
            returned_because=because,
        )
        .execution_options(synchronize_session=False)
    )
    reopen_batches(session, stage(session, "sent_back", back, ("id",)))
    audit.note(session, by=by, did="application.sent-back", records=back, because=because)
    left = select(found.c.id).where(found.c.state.in_(with_school))
    audit.note(session, by=by, did="application.statement-false", records=left, because=because)
    return list(session.execute(select(found.c.number).order_by(found.c.number)).scalars())


def _lock(session: Session, cancelled: Sequence[Cancelled]) -> Table:
    """Every case of the students in those periods, locked by id, with its version.

    What is decided meanwhile is waited for: the statements that follow see how it came out.
    """
    concerned = _concerned(session, cancelled)
    cases = (
        select(col(Application.id), col(Submission.policy_version_id))
        .join(Submission, as_it_stands())
        .join(
            concerned,
            (concerned.c.student_id == Application.student_id)
            & (concerned.c.period == Application.period),
        )
        .order_by(col(Application.id))
        .with_for_update(of=Application)
    )
    return stage(session, "concerned_cases", cases, ("id", "version"))


def _asking(session: Session, cases: Table) -> Table:
    """Those of the cases whose version asks about hardship."""
    used = set(session.execute(select(cases.c.version).distinct()).scalars())
    asking = [
        key
        for key, loaded in policy.version_by_id(session, used).items()
        if asks_about_hardship(loaded.version)
    ]
    chosen = select(cases.c.id).where(cases.c.version.in_(asking))
    return stage(session, "asking_cases", chosen, ("id",))


def _awarded(session: Session, asking: Table) -> Table:
    """Those of the cases with a live award."""
    live = (
        select(asking.c.id)
        .join(Award, col(Award.application_id) == asking.c.id)
        .where(col(Award.state).in_(awards.LIVE))
    )
    return stage(session, "undone_cases", live, ("id",))


def _concerned(session: Session, cancelled: Sequence[Cancelled]) -> Table:
    """Student and period, for every period of the school years that are cancelled."""
    table = empty(
        session, "concerned", [Column("student_id", Uuid()), Column("period", String(11))]
    )
    rows = [
        {"student_id": each.student_id, "period": period}
        for each in cancelled
        for period in (each.school_year, *terms_of(each.school_year))
    ]
    session.execute(insert(table), rows)
    count_rows(session, table)
    return table


@lru_cache(maxsize=256)
def asks_about_hardship(version: Version) -> bool:
    """Whether a criterion, an amount, a caution or the ranking reads what recognition says."""
    told = {name for name, fact in FACTS.items() if fact.comes_from is RECOGNITION}
    return bool(told & facts_read(version))

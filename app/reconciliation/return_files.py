"""Keeps a file of the bank's with its matched lines, and moves the payouts they are about."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, func, insert, select, text, type_coerce
from sqlmodel import Session

from app.core import clock, crypto, ids
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.staging import Rows
from app.disbursement import settling
from app.disbursement.models import PayoutState
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.reconciliation import worklist
from app.reconciliation.models import LineOutcome, ReturnFile, ReturnKind
from app.reconciliation.rules import LEAVE_WORK, MOVE_THE_PAYOUT


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a file of the bank's is, and which payment file or paying account it is about."""

    kind: ReturnKind
    name: str
    media_type: str
    county_id: UUID | None
    payment_file_id: UUID | None = None
    paying_account_id: UUID | None = None


def keep_and_settle(
    session: Session, of: Handed, lines: Table, *, data: bytes, by: Actor
) -> tuple[ReturnFile, int]:
    """Keeps the bytes and the lines, opens the work they leave, moves their payouts.

    Answers the file, and how many payouts moved. Raises PayoutsMoved.
    """
    file = _keep(session, of, lines, data=data, by=by)
    session.execute(text(_INSERT_LINES.format(lines=lines.name)), {"file": file.id})
    leaving = {"file": file.id, "now": clock.now(), "kinds": [one.value for one in LEAVE_WORK]}
    session.execute(_INSERT_WORK, leaving)
    moved = settling.settle(session, _verdicts(lines), batch=file.id, by=by)
    worklist.close_answered(session, _answered(lines), by=by)
    return file, moved


def _keep(session: Session, of: Handed, lines: Table, *, data: bytes, by: Actor) -> ReturnFile:
    document = documents.store(
        session,
        kind=DocumentKind.RETURN_FILE,
        name=of.name,
        media_type=of.media_type,
        data=data,
        by=by,
        county_id=of.county_id,
    )
    whole = select(func.count(), func.coalesce(func.sum(lines.c.amount_fen), 0))
    count, fen = session.execute(whole).one()
    file = ReturnFile(
        id=ids.new(),
        kind=of.kind,
        payment_file_id=of.payment_file_id,
        paying_account_id=of.paying_account_id,
        county_id=of.county_id,
        document_id=document.id,
        sha256=crypto.fingerprint(data),
        line_count=count,
        amount_fen=int(fen),
        received_by=by.id,
        received_at=clock.now(),
    )
    session.execute(insert(ReturnFile).values(file.model_dump()))
    return file


def _verdicts(lines: Table) -> Rows:
    # An outcome that moves a payout has the name of the state it moves to.
    to = type_coerce(lines.c.outcome, TextEnum(PayoutState)).label("to")
    moving = lines.c.outcome.in_(MOVE_THE_PAYOUT)
    return select(lines.c.payout_id, lines.c.come_from, to, lines.c.reason).where(moving)


def _answered(lines: Table) -> Rows:
    return select(lines.c.payout_id).where(
        lines.c.outcome.in_([LineOutcome.PAID, LineOutcome.FAILED, LineOutcome.RETURNED])
    )


_INSERT_LINES = """
    INSERT INTO return_line (return_file_id, line_no, payout_id, school_id, county_id, outcome,
        amount_fen, reason_code, reason)
    SELECT :file, line_no, payout_id, school_id, county_id, outcome, amount_fen, reason_code, reason
    FROM {lines} ORDER BY line_no
"""
_INSERT_WORK = text(f"""
    INSERT INTO work_item (id, kind, return_line_id, payout_id, school_id, county_id, reason,
        state, opened_at)
    SELECT {ids.SQL_UUID7}, outcome, id, payout_id, school_id, county_id, reason, 'open', :now
    FROM return_line WHERE return_file_id = :file AND outcome = ANY(:kinds)
""")  # noqa: S608 own text

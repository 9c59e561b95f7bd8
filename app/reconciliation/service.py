"""Takes in the bank's files line by line, and settles the worklist they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    Table,
    insert,
    select,
    text,
    type_coerce,
    update,
)
from sqlmodel import Session, col

from app.audit import service as audit
from app.bank.catalogue import find_format
from app.bank.layout import Format
from app.bank.return_file import ReturnFile as FileRead
from app.bank.return_file import read_return_file
from app.bank.totals import ControlTotals, check_number, check_totals, check_within
from app.core import clock, crypto, ids
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.errors import Fault
from app.core.scoping import visible
from app.core.staging import Rows
from app.disbursement import queries as payments
from app.disbursement import service as disbursement
from app.disbursement import settling
from app.disbursement.models import PaymentFile, PayoutRun, PayoutState
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.reconciliation import replies, worklist
from app.reconciliation.errors import WorkMoved
from app.reconciliation.models import (
    LineOutcome,
    ReturnFile,
    ReturnKind,
    WorkItem,
    WorkKind,
    WorkState,
)
from app.reconciliation.return_matching import match
from app.reconciliation.rules import LEAVE_WORK, MOVE_THE_PAYOUT

REISSUED = "已重新发放 / reissued in run"


@dataclass(frozen=True)
class Received:
    """A return file taken in; `repeated` where its bytes were taken in before."""

    file: ReturnFile
    repeated: bool


def receive(
    session: Session, *, payment_file: str, kind: ReturnKind, data: bytes, by: Actor
) -> Received:
    """Takes in the bank's answer to a payment file, or the payments it sends back, once.

    The same bytes for the same payment file change nothing and get the first result. Every line
    ends in one outcome; the counts add up to the file's. Raises FileNotFound, what
    `read_return_file` raises, or TotalsDiffer: then nothing of the file is taken.
    """
    sent = payments.file_by_number(session, payment_file, by)
    replies.hold_still(session, sent.bank_format)
    settling.lock_file(session, sent.run_id, sent.id)
    before = _taken_before(session, sent, crypto.fingerprint(data))
    if before is not None:
        return Received(before, repeated=True)
    fmt = find_format(sent.bank_format)
    read = read_return_file(fmt, data, kind=kind.value)
    if kind is ReturnKind.REPLY:
        read = replies.read_with(session, fmt.code, read)
    reply = _Reply(sent, fmt, kind, read)
    reply.check_totals()
    file = _keep_file(session, reply, data=data, by=by)
    lines = match(session, sent, read, kind=kind, the_rest_paid=reply.the_rest_paid, by=by)
    _write_lines(session, file, lines)
    moved = settling.settle(session, _verdicts(lines), batch=file.id, by=by)
    worklist.close_answered(session, _answered(lines), by=by)
    detail = {"payment_file": sent.number, "lines": file.line_count, "payouts_moved": moved}
    audit.note(session, by=by, did="return.received", records=[file.id, sent.id], detail=detail)
    return Received(file, repeated=False)


def resolve(session: Session, items: Sequence[UUID], *, because: str, by: Actor) -> int:
    """Closes work items with a reason; payouts and books stay as they are. Answers how many.

    Raises WorkMoved with every item that is not open or not the caller's to see.
    """
    wanted = set(items)
    _lock_items(session, items)
    closed = session.execute(
        update(WorkItem)
        .where(
            col(WorkItem.id).in_(wanted),
            col(WorkItem.state) == WorkState.OPEN,
            visible(WorkItem, by),
        )
        .values(worklist.done(by, because))
        .returning(col(WorkItem.id))
        .execution_options(synchronize_session=False)
    )
    missing = wanted - set(closed.scalars())
    if missing:
        raise WorkMoved([_not_open(one) for one in sorted(missing)])
    audit.note(session, by=by, did="work.resolved", records=wanted, because=because)
    return len(wanted)


def reissue(session: Session, payouts: Sequence[UUID], *, bank_format: str, by: Actor) -> PayoutRun:
    """Pays failed or returned payouts again in a new run, and closes the work they left.

    Raises PayoutsNotReissuable with every payout that cannot be, or ReissueMixed.
    """
    run = disbursement.reissue(session, payouts, bank_format=bank_format, by=by)
    session.execute(
        update(WorkItem)
        .where(
            col(WorkItem.payout_id).in_(payouts),
            col(WorkItem.state) == WorkState.OPEN,
            col(WorkItem.kind).in_([WorkKind.FAILED, WorkKind.RETURNED]),
        )
        .values(worklist.done(by, f"{REISSUED} {run.number}"))
        .execution_options(synchronize_session=False)
    )
    return run


def _taken_before(session: Session, sent: PaymentFile, sha256: bytes) -> ReturnFile | None:
    found: ReturnFile | None = session.execute(
        select(ReturnFile).where(
            col(ReturnFile.payment_file_id) == sent.id, col(ReturnFile.sha256) == sha256
        )
    ).scalar_one_or_none()
    return found


@dataclass(frozen=True)
class _Reply:
    """A file from the bank beside the payment file it is about."""

    sent: PaymentFile
    fmt: Format
    kind: ReturnKind
    read: FileRead

    @property
    def the_rest_paid(self) -> bool:
        """Whether lines that the bank left out were paid."""
        return self.kind is ReturnKind.REPLY and self.fmt.returned.replies == "failures_only"

    @property
    def totals(self) -> ControlTotals:
        """What the file speaks of: its own lines, or every line that was sent."""
        return self.sent_totals if self.the_rest_paid else self.read.totals

    @property
    def sent_totals(self) -> ControlTotals:
        """What was sent."""
        sent = self.sent
        return ControlTotals(sent.line_count, sent.amount_fen, sent.accounts_sha256)

    def check_totals(self) -> None:
        """Raises TotalsDiffer where the file does not answer the payment file."""
        ours, said = self.sent_totals, self.read.said
        check_number(self.sent.number, str(said.get("file_number", self.sent.number)))
        if self.the_rest_paid:
            whole = ControlTotals(int(said["count"]), int(said["sum"]), ours.accounts_sha256)
            check_totals(ours, whole)
        elif self.kind is ReturnKind.REPLY and self.fmt.returned.replies == "all":
            check_totals(ours, self.read.totals)
        else:
            check_within(ours, self.read.totals)


def _keep_file(session: Session, reply: _Reply, *, data: bytes, by: Actor) -> ReturnFile:
    sent, fmt = reply.sent, reply.fmt
    document = documents.store(
        session,
        kind=DocumentKind.RETURN_FILE,
        name=f"{sent.number}-{reply.kind.value}.{fmt.extension}",
        media_type=fmt.media_type,
        data=data,
        by=by,
        county_id=sent.county_id,
    )
    file = ReturnFile(
        id=ids.new(),
        kind=reply.kind,
        payment_file_id=sent.id,
        county_id=sent.county_id,
        document_id=document.id,
        sha256=reply.read.sha256,
        line_count=reply.totals.count,
        amount_fen=reply.totals.sum_fen,
        received_by=by.id,
        received_at=clock.now(),
    )
    session.execute(insert(ReturnFile).values(file.model_dump()))
    return file


def _write_lines(session: Session, file: ReturnFile, lines: Table) -> None:
    session.execute(text(_INSERT_LINES.format(lines=lines.name)), {"file": file.id})
    leaving = {"file": file.id, "now": clock.now(), "kinds": [one.value for one in LEAVE_WORK]}
    session.execute(_INSERT_WORK, leaving)


def _verdicts(lines: Table) -> Rows:
    # An outcome that moves a payout has the name of the state it moves to.
    to = type_coerce(lines.c.outcome, TextEnum(PayoutState)).label("to")
    moving = lines.c.outcome.in_(MOVE_THE_PAYOUT)
    return select(lines.c.payout_id, lines.c.come_from, to, lines.c.reason).where(moving)


def _answered(lines: Table) -> Rows:
    return select(lines.c.payout_id).where(
        lines.c.outcome.in_([LineOutcome.PAID, LineOutcome.FAILED, LineOutcome.RETURNED])
    )


def _lock_items(session: Session, items: Sequence[UUID]) -> None:
    session.execute(
        select(col(WorkItem.id))
        .where(col(WorkItem.id).in_(items))
        .order_by(col(WorkItem.id))
        .with_for_update()
    )


def _not_open(item: UUID) -> Fault:
    return Fault("work_not_open", "不在待处理之列", "is not open", str(item))


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

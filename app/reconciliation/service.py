"""Takes in the bank's files line by line, and settles the worklist they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.bank.catalogue import find_format
from app.bank.layout import Format, MessageFormat
from app.bank.message_answers import read_status_answer, whole_of
from app.bank.return_file import ReturnFile as FileRead
from app.bank.return_file import read_return_file
from app.bank.totals import ControlTotals, check_number, check_totals, check_within
from app.core import crypto
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import among, visible
from app.disbursement import queries as payments
from app.disbursement import service as disbursement
from app.disbursement import settling
from app.disbursement.models import PaymentFile, PayoutMethod, PayoutRun
from app.reconciliation import replies, worklist
from app.reconciliation.errors import ReversalIsANotice, WorkMoved
from app.reconciliation.models import ReturnFile, ReturnKind, WorkItem, WorkKind, WorkState
from app.reconciliation.return_files import Handed, keep_and_settle
from app.reconciliation.return_matching import About, match

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
    `read_return_file` or `read_status_answer` raises, ReversalIsANotice, ReturnFileOfAnother, or
    TotalsDiffer: then nothing of the file is taken.
    """
    sent = payments.file_by_number(session, payment_file, by)
    replies.hold_still(session, sent.bank_format)
    settling.lock_file(session, sent.run_id, sent.id)
    before = _taken_before(session, sent, crypto.fingerprint(data))
    if before is not None:
        return Received(before, repeated=True)
    fmt = find_format(sent.bank_format)
    read = _read(fmt, data, kind)
    if kind is ReturnKind.REPLY:
        read = replies.read_with(session, fmt.code, read)
    _check_totals(sent, fmt, kind, read)
    lines = match(session, read, About(county_id=sent.county_id, file_id=sent.id), kind=kind, by=by)
    of = Handed(
        kind=kind,
        name=f"{sent.number}-{kind.value}.{fmt.extension}",
        media_type=fmt.media_type,
        county_id=sent.county_id,
        payment_file_id=sent.id,
    )
    file, moved = keep_and_settle(session, of, lines, data=data, by=by)
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


def reissue(
    session: Session,
    payouts: Sequence[UUID],
    *,
    bank_format: str | None,
    by: Actor,
    method: PayoutMethod = PayoutMethod.BANK,
) -> PayoutRun:
    """Pays failed or returned payouts again in a new run, and closes the work they left.

    Raises what `disbursement.service.reissue` raises.
    """
    run = disbursement.reissue(session, payouts, bank_format=bank_format, by=by, method=method)
    session.execute(
        update(WorkItem)
        .where(
            among(col(WorkItem.payout_id), payouts),
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


def _read(fmt: Format, data: bytes, kind: ReturnKind) -> FileRead:
    if not isinstance(fmt, MessageFormat):
        return read_return_file(fmt, data, kind=kind.value)
    if kind is ReturnKind.REVERSAL:
        raise ReversalIsANotice
    return read_status_answer(fmt, data)


def _check_totals(sent: PaymentFile, fmt: Format, kind: ReturnKind, read: FileRead) -> None:
    """Raises ReturnFileOfAnother or TotalsDiffer where it does not answer the payment file."""
    ours = ControlTotals(sent.line_count, sent.amount_fen, sent.accounts_sha256)
    check_number(sent.number, str(read.said.get("file_number", sent.number)))
    if read.rest is not None or isinstance(fmt, MessageFormat):
        check_totals(ours, whole_of(read, ours))
    if kind is ReturnKind.REPLY and fmt.returned.replies == "all":
        check_totals(ours, read.totals)
    elif read.rest is None:
        check_within(ours, read.totals)


def _lock_items(session: Session, items: Sequence[UUID]) -> None:
    session.execute(
        select(col(WorkItem.id))
        .where(col(WorkItem.id).in_(items))
        .order_by(col(WorkItem.id))
        .with_for_update()
    )


def _not_open(item: UUID) -> Fault:
    return Fault("work_not_open", "不在待处理之列", "is not open", str(item))

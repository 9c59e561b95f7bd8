"""Takes in the bank's files line by line, and settles the worklist they leave."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
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
from app.bank.totals import ControlTotals, check_totals, check_within
from app.core import clock, crypto, db, ids, staging
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
from app.reconciliation.rules import LEAVE_WORK, MOVE_THE_PAYOUT, MOVES

MEDIA_TYPE = "text/plain"
REISSUED = "已重新发放 / reissued in run"
_SAID = ("line_no", "seq", "account_index", "amount_fen", "said", "reason_code", "reason")


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
    settling.lock_file(session, sent.run_id, sent.id)
    before = _taken_before(session, sent, crypto.fingerprint(data))
    if before is not None:
        return Received(before, repeated=True)
    fmt = find_format(sent.bank_format)
    read = replies.read_with(session, fmt.code, read_return_file(fmt, data, kind=kind.value))
    _check_totals(fmt, sent, kind, read.totals)
    file = _keep_file(session, sent, kind, read, data=data, by=by)
    lines = _match(session, sent, read, by)
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


def _check_totals(
    fmt: Format, sent: PaymentFile, kind: ReturnKind, received: ControlTotals
) -> None:
    ours = ControlTotals(sent.line_count, sent.amount_fen, sent.accounts_sha256)
    if kind is ReturnKind.REPLY and fmt.returned.replies == "all":
        check_totals(ours, received)
    else:
        check_within(ours, received)


def _keep_file(
    session: Session,
    sent: PaymentFile,
    kind: ReturnKind,
    read: FileRead,
    *,
    data: bytes,
    by: Actor,
) -> ReturnFile:
    document = documents.store(
        session,
        kind=DocumentKind.RETURN_FILE,
        name=f"{sent.number}-{kind.value}.txt",
        media_type=MEDIA_TYPE,
        data=data,
        by=by,
        county_id=sent.county_id,
    )
    file = ReturnFile(
        id=ids.new(),
        kind=kind,
        payment_file_id=sent.id,
        county_id=sent.county_id,
        document_id=document.id,
        sha256=read.sha256,
        line_count=read.totals.count,
        amount_fen=read.totals.sum_fen,
        received_by=by.id,
        received_at=clock.now(),
    )
    session.execute(insert(ReturnFile).values(file.model_dump()))
    return file


def _match(session: Session, sent: PaymentFile, read: FileRead, by: Actor) -> Table:
    """The lines with the payout each is about and what it comes to, in a temporary table."""
    said = staging.empty(
        session,
        "bank_said",
        [
            Column("line_no", Integer),
            Column("seq", Integer),
            Column("account_index", LargeBinary),
            Column("amount_fen", BigInteger),
            Column("said", String),
            Column("reason_code", String),
            Column("reason", String),
        ],
    )
    db.copy_rows(session, said.name, _SAID, _as_csv(read))
    staging.count_rows(session, said)
    lines = staging.empty(
        session,
        "bank_line",
        [
            Column("line_no", Integer),
            Column("payout_id", Uuid()),
            Column("school_id", Uuid()),
            Column("county_id", Uuid()),
            Column("come_from", TextEnum(PayoutState)),
            Column("outcome", TextEnum(LineOutcome)),
            Column("amount_fen", BigInteger),
            Column("reason_code", String),
            Column("reason", String),
        ],
    )
    with db.city_scope(session, by):
        session.execute(text(_MATCH.format(said=said.name, lines=lines.name)), {"file": sent.id})
    staging.count_rows(session, lines)
    return lines


def _as_csv(read: FileRead) -> bytes:
    indexes = crypto.blind_indexes(
        [line.account for line in read.lines], table="bank_account", column="number"
    )
    out = StringIO()
    writer = csv.writer(out)
    for line, index in zip(read.lines, indexes, strict=True):
        account = f"\\x{(index or b'').hex()}"
        reason = line.reason_text or None
        writer.writerow(
            (line.line_no, line.seq, account, line.amount_fen, line.outcome, line.reason_code,
             reason)
        )  # fmt: skip
    return out.getvalue().encode()


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


_KNOWN_OUTCOMES = ", ".join(
    f"('{state.value}', '{said}', '{outcome.value}')"
    for state, words in MOVES.items()
    for said, outcome in words.items()
)
_MATCH = f"""
    INSERT INTO {{lines}}
    SELECT s.line_no, CASE WHEN m.same THEN m.id END, CASE WHEN m.same THEN m.school_id END,
        CASE WHEN m.same THEN m.county_id END, CASE WHEN m.same THEN m.state END,
        CASE WHEN m.same IS NOT TRUE THEN 'unmatched'
            WHEN m.amount_fen <> s.amount_fen THEN 'amount_differs'
            WHEN s.said = 'returned' AND EXISTS (
                SELECT FROM payout_part part JOIN recoverable r USING (instalment_id)
                WHERE part.payout_id = m.id AND r.settled_fen > 0) THEN 'contradicts'
            ELSE known.outcome END,
        s.amount_fen, s.reason_code, s.reason
    FROM {{said}} s
    LEFT JOIN LATERAL (
        SELECT p.id, p.school_id, p.county_id, p.state, p.amount_fen,
            coalesce(b.number_index, c.number_index) = s.account_index AS same
        FROM payout p LEFT JOIN bank_account b ON b.id = p.account_id
        LEFT JOIN school_account c ON c.id = p.school_account_id
        WHERE p.file_id = :file AND p.file_line = s.seq) m ON true
    LEFT JOIN (VALUES {_KNOWN_OUTCOMES}) AS known (state, said, outcome)
        ON known.state = m.state AND known.said = s.said
"""  # noqa: S608 own text and enumerations
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

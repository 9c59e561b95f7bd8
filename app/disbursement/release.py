"""Releases a run: money committed goes on its way, and the bank's files are written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards.models import InstalmentShare
from app.bank.catalogue import find_format
from app.bank.layout import Format
from app.bank.payment_file import PaymentLine, split_into_files, write_payment_file
from app.budgets.errors import CashShort
from app.budgets.models import FundLine
from app.core import clock, crypto, db, ids, numbers
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.staging import Rows
from app.disbursement import blackouts, checks, payees, service
from app.disbursement.errors import NothingReady, PayoutsMoved, RunNotFound, RunOpenedBySame
from app.disbursement.models import (
    PaymentFile,
    Payout,
    PayoutPart,
    PayoutRun,
    PayoutState,
    RunState,
)
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.ledger import service as ledger
from app.ledger.errors import Overdrawn
from app.ledger.models import AccountKind, TransferKind

MEDIA_TYPE = "text/plain"


@dataclass(frozen=True)
class LeftBehind:
    """A payout that was not sent, and every finding that kept it."""

    number: str
    amount_fen: int
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Released:
    """What left, in which files, and what did not; `below_minimum`: fewer lines than a bank wants.

    `amount_fen` is what was sent.
    """

    run: PayoutRun
    files: tuple[PaymentFile, ...]
    payouts: int
    amount_fen: int
    below_minimum: bool
    left_behind: tuple[LeftBehind, ...]


class _Sent(NamedTuple):
    payout_id: UUID
    line: PaymentLine


def release(session: Session, run_id: UUID, *, by: Actor) -> Released:
    """Sends every ready payout of an open run; only another person than its opener may.

    What is ready is examined once more, for a student may have left since. What is held by then is
    left behind: cancelled, with its findings kept, and its instalments committed again, so that
    the next run takes them up. Releases of a programme take their turn, so that each sees what the
    one before sent. Raises RunBlackedOut, RunNotFound, RunNotOpen, RunOpenedBySame, NothingReady,
    Overdrawn, CashShort, LinesUnfit.
    """
    session.execute(_WAIT_FOR_TURN, {"run": run_id})
    run = _take(session, run_id, by)
    blackouts.refuse_on(session, run, clock.office_day())
    service.lock_payouts(session, run.id)
    fmt = find_format(run.bank_format)
    with db.city_scope(session, by):
        payees.gather_ready(session, run.id)
        checks.find(session, fmt)
    payees.hold_unfit(session)
    left = _left_behind(session, run.id)
    service.cancel_before_release(session, run.id, states=[PayoutState.HELD])
    with db.city_scope(session, by):
        lines = [_line(row) for row in session.execute(_LINES, {"run": run.id})]
    if not lines:
        faults = [_why_left(one) for one in left]
        raise NothingReady(run.number, faults)
    try:
        moved = ledger.move(
            session, kind=TransferKind.SEND, batch=run.id, by=by, lines=_shares_to_send(run.id)
        )
    except Overdrawn as overdrawn:
        if overdrawn.account is AccountKind.CASH:
            raise CashShort.of(overdrawn) from overdrawn
        raise
    files = _write_files(session, run, fmt, lines, by=by)
    split = split_into_files(len(lines), fmt)
    detail = {"number": run.number, "payouts": len(lines), "left_behind": len(left)}
    sent = select(col(Payout.id)).where(
        col(Payout.run_id) == run.id, col(Payout.state) == PayoutState.SENT
    )
    audit.note(session, by=by, did="run.released", records=[run.id], detail=detail)
    audit.note(session, by=by, did="payouts.sent", records=sent, detail={"run": run.number})
    return Released(run, files, len(lines), moved.amount_fen, split.below_minimum, left)


def _take(session: Session, run_id: UUID, by: Actor) -> PayoutRun:
    taken: PayoutRun | None = session.execute(
        update(PayoutRun)
        .where(
            col(PayoutRun.id) == run_id,
            col(PayoutRun.state) == RunState.OPEN,
            col(PayoutRun.opened_by) != by.id,
        )
        .values(
            state=RunState.RELEASED,
            released_by=by.id,
            released_at=clock.now(),
            version=col(PayoutRun.version) + 1,
        )
        .returning(PayoutRun)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if taken is not None:
        return taken
    found = session.execute(
        select(PayoutRun)
        .where(col(PayoutRun.id) == run_id)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise RunNotFound
    if found.state is not RunState.OPEN:
        raise service.not_open(found)
    raise RunOpenedBySame(found.number)


def _left_behind(session: Session, run_id: UUID) -> tuple[LeftBehind, ...]:
    rows = session.execute(_HELD, {"run": run_id})
    return tuple(LeftBehind(row.number, row.amount_fen, tuple(row.findings)) for row in rows)


def _why_left(one: LeftBehind) -> Fault:
    listed = ", ".join(one.findings)
    more: dict[str, object] = {"findings": list(one.findings)}
    return Fault("payout_held", f"暂缓发放：{listed}", f"is held: {listed}", one.number, more)


def _line(row: Row[Any]) -> _Sent:
    if row.school_account_id is not None:
        number = crypto.decrypt(
            row.school_account,
            table="school_account",
            column="number",
            record=row.school_account_id,
        )
        return _Sent(row.id, PaymentLine(0, row.holder_name, number, row.amount_fen, ""))
    account = crypto.decrypt(
        row.account, table="bank_account", column="number", record=row.account_id
    )
    by_student = row.holder == "student"
    name = "resident_id" if by_student else "guardian_resident_id"
    sealed = row.resident_id if by_student else row.guardian_resident_id
    resident_id = (
        "" if sealed is None
        else crypto.decrypt(sealed, table="student", column=name, record=row.student_id)
    )  # fmt: skip
    return _Sent(row.id, PaymentLine(0, row.holder_name, account, row.amount_fen, resident_id))


def _shares_to_send(run_id: UUID) -> Rows:
    return (
        select(
            col(FundLine.code), col(InstalmentShare.instalment_id), col(InstalmentShare.amount_fen)
        )
        .join(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .join(PayoutPart, col(PayoutPart.instalment_id) == col(InstalmentShare.instalment_id))
        .join(Payout, col(Payout.id) == col(PayoutPart.payout_id))
        .where(
            col(Payout.run_id) == run_id,
            col(Payout.state) == PayoutState.READY,
            col(PayoutPart.live),
        )
    )


def _write_files(
    session: Session, run: PayoutRun, fmt: Format, lines: Sequence[_Sent], *, by: Actor
) -> tuple[PaymentFile, ...]:
    """Numbers and stores the files and sends the payouts in them, in the order of their numbers."""
    sizes = split_into_files(len(lines), fmt).sizes
    year = clock.office_day().year
    first = numbers.take(session, f"F-{year}", len(sizes))
    files, places = [], []
    # One statement a file and not a payout: a file holds as many lines as the bank takes.
    for part, chunk in enumerate(_chunks(lines, sizes), start=1):
        number = f"F-{year}-{first + part - 1:04d}"
        made = _write_file(session, run, fmt, [one.line for one in chunk], by=by, number=number)
        made.part = part
        files.append(made)
        places += [(one.payout_id, made.id, one.line.seq) for one in chunk]
    session.execute(insert(PaymentFile), [file.model_dump() for file in files])
    _mark_sent(session, places)
    return tuple(files)


def _chunks(lines: Sequence[_Sent], sizes: Sequence[int]) -> Iterator[list[_Sent]]:
    start = 0
    for size in sizes:
        chosen = lines[start : start + size]
        yield [
            one._replace(line=one.line._replace(seq=seq)) for seq, one in enumerate(chosen, start=1)
        ]
        start += size


def _write_file(
    session: Session,
    run: PayoutRun,
    fmt: Format,
    lines: Sequence[PaymentLine],
    *,
    by: Actor,
    number: str,
) -> PaymentFile:
    written = write_payment_file(fmt, lines)
    document = documents.store(
        session,
        kind=DocumentKind.PAYMENT_FILE,
        name=f"{number}.txt",
        media_type=MEDIA_TYPE,
        data=written.content,
        by=by,
        county_id=run.county_id,
    )
    return PaymentFile(
        id=ids.new(),
        number=number,
        run_id=run.id,
        county_id=run.county_id,
        part=1,
        bank_format=fmt.code,
        document_id=document.id,
        sha256=written.sha256,
        line_count=written.totals.count,
        amount_fen=written.totals.sum_fen,
        accounts_sha256=written.totals.accounts_sha256,
        made_at=clock.now(),
    )


def _mark_sent(session: Session, places: Sequence[tuple[UUID, UUID, int]]) -> None:
    payouts, files, lines = zip(*places, strict=True)
    told = {"ids": list(payouts), "files": list(files), "lines": list(lines), "now": clock.now()}
    sent = set(session.execute(_SEND, told).scalars())
    if len(sent) < len(places):
        raise PayoutsMoved([_no_longer_ready(one) for one in payouts if one not in sent])


def _no_longer_ready(payout: UUID) -> Fault:
    return Fault("payout_not_ready", "已不是待发放状态", "is not ready any more", str(payout))


_WAIT_FOR_TURN = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('releases of ' || programme, 0)) "
    "FROM payout_run WHERE id = :run"
)
_HELD = text("""
    SELECT p.number, p.amount_fen, array_agg(f.finding ORDER BY f.finding) AS findings
    FROM payout p JOIN payout_finding f ON f.payout_id = p.id
    WHERE p.run_id = :run AND p.state = 'held' AND f.outcome = 'open'
    GROUP BY p.id ORDER BY p.number
""")
_LINES = text("""
    SELECT p.id, p.amount_fen, b.id AS account_id, b.number AS account, b.holder,
        coalesce(b.holder_name, c.holder_name) AS holder_name, s.id AS student_id, s.resident_id,
        s.guardian_resident_id, c.id AS school_account_id, c.number AS school_account
    FROM payout p LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN student s ON s.id = p.student_id
    LEFT JOIN school_account c ON c.id = p.school_account_id
    WHERE p.run_id = :run AND p.state = 'ready' ORDER BY length(p.number), p.number
""")
_SEND = text("""
    UPDATE payout SET state = 'sent', file_id = t.file_id, file_line = t.line, sent_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:files AS uuid[]), CAST(:lines AS int[]))
        AS t (payout_id, file_id, line)
    WHERE payout.id = t.payout_id AND payout.state = 'ready' RETURNING payout.id
""")

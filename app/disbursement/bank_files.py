"""Writes a released run's bank files: by bank where the format asks for it, numbered, stored."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlmodel import Session

from app.bank.layout import Format, MessageFormat, RowFormat
from app.bank.payment_file import PaymentFile as Written
from app.bank.payment_file import PaymentLine, split_into_files, write_payment_file
from app.bank.payment_message import write_payment_message
from app.bank.summary import fill_summary
from app.core import clock, crypto, db, ids, numbers
from app.core.actor import Actor
from app.core.errors import Fault
from app.disbursement import payees
from app.disbursement.credit_transfers import Debtors, find_debtors, message_of
from app.disbursement.errors import PayoutsMoved
from app.disbursement.lines import Chunk, Lines, Payments, Sent
from app.disbursement.methods import way_of
from app.disbursement.models import BankGroup, PaymentFile, PayoutRun
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.policy import queries as policy
from app.policy.calendar import parse_period

_AT_ONCE = 2_000


def write(
    session: Session, run: PayoutRun, fmt: Format, *, count: int, by: Actor
) -> tuple[PaymentFile, ...]:
    """Numbers and stores the files of the `count` ready payouts of a run and marks them sent.

    One statement a file and not a payout: a file holds as many lines as the bank takes. Raises
    LinesUnfit, PayoutsMoved, or PayingAccountsMissing where a message must name the account that
    money leaves from.
    """
    writer = _writer(session, run, fmt, by)
    lines = _lines_of(session, run, fmt, by=by)
    if len(lines) != count:
        raise LookupError(f"{len(lines)} of {count} ready payouts have a line")
    chunks = list(_chunks(fmt, lines, writer.ordered(lines)))
    year = clock.office_day().year
    first = numbers.take(session, f"F-{year}", len(chunks))
    files = []
    for part, (banks, chunk) in enumerate(chunks, start=1):
        number = f"F-{year}-{first + part - 1:04d}"
        made = _keep(session, run, fmt, writer.write(chunk, number), number=number, by=by)
        made.part, made.banks = part, banks
        files.append(made)
    session.execute(insert(PaymentFile), [file.model_dump() for file in files])
    told = zip(files, (chunk for _, chunk in chunks), strict=True)
    _mark_sent(session, told, payees.ran(way_of(run)))
    return tuple(files)


def _lines_of(session: Session, run: PayoutRun, fmt: Format, *, by: Actor) -> Lines:
    """The ready payouts in the order of their numbers, as the bank gets them.

    The name is the one the bank has of the account, where a second person has confirmed it.
    """
    called = policy.programme(run.programme).on_statement if fmt.summary else ""
    summary = _summaries(fmt, called)
    lines = Lines()
    told = {"run": run.id, "told": bool(fmt.summary)}
    with db.city_scope(session, by):
        # Some at a time, for what is sealed takes more memory than what is made of it.
        for row in session.execute(_LINES, told, execution_options={"yield_per": _AT_ONCE}):
            lines.add(_sent(row, summary))
    return lines


@dataclass(frozen=True)
class _Rows:
    """Writes files with a row a payout."""

    fmt: RowFormat

    def ordered(self, lines: Lines) -> Sequence[int]:
        return range(len(lines))

    def write(self, chunk: Chunk, number: str) -> Written:
        return write_payment_file(self.fmt, Payments(chunk), number=number)


@dataclass(frozen=True)
class _Messages:
    """Writes messages, their payouts grouped by the account they leave from."""

    fmt: MessageFormat
    run: PayoutRun
    debtors: Debtors

    def ordered(self, lines: Lines) -> Sequence[int]:
        return sorted(range(len(lines)), key=lambda one: self.debtors.place(lines.payout(one)))

    def write(self, chunk: Chunk, number: str) -> Written:
        message = message_of(self.run, chunk, self.debtors, number=number)
        return write_payment_message(self.fmt, message, Payments(chunk))


def _writer(session: Session, run: PayoutRun, fmt: Format, by: Actor) -> _Rows | _Messages:
    if isinstance(fmt, MessageFormat):
        return _Messages(fmt, run, find_debtors(session, run.id, by=by))
    return _Rows(fmt)


def _summaries(fmt: Format, called: str) -> Callable[[tuple[str, ...]], str]:
    """What is said of the terms that are paid for, where the format says any; each made once."""

    @cache
    def of(terms: tuple[str, ...]) -> str:
        if fmt.summary is None:
            return ""
        periods = sorted(map(parse_period, terms), key=lambda period: period.order)
        when = "、".join(period.short_zh for period in periods)
        return fill_summary(fmt.summary, fmt.encoding, programme=called, period=when)

    return of


def _sent(row: Sequence[Any], summary: Callable[[tuple[str, ...]], str]) -> Sent:
    (payout, number, fen, holder, bank, account_of, account_id, account, id_column, student,
        resident_id, terms) = row  # fmt: skip
    card = crypto.decrypt(account, table=account_of, column="number", record=account_id)
    person = (
        ""
        if resident_id is None
        else crypto.decrypt(resident_id, table="student", column=id_column, record=student)
    )
    said = summary(tuple(terms or ()))
    return Sent(payout, number, PaymentLine(0, holder, card, fen, person, said, bank))


def _chunks(fmt: Format, lines: Lines, places: Sequence[int]) -> Iterator[tuple[BankGroup, Chunk]]:
    for banks, group in _by_bank(fmt, lines, places):
        start = 0
        for size in split_into_files(len(group), fmt).sizes:
            yield banks, Chunk(lines, group[start : start + size])
            start += size


def _by_bank(
    fmt: Format, lines: Lines, places: Sequence[int]
) -> list[tuple[BankGroup, Sequence[int]]]:
    if fmt.banks is None or not fmt.banks.split_other_banks:
        return [(BankGroup.ALL, places)]
    own = [one for one in places if fmt.banks.is_own(lines.bank_name(one))]
    other = [one for one in places if not fmt.banks.is_own(lines.bank_name(one))]
    return [group for group in ((BankGroup.OWN, own), (BankGroup.OTHER, other)) if group[1]]


def _keep(
    session: Session, run: PayoutRun, fmt: Format, written: Written, *, number: str, by: Actor
) -> PaymentFile:
    document = documents.store(
        session,
        kind=DocumentKind.PAYMENT_FILE,
        name=f"{number}.{fmt.extension}",
        media_type=fmt.media_type,
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


def _mark_sent(
    session: Session, files: Iterable[tuple[PaymentFile, Chunk]], checks: Sequence[str]
) -> None:
    session.connection().exec_driver_sql(_TOLD)
    db.copy_pieces(session, "sent_line", ("payout_id", "file_id", "line"), _told(files))
    session.connection().exec_driver_sql("ANALYZE sent_line")
    found = session.execute(_SEND, {"now": clock.now(), "checks": list(checks)})
    if moved := [no_longer_ready(one) for one in found.scalars()]:
        raise PayoutsMoved(moved)


def _told(files: Iterable[tuple[PaymentFile, Chunk]]) -> Iterator[bytes]:
    """Where each payout stands, for `COPY`: some at a time."""
    for file, chunk in files:
        lines = enumerate(chunk.payouts(), start=1)
        while some := list(islice(lines, _AT_ONCE)):
            yield "".join(f"{payout},{file.id},{line}\n" for line, payout in some).encode()


def no_longer_ready(payout: UUID) -> Fault:
    """The fault of a payout that was ready a moment ago."""
    return Fault("payout_not_ready", "已不是待发放状态", "is not ready any more", str(payout))


# The resident id is the account holder's: the student's or the guardian's.
_LINES = text("""
    SELECT p.id, p.number, p.amount_fen,
        coalesce(b.name_as_at_bank, b.holder_name, c.holder_name),
        coalesce(b.bank_name, c.bank_name, ''),
        CASE WHEN c.id IS NULL THEN 'bank_account' ELSE 'school_account' END,
        coalesce(b.id, c.id), coalesce(b.number, c.number),
        CASE b.holder WHEN 'student' THEN 'resident_id' ELSE 'guardian_resident_id' END, s.id,
        CASE b.holder WHEN 'student' THEN s.resident_id ELSE s.guardian_resident_id END,
        CASE WHEN :told THEN ARRAY(SELECT DISTINCT a.period FROM payout_part part
            JOIN instalment i ON i.id = part.instalment_id JOIN award a ON a.id = i.award_id
            WHERE part.payout_id = p.id) END
    FROM payout p LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN student s ON s.id = p.student_id
    LEFT JOIN school_account c ON c.id = p.school_account_id
    WHERE p.run_id = :run AND p.state = 'ready' ORDER BY length(p.number), p.number
""")
# Answers those that are not ready any more. The checks have just run: to write them apart would be
# a second version of every payout.
_TOLD = (
    "DROP TABLE IF EXISTS pg_temp.sent_line; CREATE TEMP TABLE sent_line "
    "(payout_id uuid, file_id uuid, line int) ON COMMIT DROP"
)
_SEND = text("""
    WITH sent AS (
        UPDATE payout SET state = 'sent', file_id = told.file_id, file_line = told.line,
            sent_at = :now, checks = CAST(:checks AS text[]), checked_at = :now
        FROM sent_line told WHERE payout.id = told.payout_id AND payout.state = 'ready'
        RETURNING payout.id)
    SELECT payout_id FROM sent_line EXCEPT SELECT id FROM sent ORDER BY 1
""")

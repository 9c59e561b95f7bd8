"""Writes a released run's bank files: by bank where the format asks for it, numbered, stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple
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
from app.disbursement.methods import way_of
from app.disbursement.models import BankGroup, PaymentFile, PayoutRun
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.policy import queries as policy
from app.policy.calendar import parse_period


class Sent(NamedTuple):
    """A payout on its way, with its number and its line of the bank's file."""

    payout_id: UUID
    number: str
    line: PaymentLine


class _Places(NamedTuple):
    """Which payouts go in which files, in the order of their lines: `starts` is a file's first."""

    payouts: list[UUID]
    files: list[UUID]
    starts: list[int]


def lines_of(session: Session, run: PayoutRun, fmt: Format, *, count: int, by: Actor) -> list[Sent]:
    """The `count` ready payouts of a run in the order of their numbers, as the bank gets them.

    The name is the one the bank has of the account, where a second person has confirmed it.
    """
    called = policy.programme(run.programme).on_statement if fmt.summary else ""
    # The number each has in its file, where nothing tells the files apart but their length.
    sizes = split_into_files(count, fmt).sizes
    places = chain.from_iterable(range(1, size + 1) for size in sizes)
    with db.city_scope(session, by):
        rows = session.execute(_LINES, {"run": run.id, "told": bool(fmt.summary)})
        return [_sent(row, fmt, called, place) for row, place in zip(rows, places, strict=True)]


def write(
    session: Session, run: PayoutRun, fmt: Format, lines: Sequence[Sent], *, by: Actor
) -> tuple[PaymentFile, ...]:
    """Numbers and stores the files and marks their payouts sent.

    One statement a file and not a payout: a file holds as many lines as the bank takes. Raises
    LinesUnfit, PayoutsMoved, or PayingAccountsMissing where a message must name the account that
    money leaves from.
    """
    writer = _writer(session, run, fmt, by)
    chunks = list(_chunks(fmt, writer.ordered(lines)))
    year = clock.office_day().year
    first = numbers.take(session, f"F-{year}", len(chunks))
    files = []
    places = _Places([], [], [])
    for part, (banks, chunk) in enumerate(chunks, start=1):
        number = f"F-{year}-{first + part - 1:04d}"
        made = _keep(session, run, fmt, writer.write(chunk, number), number=number, by=by)
        made.part, made.banks = part, banks
        files.append(made)
        places.files.append(made.id)
        places.starts.append(len(places.payouts) + 1)
        places.payouts.extend(one.payout_id for one in chunk)
    session.execute(insert(PaymentFile), [file.model_dump() for file in files])
    _mark_sent(session, places, payees.ran(way_of(run)))
    return tuple(files)


@dataclass(frozen=True)
class _Rows:
    """Writes files with a row a payout."""

    fmt: RowFormat

    def ordered(self, lines: Sequence[Sent]) -> Sequence[Sent]:
        return lines

    def write(self, chunk: Sequence[Sent], number: str) -> Written:
        return write_payment_file(self.fmt, [one.line for one in chunk], number=number)


@dataclass(frozen=True)
class _Messages:
    """Writes messages, their payouts grouped by the account they leave from."""

    fmt: MessageFormat
    run: PayoutRun
    debtors: Debtors

    def ordered(self, lines: Sequence[Sent]) -> Sequence[Sent]:
        return sorted(lines, key=lambda one: self.debtors.place(one.payout_id))

    def write(self, chunk: Sequence[Sent], number: str) -> Written:
        message = message_of(self.run, chunk, self.debtors, number=number)
        return write_payment_message(self.fmt, message, [one.line for one in chunk])


def _writer(session: Session, run: PayoutRun, fmt: Format, by: Actor) -> _Rows | _Messages:
    if isinstance(fmt, MessageFormat):
        return _Messages(fmt, run, find_debtors(session, run.id, by=by))
    return _Rows(fmt)


def _sent(row: Sequence[Any], fmt: Format, called: str, place: int) -> Sent:
    (payout, number, fen, holder, bank, account_of, account_id, account, id_column, student,
        resident_id, terms) = row  # fmt: skip
    summary = ""
    if fmt.summary:
        periods = sorted(map(parse_period, terms), key=lambda period: period.order)
        when = "、".join(period.short_zh for period in periods)
        summary = fill_summary(fmt.summary, fmt.encoding, programme=called, period=when)
    card = crypto.decrypt(account, table=account_of, column="number", record=account_id)
    person = (
        ""
        if resident_id is None
        else crypto.decrypt(resident_id, table="student", column=id_column, record=student)
    )
    return Sent(payout, number, PaymentLine(place, holder, card, fen, person, summary, bank))


def _chunks(fmt: Format, lines: Sequence[Sent]) -> Iterator[tuple[BankGroup, list[Sent]]]:
    for banks, group in _by_bank(fmt, lines):
        start = 0
        for size in split_into_files(len(group), fmt).sizes:
            chosen = group[start : start + size]
            yield banks, [_numbered(one, seq) for seq, one in enumerate(chosen, start=1)]
            start += size


def _numbered(one: Sent, seq: int) -> Sent:
    if one.line.seq == seq:
        return one
    return Sent(one.payout_id, one.number, PaymentLine(seq, *one.line[1:]))


def _by_bank(fmt: Format, lines: Sequence[Sent]) -> list[tuple[BankGroup, Sequence[Sent]]]:
    if fmt.banks is None or not fmt.banks.split_other_banks:
        return [(BankGroup.ALL, lines)]
    own = [one for one in lines if fmt.banks.is_own(one.line.bank_name)]
    other = [one for one in lines if not fmt.banks.is_own(one.line.bank_name)]
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


def _mark_sent(session: Session, places: _Places, checks: Sequence[str]) -> None:
    told = {
        "ids": places.payouts, "files": places.files, "starts": places.starts,
        "now": clock.now(), "checks": list(checks),
    }  # fmt: skip
    if moved := [no_longer_ready(one) for one in session.execute(_SEND, told).scalars()]:
        raise PayoutsMoved(moved)


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
_SEND = text("""
    WITH told AS (SELECT t.payout_id, (CAST(:files AS uuid[]))[f.part] AS file_id,
            t.place - (CAST(:starts AS bigint[]))[f.part] + 1 AS line
        FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS t (payout_id, place)
        CROSS JOIN LATERAL (
            SELECT width_bucket(t.place, CAST(:starts AS bigint[])) AS part) f),
    sent AS (
        UPDATE payout SET state = 'sent', file_id = told.file_id, file_line = told.line,
            sent_at = :now, checks = CAST(:checks AS text[]), checked_at = :now
        FROM told WHERE payout.id = told.payout_id AND payout.state = 'ready'
        RETURNING payout.id)
    SELECT payout_id FROM told EXCEPT SELECT id FROM sent ORDER BY 1
""")

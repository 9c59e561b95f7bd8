"""Takes in the statements of the office's own accounts."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, insert, select, text, type_coerce
from sqlmodel import Session, col

from app.audit import service as audit
from app.bank.iso import statements as camt
from app.bank.statement_catalogue import find_statement_format
from app.bank.statement_file import read_statement
from app.bank.statements import LastStatement, Statement, check_follows
from app.core import clock, crypto, ids
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.media import XML
from app.core.staging import Rows
from app.disbursement import paying_accounts, settling
from app.disbursement.models import PayoutState
from app.disbursement.paying_models import PayingAccount
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.reconciliation import worklist
from app.reconciliation.errors import StatementOfAnother
from app.reconciliation.statement_matching import match
from app.reconciliation.statement_models import BankStatement, StatementOutcome

MOVING = (StatementOutcome.PAID, StatementOutcome.RETURNED)


@dataclass(frozen=True)
class Taken:
    """A statement taken in; `repeated` where its bytes were taken in before."""

    statement: BankStatement
    repeated: bool


def take_statement(
    session: Session, *, account_id: UUID, statement_format: str, data: bytes, by: Actor
) -> Taken:
    """Takes in a statement of a paying account, once; every line ends in one outcome.

    A payment sent back moves its payout to returned, in the open period. Raises
    PayingAccountNotFound, PayingAccountUnconfirmed, StatementOfAnother, what `read_statement` and
    `check_follows` raise, or PayoutsMoved: then nothing of the statement is taken.
    """
    account = paying_accounts.lock_in_use(session, account_id, by)
    sha256 = crypto.fingerprint(data)
    before = _taken_before(session, account, sha256)
    if before is not None:
        return Taken(before, repeated=True)
    read = _read(statement_format, data)
    if paying_accounts.number_index(read.account) != bytes(account.number_index):
        raise StatementOfAnother
    check_follows(read, _last(session, account))
    kept = _keep(session, account, read, statement_format, data=data, by=by)
    said, about = match(session, account, read, by)
    _write(session, kept, said, about)
    moving = about.c.outcome.in_(MOVING)
    settling.lock_payouts(session, select(about.c.payout_id).where(moving))
    moved = settling.settle(session, _verdicts(said, about), batch=kept.id, by=by)
    worklist.close_answered(session, select(about.c.payout_id).where(moving), by=by)
    detail = {"number": kept.number, "lines": kept.line_count, "payouts_moved": moved}
    audit.note(session, by=by, did="statement.taken", records=[kept.id], detail=detail)
    return Taken(kept, repeated=False)


def _read(statement_format: str, data: bytes) -> Statement:
    if statement_format == camt.FORMAT:
        return camt.read_camt_statement(data)
    return read_statement(find_statement_format(statement_format), data)


def _taken_before(session: Session, account: PayingAccount, sha256: bytes) -> BankStatement | None:
    found: BankStatement | None = session.execute(
        select(BankStatement).where(
            col(BankStatement.paying_account_id) == account.id,
            col(BankStatement.sha256) == sha256,
        )
    ).scalar_one_or_none()
    return found


def _last(session: Session, account: PayingAccount) -> LastStatement | None:
    found = session.execute(
        select(BankStatement)
        .where(col(BankStatement.paying_account_id) == account.id)
        .order_by(col(BankStatement.closed_on).desc(), col(BankStatement.id).desc())
        .limit(1)
    ).scalar_one_or_none()
    if found is None:
        return None
    return LastStatement(
        number=found.number, closed_on=found.closed_on, closing_fen=found.closing_fen
    )


def _keep(
    session: Session,
    account: PayingAccount,
    read: Statement,
    statement_format: str,
    *,
    data: bytes,
    by: Actor,
) -> BankStatement:
    ending, media_type = ("xml", XML) if statement_format == camt.FORMAT else ("csv", "text/csv")
    document = documents.store(
        session,
        kind=DocumentKind.STATEMENT,
        name=f"{account.number_tail}-{read.closed_on}-{read.number}.{ending}",
        media_type=media_type,
        data=data,
        by=by,
        county_id=account.county_id,
    )
    kept = BankStatement(
        id=ids.new(),
        paying_account_id=account.id,
        county_id=account.county_id,
        document_id=document.id,
        sha256=crypto.fingerprint(data),
        format=statement_format,
        number=read.number,
        opened_on=read.opened_on,
        closed_on=read.closed_on,
        opening_fen=read.opening_fen,
        closing_fen=read.closing_fen,
        line_count=len(read.lines),
        debits_fen=sum(line.amount_fen for line in read.lines if line.direction == "debit"),
        credits_fen=sum(line.amount_fen for line in read.lines if line.direction == "credit"),
        received_by=by.id,
        received_at=clock.now(),
    )
    session.execute(insert(BankStatement).values(kept.model_dump()))
    return kept


def _write(session: Session, kept: BankStatement, said: Table, about: Table) -> None:
    told = {"statement": kept.id, "account": kept.paying_account_id}
    session.execute(text(_INSERT_LINES.format(said=said.name, about=about.name)), told)
    session.execute(_INSERT_WORK, {"statement": kept.id, "now": clock.now()})


def _verdicts(said: Table, about: Table) -> Rows:
    # An outcome that moves a payout has the name of the state it moves to.
    state = TextEnum(PayoutState)
    return (
        select(
            about.c.payout_id,
            type_coerce(about.c.come_from, state).label("come_from"),
            type_coerce(about.c.outcome, state).label("to"),
            said.c.said,
        )
        .join(said, said.c.line_no == about.c.line_no)
        .where(about.c.outcome.in_(MOVING))
    )


_INSERT_LINES = """
    INSERT INTO statement_line (statement_id, paying_account_id, line_no, booked_on, sequence,
        reference, counter_index, counter_tail, amount_fen, direction, is_return, said, outcome,
        payout_id, file_id, run_id, recoverable_id, school_id, county_id)
    SELECT :statement, :account, s.line_no, s.booked_on, s.sequence, s.reference, s.counter_index,
        s.counter_tail, s.amount_fen, s.direction, s.is_return, s.said, a.outcome, a.payout_id,
        a.file_id, a.run_id, a.recoverable_id, a.school_id, a.county_id
    FROM {said} s JOIN {about} a ON a.line_no = s.line_no ORDER BY s.line_no
"""
_INSERT_WORK = text(f"""
    INSERT INTO work_item (id, kind, statement_line_id, payout_id, recoverable_id, school_id,
        county_id, reason, state, opened_at)
    SELECT {ids.SQL_UUID7}, outcome, id, payout_id, recoverable_id, school_id, county_id, said,
        'open', :now
    FROM statement_line
    WHERE statement_id = :statement AND outcome NOT IN ('paid', 'agrees')
""")  # noqa: S608 own text

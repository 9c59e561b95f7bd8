"""The levels of a trail, each one set-wise statement over the ids of the level above."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    func,
    or_,
    select,
)
from sqlmodel import Session, col

from app.applications.models import Application, Decision, Review, Submission
from app.auth.models import Organisation
from app.awards.models import Award, Instalment, InstalmentShare
from app.budgets.models import Appropriation, FundLine
from app.core.actor import Actor
from app.core.scoping import visible
from app.disbursement.models import (
    PaymentFile,
    Payout,
    PayoutFinding,
    PayoutPart,
    PayoutRun,
)
from app.disbursement.pay_register_models import PayRegister
from app.ledger.models import LedgerTransfer
from app.reconciliation.models import ReturnFile, ReturnLine
from app.reconciliation.signed_register_models import SignedRegister, UnsignedLine
from app.registry.models import (
    BankAccount,
    Student,
)
from app.registry.school_models import SchoolAccount
from app.reports.trail_sums import replaced

Ids = Sequence[UUID]
Rows = list[dict[str, Any]]


def _rows(session: Session, asked: Executable) -> Rows:
    return [dict(row) for row in session.execute(asked).mappings()]


def applications(session: Session, cases: Ids) -> Rows:
    """The cases by id, with the school's name and the student's sealed number."""
    table = Application
    asked: Select[*tuple[Any, ...]] = (
        select(
            col(table.id),
            col(table.number),
            col(table.state),
            col(table.step),
            col(table.programme),
            col(table.period),
            col(table.student_id),
            col(table.student_name),
            col(table.school_id),
            col(Organisation.name).label("school"),
            col(table.county_id),
            col(table.grade),
            col(table.class_name),
            col(table.hardship),
            col(table.uploaded_by),
            col(table.made_at),
            col(table.reported_at),
            col(Student.resident_id).label("sealed_id"),
        )
        .join(Organisation, col(Organisation.id) == table.school_id)
        # A student who left for another county is not seen here any more; the case is.
        .outerjoin(Student, col(Student.id) == table.student_id)
        .where(col(table.id).in_(cases))
        .order_by(col(table.id))
    )
    return _rows(session, asked)


def submissions(session: Session, applications: Ids) -> Rows:
    """Every hand-in of the cases, in order."""
    table = Submission
    return _rows(
        session,
        select(
            col(table.application_id),
            col(table.submission_no),
            col(table.made_at),
            col(table.made_by),
            col(table.policy_version_id),
            col(table.facts),
            col(table.eligible),
            col(table.amount_fen).label("amount"),
            col(table.failed),
            col(table.missing),
        )
        .where(col(table.application_id).in_(applications))
        .order_by(col(table.application_id), col(table.submission_no)),
    )


def decisions(session: Session, applications: Ids) -> Rows:
    """Every decision on the cases, in the order they were made."""
    table = Decision
    return _rows(
        session,
        select(
            col(table.application_id),
            col(table.submission_no),
            col(table.step),
            col(table.verdict),
            col(table.reason),
            col(table.batch_id),
            col(table.decided_by),
            col(table.decided_at),
        )
        .where(col(table.application_id).in_(applications))
        .order_by(col(table.id)),
    )


def reviews(session: Session, applications: Ids) -> Rows:
    """Every review of a rejection of the cases, in the order they were asked for."""
    table = Review
    return _rows(
        session,
        select(
            col(table.id),
            col(table.application_id),
            col(table.submission_no),
            col(table.asked_on),
            col(table.due_on),
            col(table.state),
            col(table.recorded_by),
            col(table.decided_by),
            col(table.decided_because),
            col(table.decided_at),
        )
        .where(col(table.application_id).in_(applications))
        .order_by(col(table.id)),
    )


def awards(session: Session, cases: Ids) -> Rows:
    """The awards of applications and allocations; `case_id` says whose each is."""
    table = Award
    return _rows(
        session,
        select(
            func.coalesce(table.application_id, table.allocation_id).label("case_id"),
            col(table.id),
            col(table.state),
            col(table.amount_fen).label("amount"),
            col(table.decision_batch_id),
            col(table.made_at),
            col(table.settled_at),
        ).where(or_(col(table.application_id).in_(cases), col(table.allocation_id).in_(cases))),
    )


def instalments(session: Session, awards: Ids) -> Rows:
    """The awards' instalments, in order."""
    table = Instalment
    return _rows(
        session,
        select(
            col(table.award_id),
            col(table.id),
            col(table.seq),
            col(table.due_on),
            col(table.fiscal_year),
            col(table.state),
            col(table.amount_fen).label("amount"),
            col(table.supplement_version_id).is_not(None).label("supplement"),
            replaced().label("replaced"),
        )
        .where(col(table.award_id).in_(awards))
        .order_by(col(table.award_id), col(table.seq)),
    )


def shares(session: Session, instalments: Ids) -> Rows:
    """The instalments' shares, by fund line code."""
    table = InstalmentShare
    return _rows(
        session,
        select(
            col(table.instalment_id),
            col(table.fund_line_id),
            col(FundLine.code).label("fund_line"),
            col(table.amount_fen).label("amount"),
        )
        .join(FundLine, col(FundLine.id) == table.fund_line_id)
        .where(col(table.instalment_id).in_(instalments))
        .order_by(col(FundLine.code)),
    )


def payouts(session: Session, instalments: Ids, *, by: Actor) -> Rows:
    """Every payout that ever held one of the instalments, oldest first, with paper and run.

    For the city's scope: a run or a file over all counties belongs to none of them, and its
    number tells a county nothing of another. The payouts are the actor's own.
    """
    table = Payout
    held = select(col(PayoutPart.payout_id)).where(col(PayoutPart.instalment_id).in_(instalments))
    return _rows(
        session,
        select(
            col(table.id),
            col(table.number),
            col(table.run_id),
            col(PayoutRun.number).label("run"),
            col(PayoutRun.method),
            col(table.state),
            col(table.amount_fen).label("amount"),
            func.coalesce(BankAccount.number_tail, SchoolAccount.number_tail).label("number_tail"),
            func.coalesce(BankAccount.bank_name, SchoolAccount.bank_name).label("bank_name"),
            col(table.reissue_of),
            col(table.bank_reason),
            col(table.sent_at),
            col(table.settled_at),
            col(table.file_id),
            col(PaymentFile.number).label("file_number"),
            col(PaymentFile.part),
            col(table.file_line),
            col(table.register_id),
            col(PayRegister.number).label("register_number"),
            col(table.register_line),
        )
        .join(PayoutRun, col(PayoutRun.id) == table.run_id)
        .outerjoin(PaymentFile, col(PaymentFile.id) == table.file_id)
        .outerjoin(PayRegister, col(PayRegister.id) == table.register_id)
        .outerjoin(BankAccount, col(BankAccount.id) == table.account_id)
        .outerjoin(SchoolAccount, col(SchoolAccount.id) == table.school_account_id)
        .where(col(table.id).in_(held), visible(Payout, by))
        .order_by(col(table.id)),
    )


def return_lines(session: Session, payouts: Ids) -> Rows:
    """What the bank said of the payouts, in order; for the city's scope, as `payouts`."""
    table = ReturnLine
    return _rows(
        session,
        select(
            col(table.payout_id),
            col(table.return_file_id),
            col(ReturnFile.kind),
            col(table.line_no),
            col(table.outcome),
            col(table.amount_fen).label("amount"),
            col(table.reason),
            col(ReturnFile.received_at),
        )
        .join(ReturnFile, col(ReturnFile.id) == table.return_file_id)
        .where(col(table.payout_id).in_(payouts))
        .order_by(col(table.id)),
    )


def signed_registers(session: Session, payouts: Ids) -> Rows:
    """The payouts' register as it came back, with why nobody signed where nobody did, in order."""
    table = SignedRegister
    return _rows(
        session,
        select(
            col(Payout.id).label("payout_id"),
            col(table.id),
            col(table.state),
            col(table.uploaded_by),
            col(table.uploaded_at),
            col(table.settled_by),
            col(table.settled_at),
            col(UnsignedLine.reason).label("unsigned_because"),
        )
        .join(Payout, col(Payout.register_id) == table.pay_register_id)
        .outerjoin(
            UnsignedLine,
            (col(UnsignedLine.signed_register_id) == table.id)
            & (col(UnsignedLine.payout_id) == col(Payout.id)),
        )
        .where(col(Payout.id).in_(payouts))
        .order_by(col(table.id), col(Payout.id)),
    )


def parts(session: Session, payouts: Ids) -> Rows:
    """The payouts' parts."""
    table = PayoutPart
    return _rows(
        session,
        select(
            col(table.payout_id),
            col(table.instalment_id),
            col(table.amount_fen).label("amount"),
            col(table.live),
        )
        .where(col(table.payout_id).in_(payouts))
        .order_by(col(table.payout_id), col(table.instalment_id)),
    )


def findings(session: Session, payouts: Ids) -> Rows:
    """What the pre-payment checks found of the payouts."""
    table = PayoutFinding
    return _rows(
        session,
        select(col(table.payout_id), col(table.finding))
        .where(col(table.payout_id).in_(payouts))
        .order_by(col(table.payout_id), col(table.finding)),
    )


def fund_lines(session: Session, ids: Ids, named: Select[UUID] | None, *, by: Actor) -> Rows:
    """The fund lines with these ids, and those that the thing asked for names."""
    wanted: ColumnElement[bool] = col(FundLine.id).in_(ids)
    if named is not None:
        wanted = or_(wanted, col(FundLine.id).in_(named))
    return _rows(
        session,
        select(
            col(FundLine.id),
            col(FundLine.code),
            col(FundLine.fiscal_year),
            col(FundLine.programme),
            col(FundLine.source),
            col(Organisation.name).label("holder"),
        )
        .join(Organisation, col(Organisation.id) == FundLine.holder_id)
        .where(wanted, visible(FundLine, by))
        .order_by(col(FundLine.code)),
    )


def appropriations(session: Session, fund_lines: Ids) -> Rows:
    """Everything appropriated to the fund lines, in the order it was recorded."""
    table = Appropriation
    return _rows(
        session,
        select(
            col(table.id),
            col(table.document_number),
            col(table.dated_on),
            col(table.kind),
            col(FundLine.code).label("fund_line"),
            col(table.amount_fen).label("amount"),
            col(table.recorded_at),
        )
        .join(FundLine, col(FundLine.id) == table.fund_line_id)
        .where(col(table.fund_line_id).in_(fund_lines))
        .order_by(col(table.id)),
    )


def transfers(session: Session, refers_to: Ids) -> Rows:
    """The movements of the money of instalments and appropriations, in order."""
    table = LedgerTransfer
    return _rows(
        session,
        select(
            col(table.id),
            col(table.kind),
            col(table.debit),
            col(table.credit),
            col(table.amount_fen).label("amount"),
            col(table.refers_to),
            col(table.batch),
            col(table.office_day),
            col(table.posted_at),
        )
        .where(col(table.refers_to).in_(refers_to))
        .order_by(col(table.id)),
    )

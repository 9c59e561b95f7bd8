"""What a trail can be asked for, found by id or number, and the cases around it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Uuid,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlmodel import Session, col

from app.allocations.models import SchoolAllocation, SchoolAllocationStudent
from app.applications.models import Application, Decision, DecisionBatch
from app.awards.models import Award, Instalment, InstalmentShare
from app.budgets.models import Appropriation, AppropriationKind, FundLine
from app.core.actor import Actor, Scope
from app.core.scoping import visible
from app.disbursement.models import PaymentFile, Payout, PayoutPart, PayoutRun
from app.disbursement.pay_register_models import PayRegister
from app.reconciliation.models import ReturnFile, ReturnLine
from app.reconciliation.signed_register_models import SignedRegister
from app.registry.models import Student
from app.reports.errors import TrailNotFound


class ThingKind(StrEnum):
    """Everything with a place on the paper trail that a caller can ask for."""

    APPROPRIATION = "appropriation"
    APPROPRIATION_DOCUMENT = "appropriation_document"  # all lines of one document number
    FUND_LINE = "fund_line"
    APPLICATION = "application"
    SCHOOL_ALLOCATION = "school_allocation"
    STUDENT = "student"
    DECISION_BATCH = "decision_batch"
    AWARD = "award"
    INSTALMENT = "instalment"
    PAYOUT_RUN = "payout_run"
    PAYOUT = "payout"
    PAYMENT_FILE = "payment_file"
    PAY_REGISTER = "pay_register"
    SIGNED_REGISTER = "signed_register"
    RETURN_FILE = "return_file"


@dataclass(frozen=True)
class Thing:
    """What was found; `id` is None only for a document number, which names several lines."""

    kind: ThingKind
    id: UUID | None
    number: str | None
    state: str | None
    amount_fen: int | None


def find(session: Session, asked: str, *, by: Actor) -> Thing:
    """The thing with this id or number that the actor can see, in one statement.

    Raises TrailNotFound.
    """
    try:
        arms = _by_id(UUID(asked), by)
    except ValueError:
        arms = _by_number(asked, by)
    found = session.execute(union_all(*arms).limit(1)).one_or_none()
    if found is None:
        raise TrailNotFound
    kind, key, number, state, amount_fen = found
    return Thing(ThingKind(kind), key, number, state, amount_fen)


def _by_id(key: UUID, by: Actor) -> list[Select[Any]]:
    decided = exists().where(col(Decision.batch_id) == DecisionBatch.id, visible(Decision, by))
    return [
        *(arm.where(table.id == key) for table, arm in _numbered(by)),
        _arm(ThingKind.APPROPRIATION, Appropriation, Appropriation.document_number,
             Appropriation.kind, Appropriation.amount_fen)
        .where(col(Appropriation.id) == key, _seen(Appropriation, by)),
        _arm(ThingKind.STUDENT, Student, None, Student.identity, None)
        .where(col(Student.id) == key, _seen(Student, by)),
        _arm(ThingKind.DECISION_BATCH, DecisionBatch, None, DecisionBatch.verdict,
             DecisionBatch.amount_fen)
        .where(col(DecisionBatch.id) == key, decided),
        _arm(ThingKind.AWARD, Award, None, Award.state, Award.amount_fen)
        .where(col(Award.id) == key, _seen(Award, by)),
        _arm(ThingKind.INSTALMENT, Instalment, None, Instalment.state, Instalment.amount_fen)
        .where(col(Instalment.id) == key, _seen(Instalment, by)),
        _arm(ThingKind.SIGNED_REGISTER, SignedRegister, None, SignedRegister.state, None)
        .where(col(SignedRegister.id) == key, _seen(SignedRegister, by)),
        _arm(ThingKind.RETURN_FILE, ReturnFile, None, ReturnFile.kind, ReturnFile.amount_fen)
        .where(col(ReturnFile.id) == key, _seen(ReturnFile, by)),
    ]  # fmt: skip


def _by_number(number: str, by: Actor) -> list[Select[Any]]:
    sign = case((col(Appropriation.kind) == AppropriationKind.RECALL, -1), else_=1)
    document: Any = (
        select(
            literal(ThingKind.APPROPRIATION_DOCUMENT.value, String),
            cast(null(), Uuid()),
            col(Appropriation.document_number),
            cast(null(), String),
            cast(func.sum(col(Appropriation.amount_fen) * sign), BigInteger),
        )
        .where(col(Appropriation.document_number) == number, _seen(Appropriation, by))
        .group_by(col(Appropriation.document_number))
    )
    numbered = [
        arm.where(col(FundLine.code if table is FundLine else table.number) == number)
        for table, arm in _numbered(by)
    ]
    return [*numbered, document]


def _numbered(by: Actor) -> list[tuple[Any, Select[Any]]]:
    shapes: list[tuple[ThingKind, Any, Any, Any, Any]] = [
        (ThingKind.FUND_LINE, FundLine, FundLine.code, None, None),
        (ThingKind.APPLICATION, Application, Application.number, Application.state,
         Application.amount_fen),
        (ThingKind.SCHOOL_ALLOCATION, SchoolAllocation, SchoolAllocation.number,
         SchoolAllocation.state, SchoolAllocation.amount_fen),
        (ThingKind.PAYOUT_RUN, PayoutRun, PayoutRun.number, PayoutRun.state, None),
        (ThingKind.PAYOUT, Payout, Payout.number, Payout.state, Payout.amount_fen),
        (ThingKind.PAYMENT_FILE, PaymentFile, PaymentFile.number, None, PaymentFile.amount_fen),
        (ThingKind.PAY_REGISTER, PayRegister, PayRegister.number, None, PayRegister.amount_fen),
    ]  # fmt: skip
    return [(shape[1], _arm(*shape).where(_seen(shape[1], by))) for shape in shapes]


def _arm(kind: ThingKind, table: Any, number: Any, state: Any, amount: Any) -> Select[Any]:
    return select(
        literal(kind.value, String),
        table.id,
        cast(null() if number is None else number, String),
        cast(null() if state is None else state, String),
        cast(null() if amount is None else amount, BigInteger),
    )


def _seen(table: Any, by: Actor) -> ColumnElement[bool]:
    # A school sees nothing of what belongs to an office alone: files, runs, fund lines.
    if by.scope is Scope.SCHOOL and not hasattr(table, "school_id"):
        return false()
    return visible(table, by)


def cases_of(thing: Thing, *, by: Actor) -> Select[UUID]:
    """The ids of the applications around a thing that the actor can see."""
    mine = select(col(Application.id)).where(visible(Application, by))
    if thing.kind is ThingKind.APPLICATION:
        return mine.where(col(Application.id) == thing.id)
    if thing.kind is ThingKind.STUDENT:
        return mine.where(col(Application.student_id) == thing.id)
    if thing.kind is ThingKind.DECISION_BATCH:
        decided = select(col(Decision.application_id)).where(col(Decision.batch_id) == thing.id)
        return mine.where(col(Application.id).in_(decided))
    if thing.kind is ThingKind.SCHOOL_ALLOCATION:
        return mine.where(false())
    return mine.where(col(Application.id).in_(_awarded(Award.application_id, thing)))


def allocations_of(thing: Thing, *, by: Actor) -> Select[UUID]:
    """The ids of the schools' allocations around a thing that the actor can see.

    Around a student: those that count the student.
    """
    mine = select(col(SchoolAllocation.id)).where(visible(SchoolAllocation, by))
    if thing.kind is ThingKind.SCHOOL_ALLOCATION:
        return mine.where(col(SchoolAllocation.id) == thing.id)
    if thing.kind is ThingKind.STUDENT:
        counted = select(col(SchoolAllocationStudent.allocation_id)).where(
            col(SchoolAllocationStudent.student_id) == thing.id
        )
        return mine.where(col(SchoolAllocation.id).in_(counted))
    if thing.kind in {ThingKind.APPLICATION, ThingKind.DECISION_BATCH}:
        return mine.where(false())
    return mine.where(col(SchoolAllocation.id).in_(_awarded(Award.allocation_id, thing)))


def _awarded(key: Any, thing: Thing) -> Select[Any]:
    """What the awards around a thing of money were made for."""
    return (
        select(key)
        .join(Instalment, col(Instalment.award_id) == Award.id)
        .where(_instalment_of(thing), key.is_not(None))
    )


def _instalment_of(thing: Thing) -> ColumnElement[bool]:
    if thing.kind is ThingKind.AWARD:
        return col(Award.id) == thing.id
    if thing.kind is ThingKind.INSTALMENT:
        return col(Instalment.id) == thing.id
    lines = fund_lines_of(thing)
    if lines is not None:
        shares = select(col(InstalmentShare.instalment_id)).where(
            col(InstalmentShare.fund_line_id).in_(lines)
        )
        return col(Instalment.id).in_(shares)
    parts = select(col(PayoutPart.instalment_id)).join(
        Payout, col(Payout.id) == PayoutPart.payout_id
    )
    return col(Instalment.id).in_(parts.where(_payout_of(thing)))


def fund_lines_of(thing: Thing) -> Select[UUID] | None:
    """The fund lines a thing of the budget names; None for a thing of another kind."""
    if thing.kind is ThingKind.FUND_LINE:
        return select(col(FundLine.id)).where(col(FundLine.id) == thing.id)
    lines = select(col(Appropriation.fund_line_id))
    if thing.kind is ThingKind.APPROPRIATION:
        return lines.where(col(Appropriation.id) == thing.id)
    if thing.kind is ThingKind.APPROPRIATION_DOCUMENT:
        return lines.where(col(Appropriation.document_number) == thing.number)
    return None


def _payout_of(thing: Thing) -> ColumnElement[bool]:
    if thing.kind is ThingKind.PAYOUT:
        return col(Payout.id) == thing.id
    if thing.kind is ThingKind.PAYOUT_RUN:
        return col(Payout.run_id) == thing.id
    if thing.kind is ThingKind.PAYMENT_FILE:
        return col(Payout.file_id) == thing.id
    if thing.kind is ThingKind.PAY_REGISTER:
        return col(Payout.register_id) == thing.id
    if thing.kind is ThingKind.SIGNED_REGISTER:
        signed = select(col(SignedRegister.pay_register_id)).where(
            col(SignedRegister.id) == thing.id
        )
        return col(Payout.register_id).in_(signed)
    answered = select(col(ReturnLine.payout_id)).where(col(ReturnLine.return_file_id) == thing.id)
    return col(Payout.id).in_(answered)

"""What is owed back is repaid, kept back from what is due, or written off by two; to the fen."""

from uuid import UUID

import pytest
from sqlalchemy import Uuid, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app.awards import owing
from app.awards.models import Instalment, InstalmentState
from app.awards.owing import Repaid
from app.core import ids
from app.core.actor import Actor
from app.disbursement.models import PaymentFile, Payout, PayoutState
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.reconciliation.models import LineOutcome, ReturnKind
from app.reconciliation.queries import invariants
from app.recoveries import agreements, bars, write_offs
from app.recoveries.errors import (
    AgreementNotFound,
    AgreementThere,
    NothingOwed,
    NotPaid,
    RecoverableAlready,
    RecoveriesMoved,
    WriteOffsMoved,
)
from app.recoveries.models import (
    Recoverable,
    RecoveryAgreement,
    RecoveryBar,
    RecoveryReason,
    RecoveryState,
    WriteOff,
    WriteOffState,
)
from app.recoveries.service import Debt
from app.reports.verification import verify
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import answer, lines_in, outcomes, sent_back, take_in
from tests.reconciliation.conftest import DAY, RURAL, Send

LEFT = Debt(RecoveryReason.LEFT, "4月离校")
EACH = 250_00


@pytest.fixture
def officer(city: City) -> Actor:
    return city.actor("county_officer@370811")


@pytest.fixture
def file(session: Session, sent: Send, maker: Actor) -> PaymentFile:
    """Three payouts of 250.00, paid."""
    made = sent(3)
    take_in(session, made, answer(lines_in(session, made)), maker)
    return made


def paid_instalments(session: Session) -> list[UUID]:
    chosen = select(col(Instalment.id)).where(col(Instalment.state) == InstalmentState.PAID)
    return list(session.execute(chosen.order_by(col(Instalment.id))).scalars())


@pytest.fixture
def debt(session: Session, file: PaymentFile, officer: Actor) -> Recoverable:
    """The first of them is owed back."""
    owing.mark(session, paid_instalments(session)[:1], debt=LEFT, by=officer)
    return session.execute(select(Recoverable)).scalar_one()


def again(session: Session, debt: Recoverable) -> Recoverable:
    session.refresh(debt)
    return debt


def barred(session: Session) -> list[UUID]:
    return list(session.execute(select(col(RecoveryBar.student_id))).scalars())


def repay(session: Session, debt: Recoverable, fen: int, voucher: str, by: Actor) -> None:
    owing.repay(session, [Repaid(debt.id, fen)], voucher=voucher, because="退回", by=by)


def wrong(session: Session) -> list[object]:
    """What does not hold in books and records; the cases themselves are made by the factory."""
    of_cases = {"award-state-off", "outcome-off"}
    found = [each for each in verify(session) if each.code not in of_cases]
    return [*invariants(session), *found]


def test_a_debt_is_repaid_in_parts_that_sum_to_it(
    session: Session, debt: Recoverable, maker: Actor
) -> None:
    assert balances(session, line_code())["recoverable"] == EACH
    assert barred(session) == [debt.student_id]
    repay(session, debt, 100_00, "凭证1", maker)
    assert again(session, debt).state is RecoveryState.OPEN
    assert balances(session, line_code())["recoverable"] == 150_00
    assert wrong(session) == []
    repay(session, debt, 150_00, "凭证2", maker)
    assert again(session, debt).state is RecoveryState.SETTLED
    assert barred(session) == []
    held = balances(session, line_code())
    assert "recoverable" not in held
    assert (held["available"], held["paid"]) == (EACH, 2 * EACH)
    assert wrong(session) == []


def test_no_more_is_repaid_than_is_left(session: Session, debt: Recoverable, maker: Actor) -> None:
    repay(session, debt, 100_00, "凭证1", maker)
    with pytest.raises(RecoveriesMoved) as refused:
        repay(session, debt, 150_01, "凭证2", maker)
    assert refused.value.faults[0].more == {"left": "150.00", "asked": "150.01"}
    assert balances(session, line_code())["recoverable"] == 150_00


def test_a_voucher_settles_a_debt_once(session: Session, debt: Recoverable, maker: Actor) -> None:
    repay(session, debt, 100_00, "凭证1", maker)
    with pytest.raises(IntegrityError), session.begin_nested():
        repay(session, debt, 100_00, "凭证1", maker)


def test_only_what_is_paid_can_be_owed_back(session: Session, sent: Send, officer: Actor) -> None:
    sent(1)
    (in_run,) = session.execute(select(col(Instalment.id))).scalars()
    with pytest.raises(NotPaid):
        owing.mark(session, [in_run], debt=LEFT, by=officer)


def test_an_instalment_is_owed_back_once(
    session: Session, debt: Recoverable, officer: Actor
) -> None:
    with pytest.raises(RecoverableAlready):
        owing.mark(session, [debt.instalment_id], debt=LEFT, by=officer)


def test_another_countys_instalment_is_not_there(
    session: Session, file: PaymentFile, city: City
) -> None:
    elsewhere = city.actor("county_officer@370826")
    with pytest.raises(NotPaid):
        owing.mark(session, paid_instalments(session)[:1], debt=LEFT, by=elsewhere)


def test_a_write_off_needs_a_second_person(
    session: Session, debt: Recoverable, maker: Actor, city: City
) -> None:
    repay(session, debt, 100_00, "凭证1", maker)
    asked = write_offs.ask(session, [debt.id], because="家庭无力偿还", by=maker)
    with pytest.raises(WriteOffsMoved):
        owing.answer_write_offs(session, asked, agree=True, because="同意", by=maker)
    checker = city.actor("finance_checker")
    owing.answer_write_offs(session, asked, agree=True, because="同意", by=checker)
    held = balances(session, line_code())
    assert (held["written_off"], held["available"]) == (150_00, 100_00)
    assert again(session, debt).state is RecoveryState.SETTLED
    assert wrong(session) == []
    with pytest.raises(WriteOffsMoved):
        owing.answer_write_offs(session, asked, agree=True, because="同意", by=checker)


def test_a_refused_write_off_leaves_the_debt_and_may_be_asked_for_again(
    session: Session, debt: Recoverable, maker: Actor, city: City
) -> None:
    asked = write_offs.ask(session, [debt.id], because="家庭无力偿还", by=maker)
    with pytest.raises(RecoveriesMoved):
        write_offs.ask(session, [debt.id], because="再次", by=maker)
    owing.answer_write_offs(
        session, asked, agree=False, because="可分期", by=city.actor("finance_checker")
    )
    assert session.execute(select(col(WriteOff.state))).scalars().all() == [WriteOffState.REFUSED]
    assert again(session, debt).state is RecoveryState.OPEN
    assert write_offs.ask(session, [debt.id], because="再次", by=maker)


def test_an_agreement_lifts_the_bar_until_it_ends(
    session: Session, debt: Recoverable, officer: Actor
) -> None:
    made = agreements.agree(
        session, debt.student_id, offset_basis_points=5000, terms="每期抵扣一半", by=officer
    )
    assert barred(session) == []
    with pytest.raises(AgreementThere):
        agreements.agree(
            session, debt.student_id, offset_basis_points=1, terms="又一份", by=officer
        )
    agreements.end(session, made.id, because="未履行", by=officer)
    assert barred(session) == [debt.student_id]
    assert wrong(session) == []
    with pytest.raises(AgreementNotFound):
        agreements.end(session, made.id, because="未履行", by=officer)


def test_who_owes_nothing_has_nothing_to_agree(session: Session, officer: Actor) -> None:
    with pytest.raises(NothingOwed):
        agreements.agree(session, ids.new(), offset_basis_points=0, terms="x", by=officer)


@pytest.fixture
def owing_payee(session: Session, city: City, debt: Recoverable, officer: Actor) -> UUID:
    """The debtor has 312.51 due and has agreed that half of it is kept back."""
    appropriate(session, 312_51)
    (payee,) = make_payees(session, city.schools[RURAL], 1, 312_51)
    was = select(literal(debt.student_id, Uuid()))
    session.execute(update(Recoverable).values(student_id=payee.student_id))
    bars.renew(session, was, by=officer)
    agreements.agree(
        session, payee.student_id, offset_basis_points=5000, terms="抵扣一半", by=officer
    )
    return payee.student_id


def test_half_of_what_is_due_is_kept_back_and_the_rest_is_paid(
    session: Session, city: City, debt: Recoverable, maker: Actor, owing_payee: UUID
) -> None:
    asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
    run = open_run(session, asked, by=maker)
    payout = session.execute(select(Payout).where(col(Payout.run_id) == run.id)).scalar_one()
    assert payout.amount_fen == 156_26
    assert (again(session, debt).settled_fen, debt.state) == (156_25, RecoveryState.OPEN)
    held = balances(session, line_code())
    assert (held["recoverable"], held["available"]) == (93_75, 156_25)
    assert held["paid"] == 2 * EACH + 156_25
    assert wrong(session) == []
    sent = release(session, run.id, by=city.actor("finance_checker")).files[0]
    take_in(session, sent, answer(lines_in(session, sent)), maker)
    assert balances(session, line_code())["paid"] == 2 * EACH + 312_51
    assert wrong(session) == []


def test_no_more_is_kept_back_than_is_owed(
    session: Session, debt: Recoverable, maker: Actor, owing_payee: UUID
) -> None:
    repay(session, debt, 249_99, "凭证1", maker)
    asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
    run = open_run(session, asked, by=maker)
    payout = session.execute(select(Payout).where(col(Payout.run_id) == run.id)).scalar_one()
    assert payout.amount_fen == 312_50
    assert again(session, debt).state is RecoveryState.SETTLED
    assert wrong(session) == []


def test_the_whole_debt_may_be_kept_back_at_once(
    session: Session, debt: Recoverable, maker: Actor, officer: Actor, owing_payee: UUID
) -> None:
    session.execute(update(RecoveryAgreement).values(offset_basis_points=10_000))
    asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
    run = open_run(session, asked, by=maker)
    payout = session.execute(select(Payout).where(col(Payout.run_id) == run.id)).scalar_one()
    assert payout.amount_fen == 62_51
    assert again(session, debt).state is RecoveryState.SETTLED
    assert wrong(session) == []


def test_a_return_of_what_is_settled_in_part_is_for_somebody_to_look_at(
    session: Session, file: PaymentFile, debt: Recoverable, maker: Actor
) -> None:
    repay(session, debt, 100_00, "凭证1", maker)
    payout = session.execute(
        select(Payout).where(col(Payout.student_id) == debt.student_id)
    ).scalar_one()
    (line,) = [one for one in lines_in(session, file) if one.seq == payout.file_line]
    back = answer([line], otherwise=sent_back)
    taken = take_in(session, file, back, maker, ReturnKind.REVERSAL)
    assert outcomes(session, taken) == [LineOutcome.CONTRADICTS]
    session.refresh(payout)
    assert payout.state is PayoutState.PAID
    assert wrong(session) == []

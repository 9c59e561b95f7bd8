"""Cash and meal cards: for whom policy allows them, what is asked before, and what is signed."""

import io
from collections.abc import Callable
from typing import get_args
from uuid import UUID

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text, update
from sqlmodel import Session, col

from app.core import crypto
from app.disbursement import holds
from app.disbursement.errors import NothingDue, PayoutsNotReissuable
from app.disbursement.method_errors import METHODS, FormatUnfit, MethodNotAllowed
from app.disbursement.models import (
    PayeeCheck,
    Payout,
    PayoutFinding,
    PayoutMethod,
    PayoutState,
)
from app.disbursement.release import release
from app.disbursement.rules import ABOUT_ACCOUNT
from app.disbursement.service import recheck, reissue
from app.documents import service as documents
from app.policy.catalogue import Method
from app.reconciliation.queries import invariants
from app.registry.models import AccountState, BankAccount, Student
from tests.disbursement.conftest import OTHER_COUNTY, RURAL, Open
from tests.disbursement.spoilers import (
    account_changed,
    deceased,
    move_to,
    paid_twice,
    rate_differs,
    settle_run,
    staff_account,
)
from tests.factories.cases import amend
from tests.factories.in_hand import IN_HAND, payouts_of, release_in_hand
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import Payee, make_accounts, make_payees

CASH = PayoutMethod.CASH


@pytest.fixture
def cash(opened: Open) -> Callable[[], UUID]:
    """Opens a cash run and answers its id."""
    return lambda: opened(bank_format=None, method=CASH).id


def findings(session: Session, run_id: UUID) -> set[str]:
    found = select(col(PayoutFinding.finding)).join(
        Payout, col(Payout.id) == col(PayoutFinding.payout_id)
    )
    return {
        one.value for one in session.execute(found.where(col(Payout.run_id) == run_id)).scalars()
    }


def students(session: Session, run_id: UUID) -> set[UUID | None]:
    chosen = select(col(Payout.student_id)).where(col(Payout.run_id) == run_id)
    return set(session.execute(chosen).scalars())


def test_the_policys_methods_are_those_of_a_run() -> None:
    assert set(get_args(Method)) == {one.value for one in PayoutMethod} == METHODS.keys()


@pytest.mark.parametrize("method", [CASH, PayoutMethod.MEAL_CARD])
def test_a_run_in_hand_takes_only_what_its_awards_version_allows(
    session: Session, city: City, opened: Open, method: PayoutMethod
) -> None:
    appropriate(session, 10_000_00)
    before = {one.student_id for one in make_payees(session, city.schools[RURAL], 2)}
    amend(session, methods=("bank", method.value))
    after = {one.student_id for one in make_payees(session, city.schools[RURAL], 3)}
    assert students(session, opened(bank_format=None, method=method).id) == after
    assert students(session, opened().id) == before


def test_the_bank_pays_what_could_be_paid_in_hand_too(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    payees = make_payees(session, city.schools[RURAL], 2)
    assert students(session, opened().id) == {one.student_id for one in payees}


def test_a_supplement_is_paid_as_the_version_that_added_it_allows(
    session: Session, city: City, cash: Callable[[], UUID]
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    (payee,) = make_payees(session, city.schools[RURAL], 1)
    by_bank_alone = amend(session, methods=("bank",))
    session.execute(
        text("UPDATE instalment SET supplement_version_id = :version"), {"version": by_bank_alone}
    )
    with pytest.raises(NothingDue), session.begin_nested():
        cash()
    session.execute(text("UPDATE instalment SET supplement_version_id = NULL"))
    assert students(session, cash()) == {payee.student_id}


def test_a_method_that_no_version_allows_is_refused(
    session: Session, city: City, cash: Callable[[], UUID]
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 1)
    amend(session, methods=("bank", "meal_card"))
    with pytest.raises(MethodNotAllowed, match="in cash"):
        cash()


@pytest.mark.parametrize(
    ("method", "bank_format"), [(CASH, "generic-pipe"), (PayoutMethod.BANK, None)]
)
def test_a_bank_run_names_its_format_and_no_other_does(
    opened: Open, method: PayoutMethod, bank_format: str | None
) -> None:
    with pytest.raises(FormatUnfit):
        opened(bank_format=bank_format, method=method)


def no_account(session: Session, city: City, payee: Payee) -> None:
    session.execute(update(BankAccount).values(state=AccountState.REPLACED))


def account_unconfirmed(session: Session, city: City, payee: Payee) -> None:
    make_accounts(session, city.schools[RURAL], [payee.student_id], AccountState.UNCONFIRMED)


def another_holder(session: Session, city: City, payee: Payee) -> None:
    session.execute(update(BankAccount).values(holder_name="李丽"))


def shared(session: Session, city: City, payee: Payee) -> None:
    (other,) = make_payees(session, city.schools[RURAL], 1)
    move_to(session, city, other.student_id, payee.number)


def name_no_bank_writes(session: Session, city: City, payee: Payee) -> None:
    session.execute(update(BankAccount).values(holder_name="赵|芳"))
    session.execute(update(Student).values(name="赵|芳"))


@pytest.mark.parametrize(
    "spoil",
    [no_account, account_unconfirmed, another_holder, shared, staff_account, name_no_bank_writes],
)
def test_what_is_wrong_with_an_account_holds_the_bank_and_not_the_hand(
    session: Session,
    city: City,
    opened: Open,
    cash: Callable[[], UUID],
    spoil: Callable[[Session, City, Payee], None],
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    (payee,) = make_payees(session, city.schools[RURAL], 1)
    spoil(session, city, payee)
    with session.begin_nested() as only_asked:
        assert findings(session, opened().id) & ABOUT_ACCOUNT
        only_asked.rollback()
    session.expire_all()
    run = cash()
    assert findings(session, run) == set()
    made = session.execute(
        select(Payout).where(col(Payout.run_id) == run, col(Payout.student_id) == payee.student_id)
    ).scalar_one()
    assert (made.state, made.account_id) == (PayoutState.READY, None)
    assert set(made.checks) == set(PayeeCheck) - ABOUT_ACCOUNT


def test_who_was_paid_to_another_card_before_may_be_paid_in_hand(
    session: Session, city: City, cash: Callable[[], UUID]
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    (payee,) = make_payees(session, city.schools[RURAL], 1)
    account_changed(session, city, payee)
    assert findings(session, cash()) == set()


def on_hold(session: Session, city: City, payee: Payee) -> None:
    holds.place(session, payee.student_id, because="待查", by=city.actor("city_officer"))


@pytest.mark.parametrize("spoil", [on_hold, deceased, paid_twice, rate_differs])
def test_every_other_guard_holds_the_hand_too(
    session: Session,
    city: City,
    cash: Callable[[], UUID],
    spoil: Callable[[Session, City, Payee], None],
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    (payee,) = make_payees(session, city.schools[RURAL], 1)
    spoil(session, city, payee)
    assert findings(session, cash()) == {spoil.__name__}


def test_a_held_payout_is_ready_once_its_hold_is_lifted_and_leaves_without_an_account(
    session: Session, city: City, cash: Callable[[], UUID]
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    (payee,) = make_payees(session, city.schools[RURAL], 1)
    officer = city.actor("city_officer")
    hold = holds.place(session, payee.student_id, because="待查", by=officer)
    run = cash()
    holds.lift(session, hold.id, because="已核实", by=officer)
    assert recheck(session, run, by=city.actor("finance_maker")).ready == 1
    done = release(session, run, by=city.actor("finance_checker"))
    (sent,) = payouts_of(session, done.registers[0])
    assert (sent.state, sent.account_id, sent.file_id) == (PayoutState.SENT, None, None)


def test_a_release_in_hand_sends_the_money_and_gives_each_school_its_register(
    session: Session, city: City
) -> None:
    done = release_in_hand(session, city, {RURAL: 3, OTHER_COUNTY: 2})
    assert done.files == ()
    assert [(one.number, one.line_count, one.amount_fen) for one in done.registers] == [
        ("Q-2008-0001", 3, 750_00),
        ("Q-2008-0002", 2, 500_00),
    ]
    assert {one.school_id for one in done.registers} == {
        city.schools[RURAL].id, city.schools[OTHER_COUNTY].id,
    }  # fmt: skip
    assert (done.payouts, done.amount_fen, done.below_minimum) == (5, 1250_00, False)
    assert balances(session, line_code())["in_transit"] == 750_00
    assert balances(session, line_code("370826"))["in_transit"] == 500_00
    assert invariants(session) == []


def test_a_register_names_every_payee_with_room_to_sign_and_the_total_in_words(
    session: Session, city: City
) -> None:
    amend(session, methods=IN_HAND)
    done = release_in_hand(session, city, {RURAL: 3}, "meal_card")
    (register,) = done.registers
    data = documents.read(session, register.document_id)
    assert register.sha256 == crypto.fingerprint(data)
    told = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert "签领册（饭卡）" in told[0][0]
    assert register.number in told[1][0]
    assert told[2] == ["序号", "发放编号", "姓名", "班级", "金额（元）", "签名", "日期"]
    lines = payouts_of(session, register)
    named = dict(session.execute(select(col(Student.id), col(Student.name))).all())
    assert told[3:6] == [
        [str(line), one.number, named[one.student_id], "1年级 1班", "250.00", "", ""]
        for line, one in enumerate(lines, start=1)
    ]
    assert told[6][:5] == ["合计", "3 人", "", "", "750.00"]
    assert told[7][0] == "合计（大写）：人民币柒佰伍拾元整"


def test_a_name_that_a_spreadsheet_would_run_is_written_as_text(
    session: Session, city: City, cash: Callable[[], UUID]
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    make_payees(session, city.schools[RURAL], 1)
    session.execute(update(Student).values(name="=1+1"))
    done = release(session, cash(), by=city.actor("finance_checker"))
    data = documents.read(session, done.registers[0].document_id)
    told = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert told[3][2] == "'=1+1"


def failed_at_the_bank(session: Session, city: City) -> UUID:
    run = settle_run(session, city, PayoutState.FAILED)
    return session.execute(select(col(Payout.id)).where(col(Payout.run_id) == run)).scalar_one()


def test_what_the_bank_refused_is_paid_in_hand_where_policy_allows(
    session: Session, city: City
) -> None:
    appropriate(session, 10_000_00)
    amend(session, methods=IN_HAND)
    (payee,) = make_payees(session, city.schools[RURAL], 1)
    old = failed_at_the_bank(session, city)
    no_account(session, city, payee)
    run = reissue(session, [old], bank_format=None, by=city.actor("finance_maker"), method=CASH)
    done = release(session, run.id, by=city.actor("finance_checker"))
    (again,) = payouts_of(session, done.registers[0])
    assert (again.reissue_of, again.student_id, again.account_id) == (old, payee.student_id, None)


def test_what_the_bank_refused_is_not_paid_in_hand_against_its_version(
    session: Session, city: City
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 1)
    old = failed_at_the_bank(session, city)
    amend(session, methods=IN_HAND)
    with pytest.raises(PayoutsNotReissuable) as refused:
        reissue(session, [old], bank_format=None, by=city.actor("finance_maker"), method=CASH)
    assert [fault.code for fault in refused.value.faults] == ["method_not_allowed"]

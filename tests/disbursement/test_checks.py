"""Each pre-payment check finds its own, all that fail are listed, and clean payouts are ready."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlmodel import Session, col

from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.disbursement import holds
from app.disbursement.models import PayeeCheck, Payout, PayoutFinding, PayoutState
from app.disbursement.service import recheck
from app.registry.models import (
    AbsenceKind,
    AccountState,
    BankAccount,
    Enrolment,
    EnrolmentAbsence,
    HolderKind,
    IdentityState,
    School,
    Student,
)
from app.registry.service_school_accounts import NewSchoolAccount, enter_school_account
from tests.disbursement.conftest import RURAL, Open
from tests.disbursement.spoilers import (
    account_changed,
    deceased,
    over_year_maximum,
    paid_twice,
    rate_differs,
    staff_account,
)
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import Payee, confirm_enrolment, enrol, make_accounts, make_payees

JUNIOR = "3137000008"


@pytest.fixture
def school(session: Session, city: City) -> School:
    appropriate(session, 10_000_00)
    return city.schools[RURAL]


@pytest.fixture
def payee(session: Session, school: School) -> Payee:
    return make_payees(session, school, 1)[0]


def set_student(session: Session, payee: Payee, **values: object) -> None:
    session.execute(update(Student).where(col(Student.id) == payee.student_id).values(**values))


def set_account(session: Session, payee: Payee, **values: object) -> None:
    session.execute(
        update(BankAccount).where(col(BankAccount.id) == payee.account_id).values(**values)
    )


def findings(session: Session, payee: Payee) -> set[str]:
    found = session.execute(
        select(col(PayoutFinding.finding))
        .join(Payout, col(Payout.id) == col(PayoutFinding.payout_id))
        .where(col(Payout.student_id) == payee.student_id)
    )
    return {one.value for one in found.scalars()}


def state(session: Session, payee: Payee) -> PayoutState:
    newest = select(col(Payout.state)).where(col(Payout.student_id) == payee.student_id)
    return session.execute(newest.order_by(col(Payout.number).desc()).limit(1)).scalar_one()


def no_account(session: Session, city: City, payee: Payee) -> None:
    set_account(session, payee, state=AccountState.REFUSED)


def account_unconfirmed(session: Session, city: City, payee: Payee) -> None:
    set_account(session, payee, state=AccountState.UNCONFIRMED)


def holder_differs(session: Session, city: City, payee: Payee) -> None:
    set_account(session, payee, holder_name="别的人")


def shared_across_households(session: Session, city: City, payee: Payee) -> None:
    set_student(session, payee, guardian_name="张三")
    (other,) = make_payees(session, city.schools[RURAL], 1)
    set_student(session, other, guardian_name="李四")
    set_account(session, other, state=AccountState.REPLACED)
    make_accounts(session, city.schools[RURAL], [other.student_id], number=payee.number)


def enrolment_unconfirmed(session: Session, city: City, payee: Payee) -> None:
    other = city.schools[JUNIOR]
    place = {"school_id": other.id, "county_id": other.county_id}
    set_student(session, payee, **place)
    session.execute(
        update(Enrolment).where(col(Enrolment.student_id) == payee.student_id).values(**place)
    )


def not_enrolled(session: Session, city: City, payee: Payee) -> None:
    session.execute(
        update(Enrolment)
        .where(col(Enrolment.student_id) == payee.student_id)
        .values(left_on=date(2008, 5, 1), left_because="转出")
    )


def identity_provisional(session: Session, city: City, payee: Payee) -> None:
    set_student(session, payee, identity=IdentityState.PROVISIONAL)


def over_award(session: Session, city: City, payee: Payee) -> None:
    for less in (
        "UPDATE award SET amount_fen = 24999",
        "UPDATE application SET amount_fen = 24999",
    ):
        session.execute(text(f"{less} WHERE student_id = :id"), {"id": payee.student_id})


def on_hold(session: Session, city: City, payee: Payee) -> None:
    holds.place(session, payee.student_id, because="来信反映", by=city.actor("city_officer"))


def name_unfit_for_bank(session: Session, city: City, payee: Payee) -> None:
    set_student(session, payee, name="张 三")
    set_account(session, payee, holder_name="张 三")


SPOILERS: list[Callable[[Session, City, Payee], None]] = [
    no_account,
    account_unconfirmed,
    holder_differs,
    shared_across_households,
    enrolment_unconfirmed,
    not_enrolled,
    identity_provisional,
    over_award,
    on_hold,
    name_unfit_for_bank,
    staff_account,
    over_year_maximum,
    paid_twice,
    deceased,
    account_changed,
    rate_differs,
]


def test_every_check_has_a_test() -> None:
    assert {one.__name__ for one in SPOILERS} == {check.value for check in PayeeCheck}


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda spoil: spoil.__name__)
def test_a_check_finds_its_own_and_holds_the_payout(
    session: Session,
    city: City,
    payee: Payee,
    opened: Open,
    spoil: Callable[[Session, City, Payee], None],
) -> None:
    spoil(session, city, payee)
    opened()
    assert findings(session, payee) == {spoil.__name__}
    assert state(session, payee) is PayoutState.HELD


def test_a_clean_payout_is_ready(session: Session, payee: Payee, opened: Open) -> None:
    opened()
    assert findings(session, payee) == set()
    assert state(session, payee) is PayoutState.READY


def test_all_that_fails_is_listed(session: Session, city: City, payee: Payee, opened: Open) -> None:
    for spoil in (holder_differs, not_enrolled, identity_provisional, on_hold):
        spoil(session, city, payee)
    opened()
    assert findings(session, payee) == {
        "holder_differs", "not_enrolled", "identity_provisional", "on_hold",
    }  # fmt: skip


def test_brothers_of_one_guardian_may_share_an_account(
    session: Session, school: School, payee: Payee, opened: Open
) -> None:
    (brother,) = make_payees(session, school, 1)
    for one in (payee, brother):
        set_student(session, one, guardian_name="张大山")
    set_account(session, brother, state=AccountState.REPLACED)
    make_accounts(session, school, [brother.student_id], number=payee.number)
    opened()
    assert findings(session, payee) == findings(session, brother) == set()


def test_one_account_of_two_whose_guardians_are_unknown_holds_both(
    session: Session, school: School, payee: Payee, opened: Open
) -> None:
    (other,) = make_payees(session, school, 1)
    set_account(session, other, state=AccountState.REPLACED)
    make_accounts(session, school, [other.student_id], number=payee.number)
    opened()
    assert findings(session, payee) == findings(session, other) == {"shared_across_households"}


def test_a_students_account_that_is_a_schools_is_held(
    session: Session, city: City, school: School, payee: Payee, opened: Open
) -> None:
    new = NewSchoolAccount(
        number=payee.number, bank_name="农村信用社", holder_name=school.name, shared_checked=True
    )
    by = city.actor(f"school_clerk@{RURAL}")
    enter_school_account(session, school.id, new, by=by)
    db.enter(session, SYSTEM)
    opened()
    assert findings(session, payee) == {"shared_across_households"}


def test_a_guardians_account_with_relation_and_reason_is_paid(
    session: Session, payee: Payee, opened: Open
) -> None:
    guardian = {"holder_name": "张大山", "relation": "父亲", "reason": "学生无证件"}
    set_account(session, payee, holder=HolderKind.GUARDIAN, **guardian)
    opened()
    assert findings(session, payee) == set()


def test_a_guardians_account_with_a_blank_reason_is_held(
    session: Session, payee: Payee, opened: Open
) -> None:
    guardian = {"holder_name": "张大山", "relation": "父亲", "reason": " "}
    set_account(session, payee, holder=HolderKind.GUARDIAN, **guardian)
    opened()
    assert findings(session, payee) == {"holder_differs"}


def test_a_change_that_waits_for_its_second_person_holds_the_old_account_too(
    session: Session, school: School, payee: Payee, opened: Open
) -> None:
    make_accounts(session, school, [payee.student_id], AccountState.UNCONFIRMED)
    opened()
    assert findings(session, payee) == {"account_unconfirmed"}


def mark_absent(session: Session, confirmation: UUID, school: School, payee: Payee) -> None:
    session.add(
        EnrolmentAbsence(
            confirmation_id=confirmation,
            student_id=payee.student_id,
            school_id=school.id,
            county_id=school.county_id,
            kind=AbsenceKind.SUSPENDED,
            since=date(2008, 4, 1),
        )
    )
    session.flush()


def test_the_newest_confirmation_decides_who_is_absent(
    session: Session, school: School, payee: Payee, opened: Open
) -> None:
    first = confirm_enrolment(session, school, "2008-spring")
    mark_absent(session, first, school, payee)
    opened()
    assert findings(session, payee) == {"not_enrolled"}


def test_one_marked_absent_and_there_again_is_paid(
    session: Session, school: School, payee: Payee, opened: Open
) -> None:
    first = confirm_enrolment(session, school, "2008-spring")
    mark_absent(session, first, school, payee)
    confirm_enrolment(session, school, "2008-spring")
    opened()
    assert findings(session, payee) == set()


def graduated(session: Session, city: City, payee: Payee) -> None:
    """The year's enrolment ended with the graduation; a junior school has the student now."""
    session.execute(
        update(Enrolment)
        .where(col(Enrolment.student_id) == payee.student_id)
        .values(left_on=date(2008, 7, 15), left_because="毕业", graduated=True)
    )
    junior = city.schools[JUNIOR]
    set_student(session, payee, school_id=junior.id, county_id=junior.county_id)
    enrol(session, junior, [payee.student_id], school_year="2008-2009")


def test_the_word_of_the_school_that_was_left_counts_for_a_graduate(
    session: Session, city: City, school: School, payee: Payee, opened: Open
) -> None:
    marked = confirm_enrolment(session, school, "2008-spring")
    mark_absent(session, marked, school, payee)
    graduated(session, city, payee)
    confirm_enrolment(session, city.schools[JUNIOR], "2008-spring")
    opened()
    assert findings(session, payee) == {"not_enrolled"}


def test_a_graduate_who_was_there_needs_no_word_of_the_new_school(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    graduated(session, city, payee)
    opened()
    assert findings(session, payee) == set()


def test_after_a_transfer_within_the_year_the_new_schools_word_counts(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    not_enrolled(session, city, payee)
    junior = city.schools[JUNIOR]
    set_student(session, payee, school_id=junior.id, county_id=junior.county_id)
    enrol(session, junior, [payee.student_id])
    run = opened()
    assert findings(session, payee) == {"enrolment_unconfirmed"}
    confirm_enrolment(session, junior, "2008-spring")
    recheck(session, run.id, by=city.actor("finance_maker"))
    assert findings(session, payee) == set()


def test_a_recheck_takes_the_corrected_account_and_makes_the_payout_ready(
    session: Session, city: City, school: School, payee: Payee, opened: Open
) -> None:
    holder_differs(session, city, payee)
    run = opened()
    set_account(session, payee, state=AccountState.REPLACED)
    ((account, _),) = make_accounts(session, school, [payee.student_id])
    done = recheck(session, run.id, by=city.actor("finance_maker"))
    assert (done.examined, done.ready) == (1, 1)
    assert state(session, payee) is PayoutState.READY
    assert findings(session, payee) == set()
    paid_to = select(col(Payout.account_id)).where(col(Payout.student_id) == payee.student_id)
    assert session.execute(paid_to).scalar_one() == account.id


def test_a_recheck_keeps_what_is_still_wrong(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    holder_differs(session, city, payee)
    on_hold(session, city, payee)
    run = opened()
    session.execute(
        text("UPDATE payment_hold SET lifted_at = :now, lifted_by = :id"),
        {"now": clock.now(), "id": ids.new()},
    )
    done = recheck(session, run.id, by=city.actor("finance_maker"))
    assert (done.examined, done.ready) == (1, 0)
    assert findings(session, payee) == {"holder_differs"}

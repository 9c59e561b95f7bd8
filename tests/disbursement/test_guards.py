"""The guards on both sides of their thresholds; who may override which, and how long that holds."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlmodel import Session, col

from app.core import db
from app.core.actor import SYSTEM
from app.disbursement import overrides
from app.disbursement.errors import NothingReady
from app.disbursement.guard_errors import (
    FindingsNotOpen,
    NotOverridable,
    OverrideByOpener,
)
from app.disbursement.models import PayeeCheck, Payout, PayoutFinding, PayoutState
from app.disbursement.release import release
from app.disbursement.rules import NEVER_OVERRIDDEN
from app.disbursement.service import open_run, recheck
from app.disbursement.staff_accounts import NewStaffAccount, hand_in, remove
from app.registry import numbers
from app.registry.models import IdentityState, School, Student
from tests.disbursement.conftest import RURAL, Open
from tests.disbursement.spoilers import (
    account_changed,
    another_award,
    deceased,
    move_to,
    over_year_maximum,
    rate_differs,
    settle_run,
    staff_account,
)
from tests.disbursement.test_races import ASKED
from tests.disbursement.test_runs import counting
from tests.factories.id_corrections import correct
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import Payee, make_payees
from tests.registry.rows import resident_id


@pytest.fixture
def school(session: Session, city: City) -> School:
    appropriate(session, 10_000_00)
    return city.schools[RURAL]


@pytest.fixture
def payee(session: Session, school: School) -> Payee:
    return make_payees(session, school, 1)[0]


def open_findings(session: Session, run_id: UUID) -> set[str]:
    found = select(col(PayoutFinding.finding)).join(
        Payout, col(Payout.id) == col(PayoutFinding.payout_id)
    )
    held = found.where(col(Payout.run_id) == run_id, col(PayoutFinding.outcome) == "open")
    return {one.value for one in session.execute(held).scalars()}


def states(session: Session, run_id: UUID) -> set[PayoutState]:
    return set(
        session.execute(select(col(Payout.state)).where(col(Payout.run_id) == run_id)).scalars()
    )


def ids_of(session: Session, run_id: UUID) -> list[UUID]:
    return list(
        session.execute(select(col(Payout.id)).where(col(Payout.run_id) == run_id)).scalars()
    )


def answer_for(
    session: Session, city: City, run_id: UUID, finding: str, who: str = "finance_checker"
) -> overrides.Overridden:
    asked = overrides.OverrideAsked(
        payouts=ids_of(session, run_id), findings=[PayeeCheck(finding)], because="已电话核实"
    )
    return overrides.override(session, run_id, asked, by=city.actor(who))


@pytest.mark.parametrize(("most_fen", "found"), [(500_00, set()), (499_99, {"over_year_maximum"})])
def test_two_terms_together_stand_on_the_years_maximum(
    session: Session, city: City, payee: Payee, opened: Open, most_fen: int, found: set[str]
) -> None:
    settle_run(session, city, PayoutState.PAID)
    another_award(session, city, payee)
    over_year_maximum(session, city, payee, most_fen)
    assert open_findings(session, opened().id) == found


def test_what_failed_counts_nothing_towards_the_years_maximum(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    settle_run(session, city, PayoutState.FAILED)
    another_award(session, city, payee)
    over_year_maximum(session, city, payee, 250_00)
    assert open_findings(session, opened().id) == set()


def test_one_of_the_same_number_but_another_name_is_not_held_as_deceased(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    deceased(session, city, payee, name_agrees=False)
    assert open_findings(session, opened().id) == set()


def test_one_whose_number_was_a_dead_childs_is_not_held_once_it_is_corrected(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    wrong = resident_id(1)
    documented = {
        "identity": IdentityState.DOCUMENTED,
        "resident_id": numbers.seal("resident_id", wrong, payee.student_id),
        "resident_id_index": numbers.resident_index(wrong),
    }
    session.execute(update(Student).where(col(Student.id) == payee.student_id).values(**documented))
    deceased(session, city, payee)
    run_id = opened().id
    assert open_findings(session, run_id) == {"deceased"}
    correct(session, city, payee.student_id, resident_id(2))
    recheck(session, run_id, by=city.actor("finance_maker"))
    assert open_findings(session, run_id) == set()


def test_a_card_taken_off_the_staffs_register_holds_nobody(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    card = NewStaffAccount(payee.number, "赵师", "班主任工资卡")
    clerk = city.actor(f"school_clerk@{RURAL}")
    (made,) = hand_in(session, city.schools[RURAL].id, [card], by=clerk)
    assert hand_in(session, city.schools[RURAL].id, [card], by=clerk) == []
    remove(session, made, because="已调离", by=city.actor("city_officer"))
    assert open_findings(session, opened().id) == set()


@pytest.mark.parametrize("last", [(PayoutState.FAILED,), (PayoutState.PAID, PayoutState.RETURNED)])
def test_an_account_changed_because_the_bank_refused_the_money_is_paid(
    session: Session, city: City, payee: Payee, opened: Open, last: tuple[PayoutState, ...]
) -> None:
    settle_run(session, city, *last)
    another_award(session, city, payee)
    move_to(session, city, payee.student_id)
    assert open_findings(session, opened().id) == set()


def test_the_account_the_money_arrived_at_last_is_paid_again(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    settle_run(session, city, PayoutState.PAID)
    another_award(session, city, payee)
    move_to(session, city, payee.student_id, payee.number)
    assert open_findings(session, opened().id) == set()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE instalment SET amount_fen = amount_fen - 1",
        "UPDATE award SET amount_fen = amount_fen + 1",
    ],
)
def test_a_plan_one_fen_short_of_what_was_decided_is_held(
    session: Session, payee: Payee, opened: Open, change: str
) -> None:
    session.execute(text(change))
    assert "rate_differs" in open_findings(session, opened().id)


def test_a_finding_answered_for_by_another_person_is_paid_and_stays_on_record(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    staff_account(session, city, payee)
    run = opened()
    assert answer_for(session, city, run.id, "staff_account") == overrides.Overridden(1, 1)
    assert release(session, run.id, by=city.actor("finance_checker")).payouts == 1
    kept = session.execute(select(col(PayoutFinding.finding), col(PayoutFinding.outcome))).all()
    assert [tuple(one) for one in kept] == [("staff_account", "overridden")]
    (checks,) = session.execute(select(col(Payout.checks))).scalars()
    assert set(checks) == set(PayeeCheck)


def test_who_opened_the_run_overrides_nothing(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    staff_account(session, city, payee)
    run = opened()
    with pytest.raises(OverrideByOpener):
        answer_for(session, city, run.id, "staff_account", "finance_maker")


def test_one_finding_answered_for_leaves_the_other_to_hold(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    account_changed(session, city, payee)
    run_id = opened().id
    staff_account_of(session, city)
    recheck(session, run_id, by=city.actor("finance_maker"))
    assert answer_for(session, city, run_id, "staff_account").ready == 0
    assert states(session, run_id) == {PayoutState.HELD}
    with pytest.raises(FindingsNotOpen):
        answer_for(session, city, run_id, "staff_account")
    assert answer_for(session, city, run_id, "account_changed").ready == 1


def staff_account_of(session: Session, city: City) -> None:
    """Every confirmed account is one of the staff's from now on."""
    session.execute(
        text(
            "INSERT INTO staff_account (id, school_id, county_id, number_index, number_tail, "
            "holder_name, reason, made_by, made_at) SELECT gen_random_uuid(), school_id, "
            "county_id, number_index, number_tail, '赵师', '教师', made_by, now() "
            "FROM bank_account WHERE state = 'confirmed' ON CONFLICT DO NOTHING"
        )
    )


@pytest.mark.parametrize("finding", sorted(NEVER_OVERRIDDEN))
def test_what_nobody_may_override_is_refused_before_anything_else(
    session: Session, city: City, payee: Payee, opened: Open, finding: PayeeCheck
) -> None:
    rate_differs(session, city, payee)
    run = opened()
    with pytest.raises(NotOverridable):
        answer_for(session, city, run.id, finding)


def test_an_override_ends_when_another_account_is_seen(
    session: Session, city: City, payee: Payee, opened: Open
) -> None:
    staff_account(session, city, payee)
    run = opened()
    answer_for(session, city, run.id, "staff_account")
    account = move_to(session, city, payee.student_id)
    staff_account_of(session, city)
    session.execute(text("UPDATE payout SET account_id = :id"), {"id": account.id})
    with pytest.raises(NothingReady):
        release(session, run.id, by=city.actor("finance_checker"))


def test_2000_payouts_take_no_more_statements_than_two(
    session: Session, city: City, opened: Open
) -> None:
    taken = []
    for n in (2, 2000):
        appropriate(session, n * 250_00)
        make_payees(session, city.schools[RURAL], n)
        staff_account_of(session, city)
        with counting() as sent:
            run = opened()
            assert answer_for(session, city, run.id, "staff_account").ready == n
            recheck(session, run.id, by=city.actor("finance_maker"))
        taken.append(len(sent))
        release(session, run.id, by=city.actor("finance_checker"))
    assert taken[0] == taken[1]


def two_runs_at_the_maximum(city: City) -> list[UUID]:
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 500_00)
        (payee,) = make_payees(session, city.schools[RURAL], 1)
        maker = city.actor("finance_maker")
        first = open_run(session, ASKED, by=maker).id
        another_award(session, city, payee)
        over_year_maximum(session, city, payee, 499_99)
        return [first, open_run(session, ASKED, by=maker).id]


def test_two_runs_released_at_once_never_pass_the_years_maximum(city: City) -> None:
    runs, checker = two_runs_at_the_maximum(city), city.actor("finance_checker")
    gate = Barrier(2)

    def leave(run_id: UUID) -> str:
        gate.wait()
        try:
            with db.scoped_session(checker) as session:
                release(session, run_id, by=checker)
        except NothingReady:
            return "held"
        return "released"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, runs)) == ["held", "released"]
    with db.scoped_session(SYSTEM) as session:
        sent = select(func.sum(Payout.amount_fen)).where(col(Payout.state) == PayoutState.SENT)
        assert session.execute(sent).scalar_one() == 250_00

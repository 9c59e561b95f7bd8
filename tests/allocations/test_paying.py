"""From a head count to the bank line that proves the school was paid."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.allocations.errors import AllocationNotFound
from app.allocations.service import approve, cancel
from app.awards.errors import AwardNotCancellable
from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.paging import PageAsked
from app.disbursement import queries as payments
from app.disbursement.models import PaymentFile, PayoutRun
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run, recheck
from app.ledger import service as ledger
from app.reconciliation.models import ReturnKind
from app.reconciliation.service import reissue
from app.registry.models import AccountState
from app.registry.school_account_errors import OwnSchoolAccount, SchoolAccountShared
from app.registry.school_models import SchoolAccount
from app.registry.service_school_accounts import (
    NewSchoolAccount,
    confirm_school_account,
    enter_school_account,
)
from app.reports import verification
from app.reports.trail import trail
from tests.allocations.conftest import Count
from tests.allocations.programmes import FUNDS
from tests.allocations.pupils import enrol, fund
from tests.factories.office import City
from tests.factories.payouts import make_accounts
from tests.reconciliation.bank import answer, failed, lines_in, sent_back, states, take_in

PRIMARY, JUNIOR = "2137000006", "3137000008"
JUNE = date(2008, 6, 2)
NUMBER = "1608001009022123456"
PAGE = PageAsked(limit=50, after=None)


@pytest.fixture
def approved(city: City, count: Count, session: Session) -> list[UUID]:
    """Two primary pupils and one junior, approved: 590.00 and 445.00, all of it due by June."""
    fund(session, 10_000_00)
    enrol(session, city.schools[PRIMARY], 2)
    enrol(session, city.schools[JUNIOR], 1)
    chosen = [each.allocation_id for each in count().schools if each.allocation_id]
    approve(session, chosen, by=city.actor("city_officer"))
    clock.set_office_day(JUNE)
    return chosen


def account(
    session: Session,
    city: City,
    code: str,
    *,
    number: str = NUMBER,
    holder: str | None = None,
    confirmed: bool = True,
    shared_checked: bool = False,
) -> SchoolAccount:
    school = city.schools[code]
    new = NewSchoolAccount(
        number=number, bank_name="农村信用社", holder_name=holder or school.name,
        shared_checked=shared_checked,
    )  # fmt: skip
    by = city.actor(f"school_clerk@{code}")
    db.enter(session, by)
    try:
        made = enter_school_account(session, school.id, new, by=by)
    finally:
        db.enter(session, SYSTEM)
    if confirmed:
        officer = city.actor("county_officer@370811")
        confirm_school_account(session, school.id, made.id, by=officer)
    return made


def test_a_number_that_is_anothers_is_looked_at_twice_and_holds_both_payouts(
    session: Session, city: City, approved: list[UUID]
) -> None:
    account(session, city, PRIMARY)
    with pytest.raises(SchoolAccountShared) as refused:
        account(session, city, JUNIOR)
    assert refused.value.facts == {"students": 0, "schools": 1}
    account(session, city, JUNIOR, shared_checked=True)
    run = pay(session, city)
    held = ["shared_across_households"]
    assert findings(session) == [(PRIMARY, held), (JUNIOR, held)]
    account(session, city, JUNIOR, number="1608001009022654321")
    recheck(session, run.id, by=city.actor("finance_maker"))
    assert findings(session) == [(PRIMARY, []), (JUNIOR, [])]


@pytest.mark.parametrize("state", [AccountState.CONFIRMED, AccountState.UNCONFIRMED])
def test_a_schools_number_that_is_a_students_holds_the_school(
    session: Session, city: City, approved: list[UUID], state: AccountState
) -> None:
    pupil = session.execute(text("SELECT id FROM student LIMIT 1")).scalar_one()
    make_accounts(session, city.schools[PRIMARY], [pupil], state, number=NUMBER)
    with pytest.raises(SchoolAccountShared) as refused:
        account(session, city, PRIMARY)
    assert refused.value.facts == {"students": 1, "schools": 0}
    account(session, city, PRIMARY, shared_checked=True)
    account(session, city, JUNIOR, number="1608001009022654321")
    pay(session, city)
    assert findings(session) == [(PRIMARY, ["shared_across_households"]), (JUNIOR, [])]


def test_a_replaced_account_shares_nothing(
    session: Session, city: City, approved: list[UUID]
) -> None:
    pupil = session.execute(text("SELECT id FROM student LIMIT 1")).scalar_one()
    make_accounts(session, city.schools[PRIMARY], [pupil], AccountState.REPLACED, number=NUMBER)
    account(session, city, JUNIOR)
    account(session, city, JUNIOR, number="1608001009022654321")
    account(session, city, PRIMARY)
    pay(session, city)
    assert findings(session) == [(PRIMARY, []), (JUNIOR, [])]


def pay(session: Session, city: City) -> PayoutRun:
    asked = RunAsked(programme=FUNDS, due_to=JUNE, bank_format="generic-pipe")
    return open_run(session, asked, by=city.actor("finance_maker"))


def findings(session: Session) -> list[tuple[str, list[str]]]:
    rows = session.execute(
        text(
            "SELECT s.code, array_remove(array_agg(f.finding ORDER BY f.finding), NULL) "
            "FROM payout p JOIN school s ON s.id = p.school_id "
            "LEFT JOIN payout_finding f ON f.payout_id = p.id GROUP BY s.code ORDER BY s.code"
        )
    )
    return [(code, list(found)) for code, found in rows]


def released(session: Session, city: City, run: PayoutRun) -> PaymentFile:
    return release(session, run.id, by=city.actor("finance_checker")).files[0]


def sound(session: Session) -> Sequence[object]:
    return [*ledger.verify(session), *verification.verify(session)]


def test_the_whole_trail_to_a_paid_bank_line(
    session: Session, city: City, approved: list[UUID]
) -> None:
    account(session, city, PRIMARY)
    account(session, city, JUNIOR, number="1608001009022654321")
    run = pay(session, city)
    file = released(session, city, run)
    lines = lines_in(session, file)
    assert [(line.name, line.account, line.amount_fen, line.resident_id) for line in lines] == [
        (city.schools[PRIMARY].name, NUMBER, 590_00, ""),
        (city.schools[JUNIOR].name, "1608001009022654321", 445_00, ""),
    ]
    shown = payments.payouts(session, run.id, PAGE, None)
    assert {(row.student_id, row.holder_name, row.number_tail, row.parts) for row in shown} == {
        (None, city.schools[PRIMARY].name, NUMBER[-4:], 2),
        (None, city.schools[JUNIOR].name, "4321", 2),
    }
    assert sound(session) == []
    take_in(session, file, answer(lines), city.actor("finance_maker"))
    assert [state.value for state in states(session, file)] == ["paid", "paid"]
    assert sound(session) == []
    number = session.execute(
        text("SELECT number FROM school_allocation WHERE id = :id"), {"id": approved[0]}
    ).scalar_one()
    seen = trail(session, number, by=SYSTEM, page=PAGE)
    [one] = seen.allocations
    assert (seen.thing.kind, seen.cases, seen.agrees) == ("school_allocation", [], True)
    assert (one.head_count, one.amount, seen.sums.paid_transfers) == (2, 590_00, 590_00)
    assert [part.state for part in one.award.instalments] == ["paid", "paid"]
    [payout] = one.payouts
    assert (payout.state, payout.account[-4:]) == ("paid", NUMBER[-4:])
    assert [line.outcome for line in payout.return_lines] == ["paid"]
    assert {move.kind for move in one.transfers} == {"commit", "send", "pay"}
    assert len(seen.appropriations) == 4  # two years, two sources
    whole = trail(session, file.number, by=SYSTEM, page=PAGE)
    assert (whole.case_count, whole.allocation_count, whole.agrees) == (0, 2, True)
    first = trail(session, file.number, by=SYSTEM, page=PageAsked(limit=1, after=None))
    assert (len(first.allocations), first.next is None) == (1, False)
    with pytest.raises(AwardNotCancellable), session.begin_nested():
        cancel(session, approved[0], because="已拨付", by=city.actor("city_officer"))


def test_what_is_against_a_schools_payment_is_found(
    session: Session, city: City, approved: list[UUID]
) -> None:
    account(session, city, PRIMARY, confirmed=False)
    run = pay(session, city)
    assert findings(session) == [(PRIMARY, ["account_unconfirmed"]), (JUNIOR, ["no_account"])]
    account(session, city, JUNIOR, number="1608001009022654321", holder="另一所学校")
    waiting = session.execute(
        text("SELECT id FROM school_account WHERE state = 'unconfirmed'")
    ).scalar_one()
    by = city.actor("county_officer@370811")
    confirm_school_account(session, city.schools[PRIMARY].id, waiting, by=by)
    done = recheck(session, run.id, by=city.actor("finance_maker"))
    assert (done.examined, done.ready) == (2, 1)
    assert findings(session) == [(PRIMARY, []), (JUNIOR, ["holder_differs"])]
    # A changed account that waits holds the payment to the old one too.
    account(session, city, PRIMARY, number="1608001009022999999", confirmed=False)
    account(session, city, JUNIOR, number="1608001009022654321")
    recheck(session, run.id, by=city.actor("finance_maker"))
    done = release(session, run.id, by=city.actor("finance_checker"))
    assert [left.findings for left in done.left_behind] == [("account_unconfirmed",)]
    assert done.payouts == 1
    assert sound(session) == []


def test_a_payout_has_one_payee(session: Session, city: City, approved: list[UUID]) -> None:
    made = account(session, city, PRIMARY)
    pay(session, city)
    [pupil, *_] = session.execute(text("SELECT id FROM student")).scalars()
    with pytest.raises(IntegrityError, match="ck_payout_one_payee"), session.begin_nested():
        session.execute(
            text("UPDATE payout SET student_id = :pupil WHERE school_account_id = :account"),
            {"pupil": pupil, "account": made.id},
        )


def test_over_the_award_is_found_for_a_school_too(
    session: Session, city: City, approved: list[UUID]
) -> None:
    account(session, city, PRIMARY)
    session.execute(
        text("UPDATE award SET amount_fen = amount_fen - 1 WHERE allocation_id = :id"),
        {"id": approved[0]},
    )
    pay(session, city)
    # The award is not what was counted any more either.
    assert findings(session)[0] == (PRIMARY, ["over_award", "rate_differs"])


@pytest.mark.parametrize("said", [failed, sent_back])
def test_what_comes_back_is_paid_again_to_the_corrected_account(
    session: Session, city: City, approved: list[UUID], said
) -> None:
    account(session, city, PRIMARY)
    account(session, city, JUNIOR, number="1608001009022654321")
    file = released(session, city, pay(session, city))
    lines = lines_in(session, file)
    maker = city.actor("finance_maker")
    if said is sent_back:
        take_in(session, file, answer(lines), maker)
        take_in(session, file, answer(lines[:1], said), maker, ReturnKind.REVERSAL)
    else:
        take_in(session, file, answer(lines, said), maker)
    back = session.execute(
        text("SELECT id FROM payout WHERE state IN ('failed', 'returned')")
    ).scalars().all()  # fmt: skip
    assert len(back) == 1
    account(session, city, PRIMARY, number="1608001009022777777")
    run = reissue(session, back, bank_format="generic-pipe", by=maker)
    again = lines_in(session, released(session, city, run))
    assert [(line.account, line.amount_fen) for line in again] == [("1608001009022777777", 590_00)]
    assert sound(session) == []


def test_who_entered_an_account_does_not_confirm_it(session: Session, city: City) -> None:
    school = city.schools[PRIMARY]
    by = city.actor("county_officer@370811")
    new = NewSchoolAccount(number=NUMBER, bank_name="农行", holder_name=school.name)
    made = enter_school_account(session, school.id, new, by=by)
    assert enter_school_account(session, school.id, new, by=by).id == made.id
    with pytest.raises(OwnSchoolAccount):
        confirm_school_account(session, school.id, made.id, by=by)
    other = city.actor("county_officer_2@370811")
    confirm_school_account(session, school.id, made.id, by=other)
    stored = session.execute(text("SELECT number, number_tail FROM school_account")).one()
    assert NUMBER.encode() not in bytes(stored.number)
    db.enter(session, city.actor("county_officer@370826"))
    assert session.execute(text("SELECT count(*) FROM school_account")).scalar_one() == 0
    with pytest.raises(AllocationNotFound):
        cancel(session, made.id, because="不是资金单", by=by)

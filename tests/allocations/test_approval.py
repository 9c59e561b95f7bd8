"""Another person approves; the money of each school is committed, or nothing is."""

from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.allocations.errors import (
    AllocationNotFound,
    AllocationsMoved,
    FiguresChanged,
    NothingToApprove,
    OwnAllocations,
)
from app.allocations.service import AllocationFilter, Totals, approve, cancel, preview
from app.awards.errors import BudgetExhausted
from app.core import db
from app.core.actor import SYSTEM
from app.ledger import service as ledger
from app.reports import verification
from tests.allocations.conftest import Count
from tests.allocations.programmes import FUNDS, YEAR
from tests.allocations.pupils import enrol, fund
from tests.factories.money import balances
from tests.factories.office import City

PRIMARY, JUNIOR, ELSEWHERE = "2137000006", "3137000008", "2137000011"
ALL = AllocationFilter(programme=FUNDS, period=YEAR)


def line(year: int, source: str) -> str:
    return f"{year}/{FUNDS}/{source}/370811"


def test_two_instalments_sum_to_the_award_and_are_split_over_the_sources(
    city: City, count: Count, session
) -> None:
    fund(session, 10_000_00)
    enrol(session, city.schools[PRIMARY], 3)
    count()
    # 885.00 in two terms: 442.50 each, 60 and 40 of a hundred.
    done = approve(session, ALL, by=city.actor("city_officer"), expect=Totals(1, 885_00))
    assert (done.totals, done.own) == (Totals(1, 885_00), 0)
    rows = session.execute(
        text("SELECT seq, fiscal_year, amount_fen, state FROM instalment ORDER BY seq")
    )
    assert [tuple(row) for row in rows] == [
        (1, 2007, 442_50, "committed"),
        (2, 2008, 442_50, "committed"),
    ]
    for year in (2007, 2008):
        assert balances(session, line(year, "province"))["committed"] == 265_50
        assert balances(session, line(year, "county"))["committed"] == 177_00
    award = session.execute(
        text("SELECT state, amount_fen, student_id, application_id, allocation_id FROM award")
    ).one()
    assert tuple(award[:4]) == ("granted", 885_00, None, None)
    assert award.allocation_id == done.allocation_ids[0]
    assert ledger.verify(session) == []
    assert verification.verify(session) == []


def test_who_counted_does_not_approve(city: City, count: Count, session) -> None:
    fund(session, 10_000_00)
    enrol(session, city.schools[PRIMARY], 1)
    [counted] = count().schools
    counter = city.actor("county_officer@370811")
    with pytest.raises(OwnAllocations) as refused:
        approve(session, [counted.allocation_id], by=counter)
    assert [fault.where for fault in refused.value.faults] == [counted.number]
    assert preview(session, ALL, by=counter).own == 1
    with pytest.raises(NothingToApprove):
        approve(session, ALL, by=counter)
    other = city.actor("county_officer_2@370811")
    assert approve(session, [counted.allocation_id], by=other).totals.count == 1
    with pytest.raises(AllocationsMoved):
        approve(session, [counted.allocation_id], by=other)


def test_a_filter_is_held_to_the_figures_previewed(city: City, count: Count, session) -> None:
    fund(session, 10_000_00)
    enrol(session, city.schools[PRIMARY], 1)
    count()
    by = city.actor("city_officer")
    seen = preview(session, ALL, by=by).totals
    enrol(session, city.schools[JUNIOR], 1)
    count()
    with pytest.raises(FiguresChanged) as refused:
        approve(session, ALL, by=by, expect=seen)
    assert refused.value.facts == {
        "expected": {"count": 1, "amount": "295.00"},
        "found": {"count": 2, "amount": "740.00"},
    }


@pytest.mark.parametrize(("have_fen", "enough"), [(88_50, True), (88_49, False)])
def test_one_fen_too_little_refuses_all(
    city: City, count: Count, session, have_fen: int, enough: bool
) -> None:
    fund(session, have_fen)  # of each term's 147.50 the province pays 88.50
    enrol(session, city.schools[PRIMARY], 1)
    count()
    if enough:
        approve(session, ALL, by=city.actor("city_officer"))
        return
    with pytest.raises(BudgetExhausted), session.begin_nested():
        approve(session, ALL, by=city.actor("city_officer"))
    assert session.execute(text("SELECT state FROM school_allocation")).scalars().all() == [
        "counted"
    ]


def test_cancelling_gives_the_committed_money_back(city: City, count: Count, session) -> None:
    fund(session, 10_000_00)
    enrol(session, city.schools[PRIMARY], 1)
    [counted] = count().schools
    by = city.actor("city_officer")
    approve(session, [counted.allocation_id], by=by)
    cancel(session, counted.allocation_id, because="统计有误", by=by)
    assert "committed" not in balances(session, line(2008, "county"))
    assert session.execute(text("SELECT count(*) FROM school_allocation_claim")).scalar_one() == 0
    with pytest.raises(AllocationsMoved):
        cancel(session, counted.allocation_id, because="再撤一次", by=by)
    assert verification.verify(session) == []


def test_another_countys_allocation_is_not_there(city: City, count: Count, session) -> None:
    enrol(session, city.schools[PRIMARY], 1)
    [counted] = count().schools
    by = city.actor("county_officer@370826")
    db.enter(session, by)
    with pytest.raises(AllocationNotFound):
        approve(session, [counted.allocation_id], by=by)
    with pytest.raises(AllocationNotFound):
        cancel(session, counted.allocation_id, because="越权", by=by)
    db.enter(session, SYSTEM)


def test_the_books_say_where_an_allocation_and_its_award_disagree(
    city: City, count: Count, session: Session
) -> None:
    fund(session, 10_000_00)
    enrol(session, city.schools[PRIMARY], 2)
    count()
    approve(session, ALL, by=city.actor("city_officer"))
    session.execute(text("UPDATE school_allocation SET amount_fen = amount_fen + 1"))
    session.execute(text("UPDATE school_allocation SET head_count = 3"))
    codes = {finding.code for finding in verification.verify(session)}
    assert codes == {"allocation-award-off", "allocation-sum-off", "allocation-heads-off"}


def test_the_books_say_whom_an_allocation_claims_and_does_not_list_and_the_other_way(
    city: City, count: Count, session: Session
) -> None:
    pupils = enrol(session, city.schools[PRIMARY], 3)
    [counted] = count().schools
    assert verification.verify(session) == []
    [stranger] = enrol(session, city.schools[JUNIOR], 1)
    # As many are claimed as are listed: only who they are differs.
    session.execute(
        text("UPDATE school_allocation_claim SET student_id = :one WHERE student_id = :other"),
        {"one": stranger, "other": pupils[0]},
    )
    session.execute(
        text("DELETE FROM school_allocation_claim WHERE student_id = :one"), {"one": pupils[1]}
    )
    [found] = verification.verify(session)
    assert (found.code, found.where) == ("allocation-claims-off", counted.number)
    assert "claims 1 students whom it does not list, and 2 whom it lists" in found.en


def test_an_allocation_without_a_rate_that_lists_money_is_found(
    city: City, count: Count, session: Session
) -> None:
    enrol(session, city.schools[PRIMARY], 2)
    count()
    session.execute(text("UPDATE school_allocation SET amount_fen = NULL"))
    [found] = verification.verify(session)
    assert found.code == "allocation-sum-off"
    assert ("0.00" in found.en, "590.00" in found.en) == (True, True)


def test_statements_of_an_approval_do_not_grow_with_schools(
    city: City, count: Count, session: Session
) -> None:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    fund(session, 10_000_00)
    sizes = []
    for codes in ((PRIMARY,), (JUNIOR, "3137000009")):
        for place, code in enumerate(codes, start=1):
            enrol(session, city.schools[code], place)
        chosen = [city.schools[code].id for code in codes]
        counted = count(school_ids=chosen).schools
        by = city.actor("city_officer")
        seen.clear()
        event.listen(db.engine(), "before_cursor_execute", note)
        approve(session, [each.allocation_id for each in counted], by=by)
        event.remove(db.engine(), "before_cursor_execute", note)
        sizes.append(len(seen))
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize(
    ("table", "change", "check"),
    [
        ("award", "student_id = (SELECT student_id FROM school_allocation_student)", "of_one"),
        ("award", "allocation_id = NULL", "of_one"),
        ("school_allocation", "decided_by = counted_by", "second_person"),
        ("school_allocation", "state = 'cancelled'", "cancelled_when"),
    ],
)
def test_what_the_database_itself_refuses(
    city: City, count: Count, session: Session, table: str, change: str, check: str
) -> None:
    fund(session, 10_000_00)
    enrol(session, city.schools[PRIMARY], 1)
    count()
    approve(session, ALL, by=city.actor("city_officer"))
    with pytest.raises(IntegrityError, match=f"ck_{table}_{check}"), session.begin_nested():
        session.execute(text(f"UPDATE {table} SET {change}"))

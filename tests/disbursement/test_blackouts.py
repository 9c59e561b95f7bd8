"""Days on which no money leaves: whose they bind, and when it may leave again."""

from datetime import date

import pytest
from sqlmodel import Session

from app.core import clock
from app.disbursement import blackouts
from app.disbursement.errors import HolderOutside
from app.disbursement.guard_errors import BlackoutCancelled, BlackoutInvalid, RunBlackedOut
from app.disbursement.models import PayoutRun
from app.disbursement.release import release
from tests.disbursement.conftest import DAY, RURAL, Open
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees

LAST = date(2008, 6, 5)


@pytest.fixture
def run(session: Session, city: City, opened: Open) -> PayoutRun:
    """A run of 任城区's money, which may be opened on any day."""
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 2)
    return opened()


def closed(
    session: Session,
    city: City,
    county: str | None = None,
    days: tuple[date, date] = (DAY, LAST),
    who: str = "finance_checker",
) -> blackouts.Blackout:
    holder = None if county is None else city.counties[county]
    new = blackouts.NewBlackout(holder_id=holder, from_on=days[0], to_on=days[1], because="结账")
    return blackouts.set_days(session, new, by=city.actor(who))


@pytest.mark.parametrize("county", [None, "370811"])
def test_a_release_on_a_blackout_day_is_refused_with_the_next_day_allowed(
    session: Session, city: City, run: PayoutRun, county: str | None
) -> None:
    closed(session, city, county)
    closed(session, city, county, (date(2008, 6, 6), date(2008, 6, 7)))
    with pytest.raises(RunBlackedOut) as refused:
        release(session, run.id, by=city.actor("finance_checker"))
    assert refused.value.facts["next_day"] == "2008-06-08"


@pytest.mark.parametrize("day", [date(2008, 6, 1), date(2008, 6, 6)])
def test_the_day_before_and_the_day_after_the_money_leaves(
    session: Session, city: City, run: PayoutRun, day: date
) -> None:
    closed(session, city, days=(DAY, LAST))
    clock.set_office_day(day)
    assert release(session, run.id, by=city.actor("finance_checker")).payouts == 2


def test_another_holders_days_bind_nothing_of_this_ones(
    session: Session, city: City, run: PayoutRun
) -> None:
    closed(session, city, "370826")
    assert release(session, run.id, by=city.actor("finance_checker")).payouts == 2


def test_cancelled_days_bind_nobody_and_are_cancelled_once(
    session: Session, city: City, run: PayoutRun
) -> None:
    made = closed(session, city)
    by = city.actor("finance_checker")
    blackouts.cancel(session, made.id, because="国库延时", by=by)
    with pytest.raises(BlackoutCancelled):
        blackouts.cancel(session, made.id, because="国库延时", by=by)
    assert release(session, run.id, by=by).payouts == 2


@pytest.mark.parametrize("county", [None, "370826"])
def test_a_county_stops_its_own_money_alone(
    session: Session, city: City, county: str | None
) -> None:
    with pytest.raises(HolderOutside):
        closed(session, city, county, who="finance_maker@370811")


def test_days_in_the_wrong_order_are_refused(session: Session, city: City) -> None:
    with pytest.raises(BlackoutInvalid):
        closed(session, city, days=(LAST, DAY))

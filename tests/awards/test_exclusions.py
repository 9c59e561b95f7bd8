"""What one student may have in a school year: nothing exclusive, no more than the most, once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, update
from sqlmodel import Session, col

from app.applications.models import Application
from app.awards import service as awards
from app.awards.errors import AlreadyAwarded, ExclusiveAward, YearMaximum
from app.awards.models import Award, AwardHold
from app.core import clock, db, ids
from app.core.actor import SYSTEM, Actor
from app.core.db import scoped_session
from app.core.errors import AidError
from app.ledger import service as ledger
from app.policy import queries as policy
from tests.factories.cases import BOARDERS, SCHOOL_YEAR, SPRING, as_cases, limit_year, make_cases
from tests.factories.money import appropriate
from tests.factories.office import City

NATIONAL, ENCOURAGING = "national-scholarship", "encouragement-scholarship"
SCHOOL, WEISHAN = "2137000006", "2137000011"
AUTUMN = "2007-autumn"


@pytest.fixture(autouse=True)
def _in_december_2007() -> None:
    clock.set_office_day(date(2007, 12, 3))


@pytest.fixture
def booked(city: City) -> Iterator[None]:
    """Money for every programme of these tests, committed; the books balance afterwards."""
    with scoped_session(SYSTEM) as session:
        for programme in (NATIONAL, ENCOURAGING, BOARDERS):
            for holder in ("370811", "370826"):
                for year in (2007, 2008):
                    appropriate(session, 100_000_00, holder, year=year, programme=programme)
    yield
    with scoped_session(SYSTEM) as session:
        assert ledger.verify(session) == []


@pytest.fixture
def one_excludes_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue in which a boarder has no senior grant; only the one file says so."""
    sound = policy.catalogue("jining-2008")
    changed = replace(sound.programmes["senior-grant"], exclusive_with=(BOARDERS,))
    other = replace(sound, programmes={**sound.programmes, "senior-grant": changed})
    monkeypatch.setattr(policy, "catalogue", lambda _: other)


def promise(
    applications: list[UUID], programme: str, period: str = SCHOOL_YEAR, *, by: Actor = SYSTEM
) -> int:
    with scoped_session(by) as session:
        return awards.promise(
            session, as_cases(applications), programme=programme, period=period, batch=ids.new(),
            by=by,
        ).awarded  # fmt: skip


def cancel(applications: list[UUID]) -> None:
    with scoped_session(SYSTEM) as session:
        chosen = select(col(Application.id)).where(col(Application.id).in_(applications))
        awards.cancel(session, chosen, batch=ids.new(), by=SYSTEM, because="a test")


def cases(
    city: City, n: int, programme: str, period: str = SCHOOL_YEAR, *, school: str = SCHOOL
) -> list[UUID]:
    with scoped_session(SYSTEM) as session:
        made = make_cases(
            session, city.schools[school], n, 250_00, programme=programme, period=period
        )
    return sorted(made)


def same_students(applications: list[UUID], others: list[UUID]) -> None:
    """The other cases become cases of the same students."""
    with scoped_session(SYSTEM) as session:
        for one, other in zip(applications, others, strict=True):
            student = session.get_one(Application, one).student_id
            session.execute(
                update(Application).where(col(Application.id) == other).values(student_id=student)
            )


def number(application: UUID) -> str:
    with scoped_session(SYSTEM) as session:
        return session.get_one(Application, application).number


def at_once(acts: list[Callable[[], int]]) -> list[int | AidError]:
    ready = Barrier(len(acts))

    def run(act: Callable[[], int]) -> int | AidError:
        ready.wait()
        try:
            return act()
        except AidError as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_exclusion_is_said_in_either_file(one_excludes_the_other: None) -> None:
    known = policy.in_force()
    assert known.exclusive_of(BOARDERS) == ("senior-grant",)
    assert known.exclusive_of("senior-grant") == (BOARDERS,)
    assert known.exclusive_of("no-such") == ()


@pytest.mark.usefixtures("booked")
def test_who_has_one_scholarship_is_refused_the_other_and_nothing_is_written(city: City) -> None:
    have, want = cases(city, 2, NATIONAL), cases(city, 3, ENCOURAGING)
    same_students(have, want[:2])
    promise(have, NATIONAL)
    with pytest.raises(ExclusiveAward) as refused:
        promise(want, ENCOURAGING)
    assert {fault.where for fault in refused.value.faults} == {number(each) for each in want[:2]}
    assert "国家奖学金" in refused.value.faults[0].zh
    with scoped_session(SYSTEM) as session:
        made = select(func.count()).where(col(Award.application_id).in_(want))
        assert session.execute(made.select_from(Award)).scalar_one() == 0
        held = session.execute(
            select(func.count()).where(col(AwardHold.programme) == ENCOURAGING)
        ).scalar_one()
    assert held == 0
    assert promise(want[2:], ENCOURAGING) == 1
    cancel(have)
    assert promise(want[:2], ENCOURAGING) == 2


@pytest.mark.usefixtures("booked")
def test_another_countys_award_excludes_too(city: City) -> None:
    have = cases(city, 1, NATIONAL)
    want = cases(city, 1, ENCOURAGING, school=WEISHAN)
    same_students(have, want)
    promise(have, NATIONAL, by=city.actor("county_officer@370811"))
    with pytest.raises(ExclusiveAward):
        promise(want, ENCOURAGING, by=city.actor("county_officer@370826"))


@pytest.mark.usefixtures("booked", "one_excludes_the_other")
def test_two_terms_of_one_programme_never_exclude_and_both_must_end_to_free(city: City) -> None:
    autumn, spring = cases(city, 1, BOARDERS, AUTUMN), cases(city, 1, BOARDERS, SPRING)
    other, next_year = (
        cases(city, 1, "senior-grant", period) for period in (SPRING, "2008-autumn")
    )
    with scoped_session(SYSTEM) as session:
        appropriate(session, 10_000_00, programme="senior-grant", year=2008)
    for each in (spring, other, next_year):
        same_students(autumn, each)
    assert promise(autumn, BOARDERS, AUTUMN) == promise(spring, BOARDERS, SPRING) == 1
    assert promise(next_year, "senior-grant", "2008-autumn") == 1
    cancel(autumn)
    with pytest.raises(ExclusiveAward):
        promise(other, "senior-grant", SPRING)
    cancel(spring)
    assert promise(other, "senior-grant", SPRING) == 1


@pytest.mark.usefixtures("booked")
def test_of_two_exclusive_programmes_promised_at_once_exactly_one_wins(city: City) -> None:
    for _ in range(5):
        one, other = cases(city, 20, NATIONAL), cases(city, 20, ENCOURAGING)
        same_students(one, other)
        answers = at_once(
            [lambda a=one: promise(a, NATIONAL), lambda b=other: promise(b[::-1], ENCOURAGING)]
        )
        won = [each for each in answers if not isinstance(each, AidError)]
        refused = [each for each in answers if isinstance(each, AidError)]
        assert won == [20]
        assert [(each.code, len(each.faults)) for each in refused] == [("award.exclusive", 20)]


@pytest.mark.usefixtures("booked")
def test_cancelling_and_promising_at_once_never_leave_an_award_without_its_hold(
    city: City, one_excludes_the_other: None
) -> None:
    for _ in range(5):
        autumn, spring = cases(city, 10, BOARDERS, AUTUMN), cases(city, 10, BOARDERS, SPRING)
        same_students(autumn, spring)
        promise(autumn, BOARDERS, AUTUMN)

        def end(ending: list[UUID] = autumn) -> int:
            cancel(ending)
            return 0

        def begin(beginning: list[UUID] = spring) -> int:
            return promise(beginning, BOARDERS, SPRING)

        assert at_once([end, begin]) == [0, 10]
        with scoped_session(SYSTEM) as session:
            held = session.execute(
                select(func.count())
                .select_from(AwardHold)
                .join(Application, col(Application.student_id) == AwardHold.student_id)
                .where(col(Application.id).in_(spring))
            ).scalar_one()
        assert held == 10


@pytest.mark.parametrize(("most_fen", "fits"), [(500_00, True), (499_99, False)])
def test_a_student_gets_no_more_of_a_programme_in_a_year_than_its_maximum(
    session: Session, city: City, most_fen: int, *, fits: bool
) -> None:
    for year in (2007, 2008):
        appropriate(session, 10_000_00, year=year)
    limit_year(session, SPRING, most_fen)
    school = city.schools[SCHOOL]
    autumn = make_cases(session, school, 1, 250_00, period=AUTUMN)
    spring = make_cases(session, school, 1, 250_00, period=SPRING)
    student = session.get_one(Application, autumn[0]).student_id
    session.execute(
        update(Application).where(col(Application.id).in_(spring)).values(student_id=student)
    )
    told = {"programme": BOARDERS, "by": SYSTEM}
    awards.promise(session, as_cases(autumn), period=AUTUMN, batch=ids.new(), **told)
    if fits:
        awards.promise(session, as_cases(spring), period=SPRING, batch=ids.new(), **told)
        return
    with pytest.raises(YearMaximum) as refused:
        awards.promise(session, as_cases(spring), period=SPRING, batch=ids.new(), **told)
    [fault] = refused.value.faults
    assert fault.more == {"awarded": "250.00", "amount": "250.00", "maximum": "499.99"}


def test_two_terms_promised_at_once_do_not_pass_the_maximum_together(
    city: City, booked: None
) -> None:
    with scoped_session(SYSTEM) as session:
        limit_year(session, SPRING, 400_00)
        limit_year(session, AUTUMN, 400_00)
    autumn, spring = cases(city, 5, BOARDERS, AUTUMN), cases(city, 5, BOARDERS, SPRING)
    same_students(autumn, spring)
    answers = at_once(
        [lambda: promise(autumn, BOARDERS, AUTUMN), lambda: promise(spring, BOARDERS, SPRING)]
    )
    assert [each for each in answers if not isinstance(each, AidError)] == [5]
    assert [each.code for each in answers if isinstance(each, AidError)] == ["award.year-maximum"]


@pytest.mark.usefixtures("booked")
def test_one_student_has_one_award_of_a_programme_and_period_whatever_the_application(
    city: City,
) -> None:
    first, second = cases(city, 5, NATIONAL), cases(city, 5, NATIONAL)
    with scoped_session(SYSTEM) as session:
        session.execute(
            update(Application).where(col(Application.id).in_(first)).values(
                state="rejected", step=None
            )
        )  # fmt: skip
    same_students(first, second)
    answers = at_once([lambda: promise(first, NATIONAL), lambda: promise(second, NATIONAL)])
    assert [each for each in answers if not isinstance(each, AidError)] == [5]
    [refused] = [each for each in answers if isinstance(each, AidError)]
    assert isinstance(refused, AlreadyAwarded)
    assert len(refused.faults) == 5


def test_the_statements_do_not_grow_with_the_students(session: Session, city: City) -> None:
    appropriate(session, 100_000_00, year=2007, programme=NATIONAL)

    def statements(n: int) -> int:
        made = make_cases(
            session, city.schools[SCHOOL], n, 250_00, programme=NATIONAL, period=SCHOOL_YEAR
        )
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        event.listen(db.engine(), "before_cursor_execute", note)
        try:
            awards.promise(
                session, as_cases(made), programme=NATIONAL, period=SCHOOL_YEAR,
                batch=ids.new(), by=SYSTEM,
            )  # fmt: skip
        finally:
            event.remove(db.engine(), "before_cursor_execute", note)
        return len(seen)

    assert statements(1) == statements(40)

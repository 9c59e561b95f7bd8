"""A match made by a number that was corrected since is of somebody else."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.core.actor import SYSTEM
from app.registers import queries, service
from app.registers.models import OutsideRegister, RegisterKind
from app.registry.models import Student
from tests.factories.id_corrections import correct
from tests.factories.office import City
from tests.registers.people import make_pupils, number, row, sheet
from tests.registers.test_matching import SCHOOL, load, matched

DAY = date(2008, 6, 30)


def groups(session: Session) -> dict[UUID, list[str]]:
    return queries.facts_for(session, select(col(Student.id)), DAY)


def known(session: Session, student: UUID) -> list[str]:
    found = queries.known_for(session, [student], [queries.GROUP], DAY, by=SYSTEM)
    return found[queries.GROUP].to_list()


def needy(session: Session, register: OutsideRegister) -> list[UUID]:
    return [each[0] for each in session.execute(queries.recognisable(register.id))]


def test_it_counts_no_more_at_once_and_is_forgotten_by_night(session: Session, city: City) -> None:
    wrong, right = make_pupils(session, city.schools[SCHOOL], [1, 2])
    older = load(session, sheet(row(2), row(1)), as_of=date(2008, 5, 31))
    register = load(session, sheet(row(1), row(2)))
    assert set(groups(session)) == set(needy(session, register)) == {wrong, right}
    correct(session, city, wrong, number(3))
    assert set(groups(session)) == {right}
    assert (known(session, wrong), known(session, right)) == ([], ["minimum_living"])
    assert needy(session, register) == [right]
    assert service.match_all(session, by=SYSTEM) == 0
    session.expire_all()
    for each in (older, register):
        assert set(matched(session, each)) == {right}
        assert each.matched == 1


def test_one_the_new_number_makes_counts_from_the_night_on(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[SCHOOL], [1])
    rows = sheet(row(1, name="王强"), row(2))
    register = load(session, rows, kind=RegisterKind.DISABLED)
    assert groups(session) == {}  # the brother's name
    correct(session, city, pupil, number(2))
    assert service.match_all(session, by=SYSTEM) == 1
    session.expire_all()
    assert matched(session, register)[pupil].name_agrees
    assert set(groups(session)) == {pupil}
    assert service.match_all(session, by=SYSTEM) == 0

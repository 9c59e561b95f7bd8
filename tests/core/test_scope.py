"""Row security binds the serving role, whatever a query forgets."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from tests.factories.office import City

SCHOOL = "2137000006"


def schools_seen(session: Session) -> set[str]:
    return set(session.execute(text("SELECT code FROM school")).scalars())


def test_a_school_sees_itself_a_county_its_own_and_the_city_all(city: City) -> None:
    seen = {}
    for who in (f"school_clerk@{SCHOOL}", "county_officer@370811", "city_officer", "administrator"):
        with db.scoped_session(city.actor(who)) as session:
            seen[who] = schools_seen(session)
    assert seen[f"school_clerk@{SCHOOL}"] == {SCHOOL}
    assert len(seen["county_officer@370811"]) == 4  # the city-run school there is not its own
    assert len(seen["city_officer"]) == 6
    assert seen["administrator"] == set()


def test_without_a_scope_nothing_is_seen(city: City) -> None:
    with Session(db.engine()) as session:
        assert schools_seen(session) == set()


def test_a_scope_ends_with_its_transaction(city: City) -> None:
    with Session(db.engine()) as session:
        with session.begin():
            db.enter(session, SYSTEM)
            assert schools_seen(session)
        assert schools_seen(session) == set()


def test_a_look_up_in_city_scope_falls_back_to_the_own_scope(city: City) -> None:
    clerk = city.actor(f"school_clerk@{SCHOOL}")
    with db.scoped_session(clerk) as session:
        with db.city_scope(session, clerk):
            assert len(schools_seen(session)) == 6
        assert schools_seen(session) == {SCHOOL}


def test_rows_of_another_school_cannot_be_written(city: City) -> None:
    other = city.schools["3137000008"]
    clerk = city.actor(f"school_clerk@{SCHOOL}")
    insert = text(
        "INSERT INTO student (id, school_id, county_id, name, identity, made_at, made_by, version,"
        " provisional_index) VALUES (gen_random_uuid(), :school, :county, '某', 'provisional',"
        " now(), gen_random_uuid(), 1, 'x')"
    )
    with pytest.raises(ProgrammingError, match="row-level security"), db.scoped_session(clerk) as s:
        s.execute(insert, {"school": other.id, "county": other.county_id})

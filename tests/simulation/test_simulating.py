"""Other rules over the registry: whose pupils, what is known of them, who may see what."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import InternalError
from sqlmodel import Session

from app.auth.errors import NotAllowed
from app.core import clock, db
from app.core.actor import Actor
from app.models import metadata
from app.policy import drafting, queries
from app.policy.errors import PeriodInvalid
from app.simulation import population, service
from app.simulation.errors import SimulationInvalid
from app.simulation.pairs import Change, Question
from app.simulation.service import Simulation, nothing_written, simulate
from tests.factories.cases import BOARDERS, SPRING, VOCATIONAL
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.policy_db.drafts import version
from tests.simulation.pupils import enrol, families, tell

PRIMARY, JUNIOR, VOCATIONAL_SCHOOL = "2137000006", "3137000008", "3637000010"
ELSEWHERE = "2137000011"
DEARER = Change(programme=BOARDERS, version=version())


def ask(session: Session, by: Actor, *changes: Change, **given: Any) -> Simulation:
    db.enter(session, by)
    asked = Question(**{"period": SPRING, "changes": changes, **given})
    return simulate(session, asked, by=by)


def counts(found: Simulation, code: str = BOARDERS) -> dict[str, int]:
    """The fates that somebody has."""
    return {fate: n for fate, n in found.totals(code).fates.items() if n}


def test_a_dearer_draft_changes_who_is_entitled_and_asks_about_who_is_not_known(
    policy: Session, city: City
) -> None:
    needy, other = enrol(policy, city.schools[PRIMARY], 3), enrol(policy, city.schools[JUNIOR], 2)
    tell(policy, needy, {"hardship": 1})
    tell(policy, other, {"hardship": 0})
    enrol(policy, city.schools[PRIMARY], 1)
    enrol(policy, city.schools[PRIMARY], 1, boards=False)
    made = drafting.draft(
        policy, BOARDERS, version(), because="试点", by=city.actor("city_officer")
    )
    by = city.actor("city_officer")
    found = ask(policy, by, Change(programme=BOARDERS, draft=made.id))
    assert found.students == 7
    assert counts(found) == {"changes": 3, "out": 3, "asks": 1}
    assert found.fen(BOARDERS, yearly=True) == (3 * 500_00, 3 * 600_00)
    assert found.fen(BOARDERS, yearly=False) == (3 * 250_00, 3 * 300_00)
    rows = {found.place(row.school_id).code: row.fates for row in found.heads[BOARDERS]}
    assert (rows[PRIMARY]["changes"], rows[JUNIOR]["out"]) == (3, 2)
    # The same version in the question comes to the same, kept or not.
    assert ask(policy, by, DEARER).heads == found.heads


def test_without_a_change_the_rules_as_they_stand_are_reckoned(policy: Session, city: City) -> None:
    tell(policy, enrol(policy, city.schools[PRIMARY], 2), {"hardship": 3})
    families(policy, enrol(policy, city.schools[VOCATIONAL_SCHOOL], 4), hukou="rural")
    found = ask(policy, city.actor("city_officer"), period="2007-autumn")
    assert (counts(found), counts(found, VOCATIONAL)) == (
        {"same": 2, "out": 4},
        {"same": 4, "out": 2},
    )
    assert found.fen(BOARDERS, yearly=True) == (2 * 300_00, 2 * 300_00)


def test_a_programme_by_school_year_is_left_out_of_a_spring_term_unless_asked_for(
    policy: Session, city: City
) -> None:
    by = city.actor("city_officer")
    found = ask(policy, by)
    programmes = queries.in_force().programmes
    by_term = {code for code, each in programmes.items() if each.period == "term"}
    assert BOARDERS in by_term
    assert {pair.code for pair in found.pairs} == by_term
    assert {each.programme for each in found.left_out} == set(programmes) - by_term
    with pytest.raises(PeriodInvalid):
        ask(policy, by, programmes=(VOCATIONAL,))


def test_another_catalogue_ends_one_programme_and_starts_another(
    policy: Session, city: City, catalogues: Path
) -> None:
    there = catalogues / "richer"
    there.mkdir()
    old = catalogues / "jining-2008"
    (there / "calendar.toml").write_bytes((old / "calendar.toml").read_bytes())
    body = (old / "boarding-subsidy.toml").read_text("utf-8")
    (there / "rural-meals.toml").write_text(
        body.replace(f'code = "{BOARDERS}"', 'code = "rural-meals"'), "utf-8"
    )
    tell(policy, enrol(policy, city.schools[PRIMARY], 2), {"hardship": 1})
    found = ask(policy, city.actor("city_officer"), catalogue="richer")
    assert counts(found) == {"loses": 2}
    assert counts(found, "rural-meals") == {"gains": 2}
    assert found.fen(BOARDERS, yearly=True) == (2 * 500_00, 0)
    assert found.fen("rural-meals", yearly=True) == (0, 2 * 500_00)


@pytest.mark.parametrize("name", ["nothing", "../catalogue/jining-2008", "..", ".", "/etc", ""])
def test_a_catalogue_is_one_of_those_that_are_there(policy: Session, city: City, name: str) -> None:
    with pytest.raises(SimulationInvalid) as refused:
        ask(policy, city.actor("city_officer"), catalogue=name)
    assert [fault.code for fault in refused.value.faults] == ["catalogue-unknown"]


def test_everything_that_is_wrong_is_said_at_once(policy: Session, city: City) -> None:
    broken = version(
        funding=[{"source": "county", "basis_points": 9999}], amount=[{"yuan": "601.005"}]
    )
    changes = (
        Change(programme=BOARDERS, version=broken),
        Change(programme="wealth", version=version()),
    )
    with pytest.raises(SimulationInvalid) as refused:
        ask(policy, city.actor("city_officer"), *changes, catalogue="nothing")
    codes = {fault.code for fault in refused.value.faults}
    assert codes >= {"catalogue-unknown", "programme-not-found", "funding_sum", "amount_invalid"}


@pytest.mark.parametrize(
    ("day", "there"),
    [
        pytest.param(date(2007, 8, 31), 0, id="the day before entering"),
        pytest.param(date(2007, 9, 1), 2, id="the day of entering"),
        pytest.param(date(2008, 2, 29), 2, id="the day before leaving"),
        pytest.param(date(2008, 3, 1), 1, id="the day of leaving"),
    ],
)
def test_who_was_there_on_a_day_is_counted(
    policy: Session, city: City, day: date, there: int
) -> None:
    enrol(policy, city.schools[PRIMARY], 1)
    enrol(policy, city.schools[PRIMARY], 1, left_on=date(2008, 3, 1), left_because="转学")
    found = ask(policy, city.actor("city_officer"), DEARER, on=day)
    assert (found.on, found.students) == (day, there)


def test_today_at_the_office_is_the_day_unless_one_is_named(policy: Session, city: City) -> None:
    enrol(policy, city.schools[PRIMARY], 1, left_on=date(2008, 4, 2))
    by = city.actor("city_officer")
    assert ask(policy, by, DEARER).students == 1
    clock.set_office_day(date(2008, 4, 2))
    assert ask(policy, by, DEARER).students == 0


def test_a_coming_period_looks_at_the_newest_school_year_and_says_so(
    policy: Session, city: City
) -> None:
    enrol(policy, city.schools[PRIMARY], 2, school_year="2006-2007")
    enrol(policy, city.schools[PRIMARY], 3)
    by = city.actor("city_officer")
    coming = ask(policy, by, DEARER, period="2009-spring")
    assert (coming.school_year, coming.students) == ("2007-2008", 3)
    assert "2007-2008" in coming.notes[-1].zh
    this = ask(policy, by, DEARER)
    assert "2007-2008" not in this.notes[-1].zh
    assert ask(policy, by, DEARER, school_year="2006-2007").students == 2


def test_what_the_registry_knows_goes_before_what_was_told_and_the_own_case_before_others(
    policy: Session, city: City
) -> None:
    school = city.schools[PRIMARY]
    # Told for the autumn first, then for another programme: the spring's own case decides.
    one = enrol(policy, school, 1, boards=True)
    tell(policy, one, {"hardship": 1, "boards": False})
    tell(policy, one, {"hardship": 0}, period="2007-autumn")
    by = city.actor("city_officer")
    assert counts(ask(policy, by, DEARER)) == {"changes": 1}
    # Without an own case the newest counts, and each fact is the newest that says it.
    two = enrol(policy, school, 1, boards=None)
    tell(policy, two, {"hardship": 2, "boards": True}, programme=VOCATIONAL, period="2007-2008")
    tell(policy, two, {"boards": False}, period="2007-autumn")
    assert counts(ask(policy, by, DEARER)) == {"changes": 1, "out": 1}
    tell(policy, two, {"boards": True}, period=SPRING)
    assert counts(ask(policy, by, DEARER)) == {"changes": 2}


def test_what_was_told_in_another_school_year_is_not_known(policy: Session, city: City) -> None:
    pupils = enrol(policy, city.schools[PRIMARY], 1)
    tell(policy, pupils, {"hardship": 1}, period="2006-autumn")
    assert counts(ask(policy, city.actor("city_officer"), DEARER)) == {"asks": 1}


def test_ages_are_counted_on_the_periods_first_day(policy: Session, city: City) -> None:
    whole = version()
    of_age = {"id": "of_age", "test": "age >= 10", "zh": "满十岁", "en": "ten or older"}
    cases = [
        {"given": {**each["given"], "age": age}, "gives": {"eligible": age > 9}}
        for each in whole["example"][:2]
        for age in (9, 10, 11)
    ]
    change = Change(
        programme=BOARDERS, version=version(criterion=[*whole["criterion"], of_age], example=cases)
    )
    # The spring term begins on 20 February 2008.
    for born in (date(1998, 2, 20), date(1998, 2, 21), None):
        tell(policy, enrol(policy, city.schools[PRIMARY], 1, birth_on=born), {"hardship": 1})
    found = ask(policy, city.actor("city_officer"), change)
    assert counts(found) == {"changes": 1, "loses": 1, "asks": 1}


def test_households_and_schools_are_the_registrys(policy: Session, city: City) -> None:
    school = city.schools[VOCATIONAL_SCHOOL]
    families(policy, enrol(policy, school, 1, grade=2), hukou="rural")
    families(policy, enrol(policy, school, 1, grade=3), hukou="rural")
    families(policy, enrol(policy, school, 1), hukou="resident")
    found = ask(policy, city.actor("city_officer"), period="2007-2008", programmes=(VOCATIONAL,))
    assert counts(found, VOCATIONAL) == {"same": 1, "out": 1, "asks": 1}


def test_the_budget_has_room_or_lacks_to_the_fen(policy: Session, city: City) -> None:
    tell(policy, enrol(policy, city.schools[PRIMARY], 2), {"hardship": 1})
    tell(policy, enrol(policy, city.schools[ELSEWHERE], 1), {"hardship": 1})
    appropriate(policy, 599_99)
    found = ask(policy, city.actor("city_officer"), DEARER)
    assert found.rooms is not None
    rooms = {found.place(row.holder_id).code: row for row in found.rooms}
    here, there = rooms["370811"], rooms["370826"]
    assert (here.appropriated_fen, here.before_fen, here.after_fen) == (599_99, 500_00, 600_00)
    assert (here.room_fen, there.room_fen) == (-1, -300_00)
    appropriate(policy, 1)
    [again, _] = sorted(
        ask(policy, city.actor("city_officer"), DEARER).rooms or (), key=lambda row: -row.room_fen
    )
    assert again.room_fen == 0


@pytest.mark.parametrize(
    ("who", "students", "schools"),
    [
        ("city_officer", 6, {PRIMARY, JUNIOR, ELSEWHERE}),
        ("finance_checker", 6, {PRIMARY, JUNIOR, ELSEWHERE}),
        ("county_officer@370811", 3, {PRIMARY, JUNIOR}),
        ("county_officer@370826", 3, {ELSEWHERE}),
        (f"school_head@{PRIMARY}", 1, {PRIMARY}),
    ],
)
def test_everybody_reckons_over_the_own_scope_alone(
    policy: Session, city: City, who: str, students: int, schools: set[str]
) -> None:
    for code, n in ((PRIMARY, 1), (JUNIOR, 2), (ELSEWHERE, 3)):
        tell(policy, enrol(policy, city.schools[code], n), {"hardship": 1})
    found = ask(policy, city.actor(who), DEARER, names=True)
    assert found.students == students
    seen = {found.place(row.school_id).code for row in found.heads[BOARDERS]}
    named = {found.place(row.school_id).code for row in found.names or ()}
    assert (seen, named, found.names_total) == (schools, schools, students)
    assert (found.rooms is None) == who.startswith("school_head")


def test_names_are_listed_only_where_asked_for_and_allowed(policy: Session, city: City) -> None:
    pupils = enrol(policy, city.schools[PRIMARY], 1)
    tell(policy, pupils, {"hardship": 1})
    enrol(policy, city.schools[PRIMARY], 1)
    by = city.actor("city_officer")
    assert ask(policy, by, DEARER).names is None
    [named] = ask(policy, by, DEARER, names=True).names or ()
    assert (named.student_id, named.fate, named.before_fen, named.after_fen) == (
        str(pupils.ids[0]),
        "changes",
        250_00,
        300_00,
    )
    with pytest.raises(NotAllowed):
        ask(policy, replace(by, roles=frozenset({"administrator"})), DEARER, names=True)


def test_no_more_names_than_are_taken_but_all_are_counted(policy: Session, city: City) -> None:
    tell(policy, enrol(policy, city.schools[PRIMARY], 5), {"hardship": 1})
    by = city.actor("city_officer")
    asked = Question(period=SPRING, changes=(DEARER,), names=True)
    found = simulate(policy, asked, by=by, names_max=2)
    assert (len(found.names or ()), found.names_total) == (2, 5)


def test_a_school_does_not_see_an_officers_draft(policy: Session, city: City) -> None:
    made = drafting.draft(
        policy, BOARDERS, version(), because="试点", by=city.actor("city_officer")
    )
    change = Change(programme=BOARDERS, draft=made.id)
    assert ask(policy, city.actor("county_officer@370811"), change).pairs
    with pytest.raises(SimulationInvalid) as refused:
        ask(policy, city.actor(f"school_head@{PRIMARY}"), change)
    assert [fault.code for fault in refused.value.faults] == ["policy-draft-not-found"]


def test_chunks_come_to_the_same_as_one_and_cost_two_statements_each(
    policy: Session, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, n in ((PRIMARY, 5), (JUNIOR, 4)):
        tell(policy, enrol(policy, city.schools[code], n), {"hardship": 1})
    by = city.actor("city_officer")
    whole = ask(policy, by, DEARER, names=True)
    read: list[int] = []
    reading = population._read
    monkeypatch.setattr(population, "_read", lambda *a: (read.append(1), reading(*a))[1])
    for size, statements in ((9, 4), (10, 3), (4, 7), (100, 3)):
        read.clear()
        monkeypatch.setattr(service, "CHUNK", size)
        found = ask(policy, by, DEARER, names=True)
        assert (found.heads, found.money, found.students) == (whole.heads, whole.money, 9)
        assert sorted(found.names or (), key=str) == sorted(whole.names or (), key=str)
        assert len(read) == statements, size


def test_the_statements_do_not_grow_with_the_students(policy: Session, city: City) -> None:
    said: list[str] = []
    event.listen(policy.connection(), "before_cursor_execute", lambda *given: said.append(given[2]))
    by = city.actor("city_officer")
    numbers = []
    for n in (2, 200):
        tell(policy, enrol(policy, city.schools[PRIMARY], n), {"hardship": 1})
        said.clear()
        ask(policy, by, DEARER, names=True)
        numbers.append(len(said))
    assert numbers[0] == numbers[1] > 3


def test_nothing_is_written_and_the_database_itself_refuses_to(policy: Session, city: City) -> None:
    tell(policy, enrol(policy, city.schools[PRIMARY], 2), {"hardship": 1})
    question = " UNION ALL ".join(
        f"SELECT '{name}', count(*) FROM {name}" for name in sorted(metadata.tables)
        if policy.execute(
            text("SELECT has_table_privilege(:name, 'SELECT')"), {"name": name}
        ).scalar_one()
    )  # fmt: skip
    before = policy.execute(text(question)).all()
    ask(policy, city.actor("city_officer"), DEARER, names=True)
    db.enter(policy, city.actor("city_officer"))
    assert policy.execute(text(question)).all() == before
    change = text("UPDATE school SET name = name")
    with pytest.raises(InternalError, match="read-only"), nothing_written(policy):
        policy.execute(change)
    with nothing_written(policy):
        policy.execute(text("SELECT 1"))
    assert policy.execute(change).rowcount > 0

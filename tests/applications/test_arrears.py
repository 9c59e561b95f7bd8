"""A rate published late: the exact difference, once, for who was there on the due day."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from app.applications import arrears
from app.applications.arrears import Arrears
from app.awards import service as awards
from app.awards.errors import BudgetExhausted
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.ledger import service as ledger
from app.policy import drafting
from app.policy.service import load_catalogue
from app.reports import verification
from tests.applications.cases import OPEN_DAY, PROGRAMME, SPRING, Office, bring, open_round, row_of
from tests.factories.cases import as_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.policy_db.drafts import version

PRIMARY = "2137000006"
SUMMER = date(2008, 7, 20)
OF_ANOTHER = "(SELECT id FROM policy_version WHERE programme = 'vocational-grant' LIMIT 1)"


@pytest.fixture
def office(session: Session, city: City) -> Office:
    clock.set_office_day(OPEN_DAY)
    load_catalogue(session, "jining-2008")
    round_ = open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)
    clerk = city.actor(f"school_clerk@{PRIMARY}")
    appropriate(session, 10_000_00)
    return Office(round_, clerk, city.schools[PRIMARY])


def grant(
    session: Session,
    office: Office,
    *rows: dict[str, Any],
    programme: str = PROGRAMME,
    period: str = SPRING,
) -> list[str]:
    """Cases brought, promised and granted; answers the students' ids in order."""
    results = bring(session, office, *rows)
    db.enter(session, SYSTEM)
    made = [result["application_id"] for result in results]
    cases = as_cases(made)
    awards.promise(session, cases, programme=programme, period=period, batch=ids.new(), by=SYSTEM)
    awards.grant(session, cases.with_only_columns(cases.selected_columns[0]), SYSTEM)
    session.execute(text("UPDATE application SET state = 'confirmed'"))
    found = session.execute(text("SELECT student_id FROM application ORDER BY number")).scalars()
    return [str(each) for each in found]


def publish(session: Session, city: City, **changed: Any) -> None:
    made = drafting.draft(
        session, PROGRAMME, version(**changed), because="调标", by=city.actor("city_officer")
    )
    drafting.approve(session, PROGRAMME, made.id, because="同意", by=city.actor("city_officer_2"))


def flat(yuan: str) -> dict[str, Any]:
    """One amount for all stages; the examples claim who is eligible and no more."""
    claims = [
        {"given": each["given"], "gives": {"eligible": each["gives"]["eligible"]}}
        for each in version()["example"]
    ]
    return {"amount": [{"yuan": yuan}], "example": claims}


def settle(
    session: Session,
    city: City,
    *,
    dry_run: bool = False,
    on: date = SUMMER,
    programme: str = PROGRAMME,
    period: str = SPRING,
) -> Arrears:
    by = city.actor("city_officer")
    db.enter(session, by)
    clock.set_office_day(on)
    return arrears.settle(session, programme, period, by=by, dry_run=dry_run)


def leave(session: Session, student: str, day: date) -> None:
    session.execute(
        text("UPDATE enrolment SET left_on = :day WHERE student_id = :who"),
        {"day": day, "who": student},
    )


def supplements(session: Session) -> list[tuple[object, ...]]:
    found = session.execute(
        text(
            "SELECT seq, due_on, fiscal_year, amount_fen, state FROM instalment "
            "WHERE supplement_version_id IS NOT NULL ORDER BY id"
        )
    )
    return [tuple(row) for row in found]


def test_the_difference_is_one_supplement_and_asking_again_adds_nothing(
    session: Session, city: City, office: Office
) -> None:
    grant(session, office, row_of(office.school, 1), row_of(office.school, 2))
    publish(session, city)
    tried = settle(session, city, dry_run=True)
    assert (tried.amount_fen, tried.fates, supplements(session)) == (100_00, {"owed": 2}, [])
    settled = settle(session, city)
    assert [each.amount_fen for each in settled.owed] == [50_00, 50_00]
    assert supplements(session) == [(2, SUMMER, 2008, 50_00, "committed")] * 2
    assert balances(session, line_code())["committed"] == 600_00
    again = settle(session, city)
    assert (again.owed, again.fates) == ((), {"alike": 2})
    assert len(supplements(session)) == 2
    assert ledger.verify(session) == []
    assert verification.verify(session) == []


def test_a_second_later_rate_pays_only_what_it_adds(
    session: Session, city: City, office: Office
) -> None:
    grant(session, office, row_of(office.school, 1))
    publish(session, city)
    settle(session, city)
    publish(session, city, **flat("640.00"))
    assert [each.amount_fen for each in settle(session, city).owed] == [20_00]
    assert [row[3] for row in supplements(session)] == [50_00, 20_00]


def test_who_left_before_the_due_day_gets_nothing_and_who_left_after_it_does(
    session: Session, city: City, office: Office
) -> None:
    students = grant(session, office, *(row_of(office.school, seed) for seed in (1, 2, 3)))
    leave(session, students[0], date(2008, 5, 15))  # the due day itself: gone by then
    leave(session, students[1], date(2008, 5, 16))
    publish(session, city)
    settled = settle(session, city)
    assert settled.fates == {"left": 1, "owed": 2}
    assert [each.amount_fen for each in settled.owed] == [50_00, 50_00]


def test_a_lower_rate_takes_nothing_back(session: Session, city: City, office: Office) -> None:
    grant(session, office, row_of(office.school, 1))
    publish(session, city, **flat("400.00"))
    settled = settle(session, city)
    assert (settled.owed, settled.fates) == ((), {"alike": 1})


def test_one_fen_too_little_refuses_the_whole_and_writes_nothing(
    session: Session, city: City, office: Office
) -> None:
    grant(session, office, row_of(office.school, 1))
    publish(session, city)
    session.execute(
        text(
            "UPDATE ledger_account SET debits_fen = credits_fen - 4999 "
            "WHERE code = :code AND kind = 'available'"
        ),
        {"code": f"{line_code()}/available"},
    )
    with pytest.raises(BudgetExhausted) as refused, session.begin_nested():
        settle(session, city)
    assert refused.value.shorts[0].need_fen == 50_00
    assert supplements(session) == []


def test_a_rate_from_the_middle_of_a_school_year_reaches_the_months_from_then_on(
    session: Session, city: City, office: Office
) -> None:
    school = city.schools["3637000010"]
    round_ = open_round(session, city.actor("city_officer"), "vocational-grant", "2007-2008")
    clerk = city.actor("school_clerk@3637000010")
    appropriate(session, 10_000_00, programme="vocational-grant")
    appropriate(session, 10_000_00, programme="vocational-grant", year=2007)
    grant(
        session,
        Office(round_, clerk, school),
        row_of(school, 50, hukou="rural", boards=None),
        programme="vocational-grant",
        period="2007-2008",
    )
    given = {"stage": "vocational", "year": 1, "hukou": "rural"}
    table = version(
        criterion=[{"id": "stage", "test": "stage = 'vocational'", "zh": "中职", "en": "VET"}],
        amount=[{"yuan": "2000.00"}],
        example=[{"given": given, "gives": {"eligible": True, "year": "2000.00"}}] * 5,
    )
    by = city.actor("city_officer")
    made = drafting.draft(session, "vocational-grant", table, because="调标", by=by)
    drafting.approve(
        session, "vocational-grant", made.id, because="同意", by=city.actor("city_officer_2")
    )
    # Ten months of 150 yuan; from March on five of 200, each owed once it has fallen due.
    for day, months in ((date(2008, 4, 20), 2), (SUMMER, 3)):
        settled = settle(session, city, on=day, programme="vocational-grant", period="2007-2008")
        assert [each.amount_fen for each in settled.owed] == [months * 50_00]
    db.enter(session, SYSTEM)
    assert verification.verify(session) == []


@pytest.mark.parametrize(("on", "owed"), [(date(2008, 5, 14), []), (date(2008, 5, 15), [50_00])])
def test_a_day_that_has_not_come_is_not_paid_ahead(
    session: Session, city: City, office: Office, on: date, owed: list[int]
) -> None:
    grant(session, office, row_of(office.school, 1))
    publish(session, city)
    settled = settle(session, city, on=on)
    assert [each.amount_fen for each in settled.owed] == owed


@pytest.mark.parametrize(
    ("planted", "code", "said"),
    [
        ("amount_fen = amount_fen + 1", "supplement-off", "50.01 yuan; the books committed 50.00"),
        (
            f"supplement_version_id = {OF_ANOTHER}",
            "supplement-astray",
            f"vocational-grant; it should be of {PROGRAMME}.",
        ),
        (
            "fiscal_year = 2009",
            "supplement-astray",
            f"{PROGRAMME} 2008; it should be of {PROGRAMME} 2009.",
        ),
        ("due_on = '2009-01-01'", "supplement-astray", "2008; it should be of 2009."),
        (
            "school_id = (SELECT id FROM organisation WHERE code = '3137000008')",
            "supplement-astray",
            "任城区长沟镇中学; it should be of 任城区次丘镇中心小学.",
        ),
        (
            "replaces_id = (SELECT id FROM instalment WHERE supplement_version_id IS NULL)",
            "supplement-astray",
            "a moved instalment; it should be of its own.",
        ),
    ],
)
def test_a_supplement_that_is_not_its_awards_or_not_in_the_books_is_found(
    session: Session, city: City, office: Office, planted: str, code: str, said: str
) -> None:
    grant(session, office, row_of(office.school, 1))
    publish(session, city)
    settle(session, city)
    db.enter(session, SYSTEM)
    assert verification.verify(session) == []
    session.execute(
        text(f"UPDATE instalment SET {planted} WHERE supplement_version_id IS NOT NULL")
    )
    found = [each.en for each in verification.verify(session) if each.code == code]
    assert any(said in each for each in found), found


def at_the_door(client: TestClient, city: City, who: str, body: dict[str, Any]) -> Any:
    url = f"/api/v1/programmes/{PROGRAMME}/arrears"
    return client.post(url, json=body, headers=city.bearer(who))


def commit_granted(city: City) -> None:
    """Two pupils granted and a dearer version published, for all to see."""
    clock.set_office_day(OPEN_DAY)
    with db.scoped_session(SYSTEM) as opened:
        load_catalogue(opened, "jining-2008")
        officer, clerk = city.actor("city_officer"), city.actor(f"school_clerk@{PRIMARY}")
        made = Office(open_round(opened, officer, PROGRAMME, SPRING), clerk, city.schools[PRIMARY])
        appropriate(opened, 10_000_00)
        grant(opened, made, row_of(made.school, 1), row_of(made.school, 2))
        publish(opened, city)


def test_the_door_tries_then_writes_and_then_owes_nothing(client: TestClient, city: City) -> None:
    commit_granted(city)
    clock.set_office_day(SUMMER)
    tried = at_the_door(client, city, "city_officer", {"period": SPRING}).json()
    assert (tried["state"], tried["batch"], tried["amount"]) == ("tried", None, "100.00")
    assert [each["amount"] for each in tried["owed"]] == ["50.00", "50.00"]
    with db.scoped_session(SYSTEM) as opened:
        assert supplements(opened) == []
    asked = {"period": SPRING, "dry_run": False}
    written = at_the_door(client, city, "city_officer", asked).json()
    assert (written["state"], written["amount"], written["fates"]) == (
        "written", "100.00", {"owed": 2},
    )  # fmt: skip
    assert written["owed"] == tried["owed"]
    with db.scoped_session(SYSTEM) as opened:
        assert supplements(opened) == [(2, SUMMER, 2008, 50_00, "committed")] * 2
        batch = {"batch": written["batch"]}
        moved = text("SELECT sum(amount_fen) FROM ledger_transfer WHERE batch = :batch")
        assert opened.execute(moved, batch).scalar_one() == 100_00
    again = at_the_door(client, city, "city_officer", asked).json()
    assert (again["amount"], again["owed"], again["fates"]) == ("0.00", [], {"alike": 2})
    assert client.get("/api/v1/verification", headers=city.bearer("auditor")).json()[
        "findings"
    ] == []  # fmt: skip


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        ("county_officer@370811", {"period": SPRING}, 403),
        ("finance_maker", {"period": SPRING}, 403),
        ("city_officer", {"period": "2008-summer"}, 422),
        ("city_officer", {"period": SPRING, "dry_run": 0}, 422),
        ("city_officer", {}, 422),
    ],
)
def test_the_door_refuses_others_and_what_is_no_period(
    client: TestClient, city: City, who: str, body: dict[str, Any], status: int
) -> None:
    assert at_the_door(client, city, who, body).status_code == status

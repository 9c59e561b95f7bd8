"""Recoverable money over HTTP: each reader sees that of the own scope, page by page."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import col

from app.awards.models import Award, Instalment
from app.awards.waiting import shares_of
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.recoveries import service as recoveries
from app.recoveries.models import RecoveryReason
from app.recoveries.service import Debt
from tests.factories.cases import BOARDERS, SPRING
from tests.factories.office import City
from tests.factories.paid import Paid, pay

DOOR = "/api/v1/recoveries"
RURAL, WEISHAN = "2137000006", "2137000011"
EACH = 250_00


@pytest.fixture(scope="module", autouse=True)
def _owed(city: City) -> None:
    """Two payments of one county are owed back for a false statement, one of the other as left."""
    clock.set_office_day(date(2008, 6, 30))
    with scoped_session(SYSTEM) as session:
        cases = pay(
            session, city, BOARDERS, SPRING, [Paid(RURAL, 2, EACH), Paid(WEISHAN, 1, EACH)],
            on=date(2008, 6, 30),
        )  # fmt: skip
        for code, reason in ((RURAL, RecoveryReason.FALSE_STATEMENT),
                             (WEISHAN, RecoveryReason.LEFT)):  # fmt: skip
            paid = (
                select(
                    col(Award.student_id), col(Award.school_id), col(Award.county_id),
                    col(Award.id), col(Instalment.id), col(Instalment.amount_fen),
                )
                .join(Instalment, col(Instalment.award_id) == Award.id)
                .where(
                    col(Award.application_id).in_(cases),
                    col(Award.school_id) == city.schools[code].id,
                )
            )  # fmt: skip
            of = select(col(Instalment.id)).where(
                col(Instalment.school_id) == city.schools[code].id
            )
            recoveries.mark(
                session, paid, shares_of(of), debt=Debt(reason, "隐瞒车辆"), batch=ids.new(),
                by=SYSTEM,
            )  # fmt: skip


def listed(client: TestClient, city: City, who: str, **query: Any) -> Any:
    answer = client.get(DOOR, headers=city.bearer(who), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("who", "count"),
    [
        ("city_officer", 3),
        ("auditor", 3),
        ("finance_maker", 3),
        ("county_officer@370811", 2),
        ("finance_checker@370811", 2),
        ("county_officer@370826", 1),
    ],
)
def test_each_reader_sees_what_is_owed_in_the_own_scope(
    client: TestClient, city: City, who: str, count: int
) -> None:
    assert len(listed(client, city, who)["items"]) == count


@pytest.mark.parametrize("who", [f"school_head@{RURAL}", f"class_teacher@{RURAL}", "administrator"])
def test_nobody_else_reads_it(client: TestClient, city: City, who: str) -> None:
    assert client.get(DOOR, headers=city.bearer(who)).status_code == 403


def test_it_says_whose_money_how_much_and_why(client: TestClient, city: City) -> None:
    [owed] = listed(client, city, "county_officer@370826")["items"]
    with scoped_session(SYSTEM) as session:
        [award] = session.execute(
            select(Award).where(col(Award.school_id) == city.schools[WEISHAN].id)
        ).scalars()
        assert (owed["student_id"], owed["award_id"]) == (str(award.student_id), str(award.id))
    assert (owed["amount"], owed["reason"], owed["because"]) == ("250.00", "left", "隐瞒车辆")
    assert (owed["state"], owed["settled_at"]) == ("open", None)
    assert owed["school_name"] == "微山县马坡镇中心小学"


def test_it_is_narrowed_and_paged(client: TestClient, city: City) -> None:
    who = "city_officer"
    false = listed(client, city, who, reason="false_statement")["items"]
    assert len(false) == 2
    assert listed(client, city, who, state="came_back")["items"] == []
    one = false[0]
    assert listed(client, city, who, student=one["student_id"])["items"] == [one]
    assert listed(client, city, who, award=one["award_id"])["items"] == [one]
    school = str(city.schools[RURAL].id)
    assert listed(client, city, who, school=school)["items"] == false
    first = listed(client, city, who, limit=2)
    rest = listed(client, city, who, limit=2, cursor=first["next"])
    seen = [each["id"] for each in (*first["items"], *rest["items"])]
    assert len(seen) == len(set(seen)) == 3
    assert rest["next"] is None

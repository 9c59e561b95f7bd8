"""Who owes money is approved for nothing new until it is paid back or agreed upon."""

from uuid import UUID

from fastapi.testclient import TestClient
from sqlalchemy import insert, select
from sqlmodel import col

from app.applications.models import Application
from app.core import db
from app.core.actor import SYSTEM
from app.recoveries.models import RecoveryBar
from tests.applications.test_decisions import Office
from tests.factories.office import City


def test_a_debtor_is_left_out_of_a_filter_and_refused_by_name(
    city: City, client: TestClient
) -> None:
    office = Office(city, client)
    debtor, other = office.cases(2, "2008-spring")
    office.money(2, 2008)
    with db.scoped_session(SYSTEM) as session:
        student = select(col(Application.student_id)).where(col(Application.id) == UUID(debtor))
        session.execute(insert(RecoveryBar).from_select(["student_id"], student).inline())
    seen = office.preview("city_officer", "2008-spring")
    assert (seen["count"], seen["owing"]) == (1, 1)
    named = office.decide("city_officer", ids=[debtor, other])
    assert (named.status_code, named.json()["type"]) == (409, "/problems/decision.still-owing")
    assert len(named.json()["errors"]) == 1
    filtered = {"programme": "boarding-subsidy", "period": "2008-spring"}
    done = office.decide(
        "city_officer", filter=filtered, expect={"count": 1, "amount": seen["amount"]}
    )
    assert (done.status_code, done.json()["owing"]) == (201, 1), done.text
    assert office.standing(debtor) == ("in_review", "city")
    assert office.decide("city_officer", "return", ids=[debtor]).status_code == 201

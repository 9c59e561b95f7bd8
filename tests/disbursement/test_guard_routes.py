"""Through the door: a card of the staff found and answered for; a day on which none is paid."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core import db
from app.core.actor import SYSTEM
from tests.disbursement.conftest import RURAL
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees

API = "/api/v1"


class Door:
    """The service as its people call it; answers the JSON of a reply with that status."""

    def __init__(self, client: TestClient, city: City) -> None:
        self.client, self.city = client, city

    def post(self, who: str, path: str, body: object, status: int = 200) -> Any:
        reply = self.client.post(f"{API}{path}", headers=self.city.bearer(who), json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def items(self, who: str, path: str) -> list[dict[str, Any]]:
        reply = self.client.get(f"{API}{path}", headers=self.city.bearer(who))
        assert reply.status_code == 200, reply.text
        return list(reply.json()["items"])


@pytest.fixture
def door(client: TestClient, city: City) -> Door:
    return Door(client, city)


def test_a_card_of_the_staff_is_found_answered_for_and_shown(door: Door) -> None:
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 250_00)
        (payee,) = make_payees(session, door.city.schools[RURAL], 1)
    school = f"/schools/{door.city.schools[RURAL].id}/staff-accounts"
    card = {"number": payee.number, "holder_name": "赵师", "reason": "班主任工资卡"}
    door.post(f"school_clerk@{RURAL}", school, {"accounts": [card]}, 201)
    wrong = {"accounts": [card, card | {"number": "12"}]}
    assert len(door.post(f"school_clerk@{RURAL}", school, wrong, 422)["errors"]) == 1
    (shown,) = door.items("auditor", school)
    assert shown["account"] == "*" * 12 + payee.number[-4:]
    opening = {"programme": BOARDERS, "due_to": "2008-06-02"}
    run = door.post("finance_maker", "/runs", opening, 201)["run"]["id"]
    (held,) = door.items("finance_checker", f"/runs/{run}/payouts")
    assert held["findings"] == ["staff_account"]
    answer = {
        "payout_ids": [held["id"]],
        "findings": ["staff_account"],
        "because": "教师本人子女",
    }
    done = door.post("finance_checker", f"/runs/{run}/payouts/override", answer)
    assert done == {"overridden": 1, "ready": 1}
    (ready,) = door.items("finance_checker", f"/runs/{run}/payouts")
    outcomes = {one["check"]: one["outcome"] for one in ready["guards"]}
    assert (ready["state"], ready["findings"]) == ("ready", [])
    assert outcomes.pop("staff_account") == "overridden"
    assert set(outcomes.values()) == {"passed"}
    closed = {"from_on": "2008-06-02", "to_on": "2008-06-03", "because": "国库结账"}
    days = door.post("finance_maker", "/blackouts", closed, 201)
    refused = door.post("finance_checker", f"/runs/{run}/release", None, 409)
    assert refused["next_day"] == "2008-06-04"
    cancelled = f"/blackouts/{days['id']}/cancel"
    door.post("finance_checker", cancelled, {"because": "国库延时"})
    assert len(door.items("auditor", "/blackouts")) == 1
    assert door.post("finance_checker", f"/runs/{run}/release", None)["payouts"] == 1

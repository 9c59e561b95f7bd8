"""An officer changes a rate: drafted with its examples, approved by another, binding from then."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from app.core import settings
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy import drafting, queries, service
from app.policy.errors import DraftOvertaken, DraftOwn, DraftSettled
from tests.factories.office import City
from tests.policy_db.drafts import version

BOARDERS = "boarding-subsidy"
URL = f"/api/v1/programmes/{BOARDERS}"


@pytest.fixture
def published(session: Session) -> Session:
    service.load_catalogue(session, settings.get().catalogue)
    return session


@pytest.fixture(scope="module")
def served(client: TestClient, city: City) -> TestClient:
    with scoped_session(SYSTEM) as opened:
        service.load_catalogue(opened, settings.get().catalogue)
    return client


def draft(served: TestClient, city: City, wanted: dict[str, Any]) -> Any:
    return served.post(
        f"{URL}/versions",
        json={"because": "济财教 试点", "version": wanted},
        headers=city.bearer("city_officer"),
    )


def year_fen(session: Session, period: str) -> list[int]:
    loaded = queries.version_for(session, BOARDERS, period)
    return [amount.year_fen for amount in loaded.version.amounts]


def test_a_draft_binds_nobody_until_another_officer_approves_it(
    published: Session, city: City
) -> None:
    maker, checker = city.actor("city_officer"), city.actor("city_officer_2")
    made = drafting.draft(published, BOARDERS, version(), because="试点", by=maker)
    assert year_fen(published, "2008-spring") == [500_00, 750_00]
    with pytest.raises(DraftOwn):
        drafting.approve(published, BOARDERS, made.id, because="同意", by=maker)
    drafting.approve(published, BOARDERS, made.id, because="同意", by=checker)
    assert year_fen(published, "2008-spring") == [600_00, 900_00]
    assert year_fen(published, "2007-autumn") == [300_00]
    with pytest.raises(DraftSettled):
        drafting.withdraw(published, BOARDERS, made.id, because="晚了", by=maker)


def test_a_second_draft_of_the_same_period_has_the_next_revision_and_wins(
    published: Session, city: City
) -> None:
    maker, checker = city.actor("city_officer"), city.actor("city_officer_2")
    first = drafting.draft(published, BOARDERS, version(), because="一", by=maker)
    dearer = version(
        amount=[{"yuan": "700.00"}],
        example=[
            {"given": each["given"], "gives": {"eligible": each["gives"]["eligible"]}}
            for each in version()["example"]
        ],
    )
    second = drafting.draft(published, BOARDERS, dearer, because="二", by=maker)
    assert (first.revision, second.revision) == (1000, 1001)
    drafting.approve(published, BOARDERS, second.id, because="同意", by=checker)
    with pytest.raises(DraftOvertaken):
        drafting.approve(published, BOARDERS, first.id, because="同意", by=checker)
    assert year_fen(published, "2008-spring") == [700_00]
    # The files' own versions are stored again at the next start and change nothing.
    assert service.load_catalogue(published, settings.get().catalogue) == 0


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"effective_from": None}, "effective_from_missing", id="no first period"),
        pytest.param({"effective_from": "2008"}, "period_invalid", id="no period"),
        pytest.param({"funding": [{"source": "county", "basis_points": 9999}]}, "funding_sum",
                     id="shares"),
        pytest.param({"amount": [{"yuan": "600.005"}]}, "amount_invalid", id="three decimals"),
        pytest.param({"amount": [{"yuan": 600}]}, "value_type", id="a number for yuan"),
        pytest.param({"amount": [{"yuan": "601.00"}]}, "example_wrong", id="example"),
        pytest.param({"example": version()["example"][:4]}, "examples_few", id="four examples"),
        pytest.param({"criterion": [{"id": "a", "test": "stage = 'primry'", "zh": "a", "en": "a"}]},
                     "fact_value", id="misspelt value"),
        pytest.param({"criterion": [{"id": "a", "test": "wealth > 1", "zh": "a", "en": "a"}]},
                     "fact_unknown", id="unknown fact"),
        pytest.param({"criterion": [{"id": "a", "test": "hardship + 1", "zh": "a", "en": "a"}]},
                     "expression_type", id="not a truth"),
        pytest.param({"criterion": "boards"}, "value_type", id="a text for a table"),
        pytest.param({"colour": "red"}, "key_unknown", id="unknown key"),
    ],
)  # fmt: skip
def test_a_broken_draft_is_refused_with_every_fault_and_nothing_is_kept(
    served: TestClient, city: City, changed: dict[str, Any], code: str
) -> None:
    answer = draft(served, city, version(**changed))
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/policy-draft-invalid"
    assert code in {each["code"] for each in answer.json()["errors"]}
    listed = served.get(f"{URL}/drafts", headers=city.bearer("auditor")).json()
    assert listed["items"] == []


def test_text_that_is_no_unicode_is_refused_at_the_door(served: TestClient, city: City) -> None:
    body = '{"because": "试点", "version": {"source": "\\ud800", "effective_from": "2008-spring"}}'
    answer = served.post(
        f"{URL}/versions",
        content=body.encode(),
        headers={**city.bearer("city_officer"), "Content-Type": "application/json"},
    )
    assert answer.status_code == 422


def test_the_door_shows_drafts_and_what_became_of_them(served: TestClient, city: City) -> None:
    made = draft(served, city, version(effective_from="2030-spring")).json()
    assert (made["state"], made["version"]["revision"]) == ("drafted", 1000)
    own = served.post(
        f"{URL}/drafts/{made['id']}/approve",
        json={"because": "同意"},
        headers=city.bearer("city_officer"),
    )
    assert (own.status_code, own.json()["type"]) == (403, "/problems/four-eyes")
    approved = served.post(
        f"{URL}/drafts/{made['id']}/approve",
        json={"because": "同意"},
        headers=city.bearer("city_officer_2"),
    ).json()
    assert approved["state"] == "approved"
    whole = served.get(URL, headers=city.bearer("auditor")).json()
    assert whole["versions"][-1]["effective_from"] == "2030-spring"
    again = draft(served, city, version(effective_from="2031-spring")).json()
    taken_back = served.post(
        f"{URL}/drafts/{again['id']}/withdraw",
        json={"because": "改期"},
        headers=city.bearer("city_officer"),
    )
    assert taken_back.json()["state"] == "withdrawn"
    states = served.get(f"{URL}/drafts", headers=city.bearer("auditor")).json()["items"]
    assert [each["state"] for each in states] == ["withdrawn", "approved"]


@pytest.mark.parametrize("who", ["county_officer@370811", "auditor", "school_head@2137000006"])
def test_only_city_officers_write_policy(served: TestClient, city: City, who: str) -> None:
    answer = served.post(
        f"{URL}/versions",
        json={"because": "试点", "version": version()},
        headers=city.bearer(who),
    )
    assert answer.status_code == 403

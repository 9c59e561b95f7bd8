"""Published policy: stored once, never altered, chosen by the period applied for."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from app.core import settings
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy import queries, service
from app.policy.catalogue import sealed
from app.policy.errors import PeriodInvalid, PolicyVersionChanged, PolicyVersionNotFound
from tests.factories.office import City

CATALOGUE = "jining-2008"


@pytest.fixture
def published(session: Session) -> Session:
    service.load_catalogue(session, CATALOGUE)
    return session


@pytest.fixture(scope="module")
def served(client: TestClient, city: City) -> TestClient:
    with scoped_session(SYSTEM) as opened:
        service.load_catalogue(opened, settings.get().catalogue)
    return client


@pytest.mark.parametrize("name", ["jining-2008", "national"])
def test_a_catalogue_goes_in_once(session: Session, name: str) -> None:
    programmes = queries.catalogue(name).programmes.values()
    versions = sum(len(programme.versions) for programme in programmes)
    assert service.load_catalogue(session, name) == versions > len(programmes)
    assert service.load_catalogue(session, name) == 0
    assert session.execute(text("SELECT count(*) FROM policy_version")).scalar_one() == versions


def test_what_was_published_before_there_were_more_programmes_is_left_as_it_is(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = queries.catalogue(CATALOGUE)
    first = {
        code: replace(
            whole.programmes[code],
            versions=tuple(v for v in whole.programmes[code].versions if v.revision == 1),
        )
        for code in ("boarding-subsidy", "vocational-grant")
    }
    with monkeypatch.context() as earlier:
        earlier.setattr(queries, "catalogue", lambda _: replace(whole, programmes=first))
        assert service.load_catalogue(session, CATALOGUE) == 3
    versions = sum(len(programme.versions) for programme in whole.programmes.values())
    assert service.load_catalogue(session, CATALOGUE) == versions - 3


def test_a_changed_version_is_refused_in_one_line(
    published: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = queries.catalogue(CATALOGUE)
    programme = sound.programmes["boarding-subsidy"]
    dearer = sealed(
        replace(
            programme.versions[1],
            amounts=tuple(
                replace(each, year_fen=each.year_fen + 1) for each in programme.versions[1].amounts
            ),
        )
    )
    changed = replace(programme, versions=(programme.versions[0], dearer))
    broken = replace(sound, programmes={**sound.programmes, "boarding-subsidy": changed})
    monkeypatch.setattr(queries, "catalogue", lambda _: broken)
    with pytest.raises(PolicyVersionChanged) as refused:
        service.load_catalogue(published, CATALOGUE)
    assert "boarding-subsidy 2008-spring revision 1" in refused.value.en
    assert "\n" not in refused.value.en


@pytest.mark.parametrize(
    ("period", "year_fen"),
    [
        ("2007-autumn", [300_00]),
        ("2008-spring", [500_00, 750_00]),
        ("2011-spring", [500_00, 750_00]),
    ],
)
def test_the_period_applied_for_chooses_the_version(
    published: Session, period: str, year_fen: list[int]
) -> None:
    loaded = queries.version_for(published, "boarding-subsidy", period)
    assert [each.year_fen for each in loaded.version.amounts] == year_fen
    assert queries.version_by_id(published, [loaded.id]) == {loaded.id: loaded}


def test_nothing_was_in_force_before_the_first_version(published: Session) -> None:
    with pytest.raises(PolicyVersionNotFound):
        queries.version_for(published, "vocational-grant", "2006-2007")


def test_a_term_is_refused_where_a_school_year_is_applied_for(published: Session) -> None:
    with pytest.raises(PeriodInvalid):
        queries.version_for(published, "vocational-grant", "2008-spring")


def test_programmes_are_shown_with_every_version(served: TestClient, city: City) -> None:
    head = city.bearer("school_head@2137000006")
    listed = served.get("/api/v1/programmes", headers=head)
    codes = [each["code"] for each in listed.json()]
    assert codes == sorted(codes)
    assert {"boarding-subsidy", "vocational-grant", "national-grant", "origin-loan"} <= set(codes)
    whole = served.get("/api/v1/programmes/boarding-subsidy", headers=head).json()
    starts = [(each["effective_from"], each["revision"]) for each in whole["versions"]]
    assert starts == [(None, 1), ("2008-spring", 1), ("2008-spring", 2)]
    assert [each["year"] for each in whole["versions"][1]["amounts"]] == ["500.00", "750.00"]
    assert [each["id"] for each in whole["versions"][1]["criteria"]] == [
        "stage", "school_area", "boards", "hardship",
    ]  # fmt: skip
    assert whole["approval"] == {"county": ["county", "city"], "city": ["city"]}


def test_an_amount_worked_out_from_facts_is_shown_as_its_expression(
    served: TestClient, city: City
) -> None:
    head = city.bearer("school_head@2137000006")
    whole = served.get("/api/v1/programmes/origin-loan", headers=head).json()
    assert whole["versions"][0]["amounts"] == [
        {
            "when": "",
            "year": None,
            "fen": "LEAST(600000, tuition_fen + accommodation_fen) // 100 * 100",
        }
    ]


def test_who_is_eligible_where_no_amount_is_stated_is_told_so(
    served: TestClient, city: City
) -> None:
    explained = served.post(
        "/api/v1/programmes/donated-aid/assess",
        json={"period": "2007-2008", "facts": {"hardship": 1}},
        headers=city.bearer("auditor"),
    ).json()
    assert (explained["eligible"], explained["failed"], explained["amount"]) == (True, [], None)


def test_an_unknown_programme_is_not_found(served: TestClient, city: City) -> None:
    answer = served.get("/api/v1/programmes/lunch", headers=city.bearer("auditor"))
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/programme-not-found"


def test_a_tried_case_is_explained_and_stores_nothing(served: TestClient, city: City) -> None:
    answer = served.post(
        "/api/v1/programmes/boarding-subsidy/assess",
        json={
            "period": "2008-spring",
            "facts": {
                "stage": "primary", "school_area": "rural", "boards": True, "hardship": 1,
            },
        },
        headers=city.bearer("auditor"),
    )  # fmt: skip
    explained = answer.json()
    assert answer.status_code == 200
    assert explained["eligible"] is True
    assert explained["amount"]["amount"] == "250.00"
    assert [part["due_on"] for part in explained["amount"]["instalments"]] == ["2008-05-15"]
    with scoped_session(SYSTEM) as opened:
        assert opened.execute(text("SELECT count(*) FROM application")).scalar_one() == 0


def test_a_missing_fact_is_asked_for_and_never_refuses(served: TestClient, city: City) -> None:
    explained = served.post(
        "/api/v1/programmes/boarding-subsidy/assess",
        json={
            "period": "2008-spring",
            "facts": {"stage": "primary", "school_area": "rural", "boards": True},
        },
        headers=city.bearer("auditor"),
    ).json()
    assert explained["eligible"] is None
    assert [each["fact"] for each in explained["needed"]] == ["hardship"]
    assert explained["amount"] is None


@pytest.mark.parametrize(
    "facts", [{"boards": 1}, {"hardship": True}, {"hardship": 4}, {"shoe_size": 38}]
)
def test_facts_outside_the_vocabulary_are_refused_by_name(
    served: TestClient, city: City, facts: dict[str, object]
) -> None:
    answer = served.post(
        "/api/v1/programmes/boarding-subsidy/assess",
        json={"period": "2008-spring", "facts": facts},
        headers=city.bearer("auditor"),
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == f"/facts/{next(iter(facts))}"

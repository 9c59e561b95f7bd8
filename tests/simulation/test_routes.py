"""Simulations at the door: JSON, workbook, refusals, and the key that is kept all the same."""

import io
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy.service import load_catalogue
from tests.factories.cases import BOARDERS, SPRING
from tests.factories.office import City
from tests.policy_db.drafts import version
from tests.simulation.pupils import enrol, tell

URL = "/api/v1/simulations"
PRIMARY = "2137000006"
ASKED: dict[str, Any] = {
    "period": SPRING,
    "changes": [{"programme": BOARDERS, "version": version()}],
}


@pytest.fixture(scope="module")
def served(client: TestClient, city: City) -> TestClient:
    with scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        tell(session, enrol(session, city.schools[PRIMARY], 3), {"hardship": 1})
        enrol(session, city.schools["2137000011"], 2)
    return client


def post(served: TestClient, city: City, who: str, at: str = URL, **asked: Any) -> Any:
    return served.post(at, json={**ASKED, **asked}, headers=city.bearer(who))


def test_a_simulation_says_who_and_how_much(served: TestClient, city: City) -> None:
    answer = post(served, city, "city_officer", names=True)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    [programme] = told["programmes"]
    assert programme["people"] == {
        "gains": 0, "loses": 0, "changes": 3, "same": 0, "asks": 2, "out": 0,
        "entitled_before": 3, "entitled_after": 3,
    }  # fmt: skip
    assert programme["year"] == {"before": "1500.00", "after": "1800.00"}
    assert programme["paid"] == {"before": "750.00", "after": "900.00"}
    assert (programme["before"]["revision"], programme["after"]["revision"]) == (2, 1000)
    assert [row["county_code"] for row in told["counties"]] == ["370811", "370826"]
    assert [row["school_code"] for row in told["schools"]] == [PRIMARY, "2137000011"]
    [room] = told["room"]
    assert (room["holder_code"], room["room"]) == ("370811", "-900.00")
    assert [row["fate"] for row in told["names"]] == ["changes"] * 3
    assert "名额" in told["notes"][0]["zh"]


def test_a_school_sees_its_own_pupils_and_no_fund_line(served: TestClient, city: City) -> None:
    told = post(served, city, f"school_head@{PRIMARY}", names=True).json()
    assert (told["students"], told["room"]) == (3, None)
    assert {row["school_code"] for row in told["names"]} == {PRIMARY}
    for who in (f"school_clerk@{PRIMARY}", f"class_teacher@{PRIMARY}", "administrator"):
        assert post(served, city, who).status_code == 403


@pytest.mark.parametrize(
    ("who", "sheets"),
    [
        ("auditor", ["合计", "分县", "分校", "资金", "指标余缺", "名单"]),
        (f"school_head@{PRIMARY}", ["合计", "分县", "分校", "资金", "名单"]),
    ],
)
def test_the_workbook_has_a_sheet_for_each_part(
    served: TestClient, city: City, who: str, sheets: list[str]
) -> None:
    answer = post(served, city, who, f"{URL}.xlsx", names=True)
    assert answer.status_code == 200, answer.text
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == sheets
    rows = book.get_sheet_by_name("合计").to_python()
    figures = dict(zip(rows[0], rows[1], strict=True))
    assert (figures["资助项目"], figures["金额变化"], figures["测算后全年（元）"]) == (
        BOARDERS,
        "3",
        "1800.00",
    )
    assert len(book.get_sheet_by_name("名单").to_python()) == 1 + 3
    without = post(served, city, who, f"{URL}.xlsx")
    assert "名单" not in CalamineWorkbook.from_filelike(io.BytesIO(without.content)).sheet_names


def test_the_workbook_speaks_the_callers_language(served: TestClient, city: City) -> None:
    headers = {**city.bearer("auditor"), "Accept-Language": "en"}
    answer = served.post(f"{URL}.xlsx", json=ASKED, headers=headers)
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names[0] == "totals"


def test_the_key_of_a_simulation_is_kept_though_it_writes_nothing(
    served: TestClient, city: City
) -> None:
    headers = {**city.bearer("city_officer"), "Idempotency-Key": uuid4().hex}
    first = served.post(URL, json=ASKED, headers=headers)
    again = served.post(URL, json=ASKED, headers=headers)
    assert (first.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"period": "2008"}, id="no period"),
        pytest.param({"period": "2008-2009"}, id="a school year for a programme by term"),
        pytest.param({"changes": [{"programme": BOARDERS}]}, id="no change"),
        pytest.param({"changes": [{"programme": "wealth", "draft": str(uuid4())}]}, id="wealth"),
        pytest.param({"changes": [{"programme": BOARDERS, "draft": str(uuid4())}]}, id="no draft"),
        pytest.param({"changes": ASKED["changes"] * 2}, id="changed twice"),
        pytest.param({"programmes": ["wealth"]}, id="no programme"),
        pytest.param({"catalogue": "../jining-2008"}, id="a path"),
        pytest.param({"school_year": "2007-2009"}, id="two years"),
        pytest.param({"as_of": 20080401}, id="a number for a day"),
        pytest.param({"names": 1}, id="a number for true"),
    ],
)
def test_what_cannot_be_reckoned_is_refused_in_words(
    served: TestClient, city: City, asked: dict[str, Any]
) -> None:
    answer = post(served, city, "city_officer", **asked)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_a_refused_simulation_leaves_the_session_usable(served: TestClient, city: City) -> None:
    assert post(served, city, "city_officer", catalogue="nothing").status_code == 422
    with Session(db.engine()) as session:
        db.enter(session, SYSTEM)
    assert post(served, city, "city_officer").status_code == 200

"""Year ends at their doors, and by many at once. Each test has a fiscal year of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import col

from app.budgets.errors import YearEndsMoved
from app.budgets.models import FundLineYearEnd, YearEnd
from app.budgets.year_ends import YearEndAsked, confirm_year_ends, propose_year_ends
from app.core import clock, db
from app.core.actor import SYSTEM, Actor
from app.core.embedded import Cluster
from tests.factories.money import appropriate, line_code
from tests.factories.office import City

THREADS = 8
API = "/api/v1/ledger/year-ends"


@pytest.fixture(autouse=True)
def _day() -> None:
    clock.set_office_day(date(2008, 6, 2))


def open_lines(year: int) -> tuple[str, str]:
    """A line of each county that is there."""
    with db.scoped_session(SYSTEM) as session:
        for county in ("370811", "370826"):
            appropriate(session, 40_00, county, year=year)
    return line_code(year=year), line_code("370826", year=year)


def propose(line: str, by: Actor) -> UUID:
    """A proposal of one line, committed."""
    with db.scoped_session(by) as session:
        asked = YearEndAsked([line], YearEnd.RELEASE, "济财预〔2008〕9号")
        return propose_year_ends(session, asked, by=by)[line]


def at_once(act: Callable[[], Any]) -> list[Any]:
    """What each of eight threads came to that started together."""
    gate = Barrier(THREADS)

    def run(place: int) -> Any:
        gate.wait()
        return act()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_of_many_who_confirm_the_same_at_once_one_does(city: City) -> None:
    line, _ = open_lines(2008)
    waiting = propose(line, city.actor("finance_maker"))
    checker = city.actor("finance_checker")

    def confirm() -> int:
        try:
            with db.scoped_session(checker) as session:
                return confirm_year_ends(session, [waiting], by=checker)
        except YearEndsMoved:
            return 0

    assert sorted(at_once(confirm)) == [0] * (THREADS - 1) + [1]


def test_of_many_proposals_for_a_line_at_once_one_waits(city: City) -> None:
    line, _ = open_lines(2009)
    maker = city.actor("finance_maker")
    made = at_once(lambda: propose(line, maker))
    with db.scoped_session(SYSTEM) as session:
        states = session.execute(
            select(col(FundLineYearEnd.state)).where(col(FundLineYearEnd.id).in_(made))
        ).scalars()
        assert sorted(states) == ["proposed"] + ["replaced"] * (THREADS - 1)


def test_the_doors_of_year_ends(city: City, client: TestClient) -> None:
    line, far = open_lines(2010)
    began = clock.now()
    checker, maker = city.bearer("finance_checker"), city.bearer("finance_maker")
    told = {"fund_lines": [line], "rule": "release", "because": "济财预〔2008〕9号"}
    assert client.post(API, json=told, headers=checker).status_code == 403
    made = client.post(API, json=told, headers=maker)
    [proposal] = made.json()
    assert (made.status_code, proposal["fund_line"]) == (201, line)
    ids = {"ids": [proposal["id"]]}
    shown, other = client.get(f"{API}?year=2010", headers=maker).json()
    since = datetime.fromisoformat(shown["waiting"].pop("proposed_at"))
    assert began <= since <= clock.now()
    who = city.staff["finance_maker"]
    assert shown == {
        "fund_line": line,
        "rule": "carry",
        "waiting": {
            "id": proposal["id"],
            "rule": "release",
            "because": told["because"],
            "proposed_by": str(who.id),
            "proposed_by_name": who.name,
        },
    }
    assert other == {"fund_line": far, "rule": "carry", "waiting": None}
    assert client.post(f"{API}/confirm", json=ids, headers=maker).status_code == 403
    assert client.post(f"{API}/refuse", json=ids, headers=checker).status_code == 422
    refusal = {**ids, "because": "文件未到"}
    assert client.post(f"{API}/refuse", json=refusal, headers=checker).json() == {"count": 1}
    [again] = client.post(API, json=told, headers=maker).json()
    done = client.post(f"{API}/confirm", json={"ids": [again["id"]]}, headers=checker)
    assert (done.status_code, done.json()) == (200, {"count": 1})
    shown, _ = client.get(f"{API}?year=2010", headers=checker).json()
    assert shown == {"fund_line": line, "rule": "release", "waiting": None}


def test_a_countys_finance_knows_its_own_lines_alone(city: City, client: TestClient) -> None:
    line, far = open_lines(2011)
    told = {"fund_lines": [far, line], "rule": "release", "because": "济财预〔2008〕9号"}
    own = city.bearer("finance_maker@370811")
    refused = client.post(API, json=told, headers=own)
    assert [(each["code"], each["where"]) for each in refused.json()["errors"]] == [
        ("line-unknown", "/fund_lines/0")
    ]
    made = client.post(API, json=told, headers=city.bearer("finance_maker")).json()
    ids = {each["fund_line"]: each["id"] for each in made}
    checker = city.bearer("finance_checker@370811")
    both = client.post(f"{API}/confirm", json={"ids": list(ids.values())}, headers=checker)
    assert both.status_code == 404
    assert [each["where"] for each in both.json()["errors"]] == [ids[far]]
    [listed] = client.get(f"{API}?year=2011", headers=checker).json()
    assert (listed["fund_line"], listed["waiting"]["id"]) == (line, ids[line])
    assert client.post(f"{API}/confirm", json={"ids": [ids[line]]}, headers=checker).json() == {
        "count": 1
    }


def test_what_one_person_set_before_two_were_asked_goes_on_counting(
    city: City, client: TestClient, cluster: Cluster, database: str
) -> None:
    line, _ = open_lines(2012)
    proposal = propose(line, city.actor("finance_maker"))
    with cluster.superuser(database) as owner:
        owner.execute(
            "UPDATE fund_line_year_end SET state = 'set_alone' WHERE id = %s", (proposal,)
        )
    checker = city.bearer("finance_checker")
    shown, _ = client.get(f"{API}?year=2012", headers=checker).json()
    assert shown == {"fund_line": line, "rule": "release", "waiting": None}

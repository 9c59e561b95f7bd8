"""Every list and page is answered from an index, however large the city."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from app.core import db
from tests.door.neighbours import SCHOOL, make_neighbours
from tests.door.walking import OPERATIONS, Operation
from tests.factories.chain import PERIOD, PROGRAMME, RESIDENT_IDS, YEAR
from tests.plans.multiplied import BIG, multiply

MOST = 1_200
"""Rows of a table that a page may look at: a round's, a run's, a school's, but not a county's."""

WHO = {
    "city_officer": "city_officer",
    "county_officer": "county_officer@370811",
    "school_clerk": f"school_clerk@{SCHOOL}",
    "auditor": "auditor",
    "finance_maker": "finance_maker",
}
WHOLE = {
    "/applications/export",  # a list to take away is the whole list
    "/students/export",
    "/reports/statistics",  # a form adds a whole year up
    "/reports/statistics.xlsx",
    "/verification",  # a proof goes over every record
}
"""What is no page: it has to read all that it is about."""


@pytest.fixture(scope="module")
def there(city, cluster, database) -> dict[str, str]:
    """A value for every parameter, in a city of some size."""
    with Session(db.engine(), expire_on_commit=False) as session, session.begin():
        made = make_neighbours(session, city)
    with cluster.superuser(database) as connection:
        multiply(connection, SCHOOL)
        numbers = {
            table: connection.execute(
                f"SELECT number FROM {table} ORDER BY number DESC LIMIT 1"
            ).fetchone()[0]
            for table in ("application", "payout")
        }
    return {
        **{name: str(key) for name, key in made.items()},
        "number": numbers["application"],
        "asked": numbers["payout"],
    }


@pytest.fixture
def looked_at(there) -> Iterator[list[tuple[str, str, int]]]:
    """What each SELECT since looked at: its text, a big table, and how many of its rows."""
    del there
    found: list[tuple[str, str, int]] = []
    busy: list[bool] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if busy or not statement.lstrip().upper().startswith(("SELECT", "WITH")):
            return
        busy.append(True)
        driver = connection.connection.dbapi_connection
        asked = f"EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT JSON) {statement}"
        with driver.cursor() as cursor:
            (plan,) = cursor.execute(asked, parameters).fetchone()
        busy.clear()
        plan = plan if isinstance(plan, list) else json.loads(plan)
        for table, rows in _looked_at(plan[0]["Plan"]):
            if table in BIG and rows > MOST:
                found.append((" ".join(statement.split()), table, rows))

    engine = db.engine()
    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def _looked_at(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Each table a plan reads, and how many rows of it were looked at, all loops together."""
    if "Relation Name" in node:
        seen = node["Actual Rows"] + sum(
            node.get(f"Rows Removed by {why}", 0)
            for why in ("Filter", "Index Recheck", "Join Filter")
        )
        yield node["Relation Name"], round(seen * node["Actual Loops"])
    for below in node.get("Plans", ()):
        yield from _looked_at(below)


PAGES = [
    op for op in OPERATIONS if op.method == "GET" and op.path.removeprefix("/api/v1") not in WHOLE
]


@pytest.mark.parametrize("operation", PAGES, ids=str)
def test_a_page_looks_at_no_more_rows_than_it_needs(
    client, city, there, looked_at, operation
) -> None:
    roles = [who for role, who in WHO.items() if role in {r.value for r in operation.allowed}]
    path = operation.at(**{**PLAIN, **there, **_of_this_path(operation, there)})
    wrong = []
    for who in roles[:3]:
        for query in _queries(operation, there):
            looked_at.clear()
            reply = client.get(path, params=query, headers=city.bearer(who))
            if reply.status_code not in {200, 404, 422, 409}:
                wrong.append((who, query, reply.status_code, reply.text[:200]))
            wrong += [(who, query, table, rows, text[:1500]) for text, table, rows in looked_at]
    assert wrong == []


def _of_this_path(operation: Operation, there: dict[str, str]) -> dict[str, str]:
    first = operation.path.split("/")[3]
    return {
        name: there[f"{first}:{name}"]
        for name in operation.parameters
        if f"{first}:{name}" in there
    }


PLAIN = {
    "school_year": YEAR,
    "list": "levels",
    "code": PROGRAMME,
    "day": "2008-05-04",
    "format_code": "generic-pipe",
}


def _queries(operation: Operation, there: dict[str, str]) -> list[dict[str, str]]:
    needed = {
        each["name"]: _value(operation, each, there) for each in operation.query if each["required"]
    }
    more = [
        {**needed, each["name"]: _value(operation, each, there)}
        for each in operation.query
        if not each["required"] and each["name"] not in {"limit", "cursor"}
    ]
    return [needed, *more]


def _value(operation: Operation, parameter: dict[str, Any], there: dict[str, str]) -> str:
    known = {
        "name": "欧阳", "resident_id": RESIDENT_IDS[0], "school": there["school_id"],
        "grade": "1", "class": "1", "class_name": "1", "programme": PROGRAMME, "period": PERIOD,
        "term": PERIOD, "school_year": YEAR, "year": "2008", "from_year": YEAR,
        "county": "370811", "format": "csv", "from_on": "2008-01-01", "to_on": "2008-12-31",
        "fund_line": f"2008/{PROGRAMME}/county/370811", "on": "2008-05-04",
        "student": there["student_id"], "number": there["number"], "award": there["award_id"],
        "from": "2008-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z", "did": "student.registered",
        "refers_to": there["award_id"], "batch": there["run_id"], "record_id": there["student_id"],
        "actor_id": there["student_id"], "holder": there["school_id"],
    }  # fmt: skip
    name = parameter["name"]
    if operation.path.endswith("/applications") and name == "state":
        return "in_review"
    if name in known:
        return known[name]
    if name in there:
        return there[name]
    schema = json.dumps(parameter["schema"])
    kinds = [part["enum"] for part in _parts(parameter["schema"]) if "enum" in part]
    return str(kinds[0][0]) if kinds else ("true" if "boolean" in schema else "1")


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    yield from schema.get("anyOf", ())

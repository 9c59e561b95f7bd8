"""A sheet that waits says how many are before it, and how long that was for the last ones."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event, text

from app.core import clock, db
from app.core.actor import SYSTEM
from app.imports import jobs, queries
from app.sheets.uploads import STALE
from tests.imports.conftest import COUNTY
from tests.imports.test_large_sheets import MANY, csv_sheet, padded

OTHER = "county_officer@370826"
SECONDS = 10
Shown = Callable[..., dict[str, Any]]


def change(setting: str, *, only: str = "true", **given: object) -> None:
    with db.scoped_session(SYSTEM) as session:
        session.execute(text(f"UPDATE sheet_import SET {setting} WHERE {only}"), given)


@pytest.fixture(autouse=True)
def nothing_before(city) -> None:
    """No import is under way, and none was ever finished by a worker."""
    change("state = 'failed'", only="state IN ('queued', 'running')")
    change("started_at = NULL")


@pytest.fixture
def queued(send) -> Callable[..., dict[str, Any]]:
    def send_large(who: str = COUNTY) -> dict[str, Any]:
        reply = send(csv_sheet(), "a.csv", who, dry_run=True)
        assert reply.status_code == 202
        return reply.json()

    return send_large


@pytest.fixture
def shown(client, city) -> Shown:
    def read(made: dict[str, Any], who: str = COUNTY) -> dict[str, Any]:
        reply = client.get(f"/api/v1/imports/{made['id']}", headers=city.bearer(who))
        assert reply.status_code == 200
        return reply.json()

    return read


@pytest.fixture
def paced(queued, city) -> dict[str, Any]:
    """One import has been taken in by a worker, ten seconds of it."""
    made = queued()
    actor = city.actor(COUNTY)
    with db.scoped_session(actor) as session:
        jobs.run(session, actor, import_id=made["id"])
    change(
        "started_at = finished_at - :took * interval '1 second'",
        only="id = CAST(:id AS uuid)",
        took=SECONDS,
        id=made["id"],
    )
    return made


def wait_of(made: dict[str, Any]) -> tuple[int | None, int | None]:
    return made["imports_before"], made["seconds_left"]


def test_the_place_counts_the_whole_citys_imports_and_moves_up(queued, shown) -> None:
    first, second, third = queued(), queued(OTHER), queued()
    assert [each["imports_before"] for each in (first, second, third)] == [0, 1, 2]
    change("state = 'running'", only="id = CAST(:id AS uuid)", id=first["id"])
    assert shown(third)["imports_before"] == 2
    change("state = 'done'", only="id = CAST(:id AS uuid)", id=first["id"])
    assert [shown(second, OTHER)["imports_before"], shown(third)["imports_before"]] == [0, 1]


def test_nobody_guesses_before_a_worker_has_finished_one(queued, send) -> None:
    assert send(csv_sheet(count=1), "a.csv", dry_run=True).json()["seconds_left"] is None
    assert wait_of(queued()) == (0, None)


def test_the_estimate_is_what_the_last_ones_took_for_so_many_rows(paced, queued, shown) -> None:
    first, second = queued(OTHER), queued()
    assert (wait_of(first), wait_of(second)) == ((0, SECONDS), (1, 2 * SECONDS))
    change(
        "state = 'running', rows_done = :done",
        only="id = CAST(:id AS uuid)",
        done=MANY // 2,
        id=first["id"],
    )
    assert wait_of(shown(first, OTHER)) == (0, 6)  # 1 001 rows at 200.1 a second
    assert wait_of(shown(second)) == (1, 16)


def test_the_list_shows_the_same_and_what_is_over_waits_for_nothing(
    paced, queued, client, city
) -> None:
    queued(), queued()
    reply = client.get("/api/v1/imports", params={"limit": 3}, headers=city.bearer(COUNTY))
    waits = [wait_of(each) for each in reply.json()["items"]]
    assert waits == [(1, 2 * SECONDS), (0, SECONDS), (None, None)]
    over = reply.json()["items"][2]
    assert over["state"] == "done"
    took = datetime.fromisoformat(over["finished_at"]) - datetime.fromisoformat(over["started_at"])
    assert took.total_seconds() == SECONDS


def test_a_file_that_does_not_say_its_rows_leaves_the_seconds_open(paced, queued, shown) -> None:
    first, second = queued(), queued()
    change("rows_total = 0", only="id = CAST(:id AS uuid)", id=first["id"])
    assert wait_of(shown(first)) == (0, None)
    assert wait_of(shown(second)) == (1, None)


def test_an_import_that_a_dead_worker_left_is_waited_for_by_nobody(paced, queued, shown) -> None:
    left, next_one = queued(), queued()
    change(
        "made_at = :then",
        only="id = CAST(:id AS uuid)",
        then=clock.now() - STALE,
        id=left["id"],
    )
    assert wait_of(shown(next_one)) == (0, SECONDS)


def test_a_file_too_large_to_read_at_the_door_counts_its_filled_lines(send) -> None:
    made = send(padded(csv_sheet(count=7)), "a.csv", dry_run=True).json()
    assert (made["state"], made["rows_total"]) == ("queued", 8)  # the header is a line too


def test_both_questions_are_answered_from_an_index(queued, paced) -> None:
    queued()
    plans: dict[str, str] = {}
    with db.scoped_session(SYSTEM) as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))

        def explain(_: object, cursor: Any, statement: str, given: Any, *rest: object) -> None:
            if "sheet_import" in statement and statement not in plans:
                plans[statement] = ""
                cursor.execute(f"EXPLAIN {statement}", given)
                plans[statement] = "\n".join(line for (line,) in cursor.fetchall())

        event.listen(db.engine(), "before_cursor_execute", explain)
        queries.before(session, [SYSTEM.id], since=clock.now())
        queries.pace(session)
        event.remove(db.engine(), "before_cursor_execute", explain)
    asked, paced_by = plans.values()
    assert "ix_sheet_import_under_way" in asked
    assert "ix_sheet_import_pace" in paced_by
    assert "Seq Scan" not in asked + paced_by

"""What the driver asks of the service, each call under a key of its own, so that it can be asked
again word for word.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import text

from app.core import clock, db
from app.core.actor import SYSTEM
from app.main import create_app
from tests.applications.cases import OPEN_DAY, form
from tests.factories.cases import BOARDERS, make_cases
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import answer, lines_of, timed_out

API = "/api/v1"
RURAL = "2137000006"
JUNE = date(2008, 6, 2)
EACH, N = 250_00, 4


@dataclass
class Unit:
    """One round of work: what was there before it, by id."""

    number: int
    cases: list[str]
    students: list[str]


def prepare(city: City, number: int) -> Unit:
    """Money, cases that wait for the city, and pupils who can be paid; committed."""
    clock.set_office_day(JUNE)
    school = city.schools[RURAL]
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 2 * N * EACH)
        cases = make_cases(session, school, N, EACH)
        payees = make_payees(session, school, N, EACH, confirmed=number == 0)
    return Unit(number, [str(each) for each in cases], [str(one.student_id) for one in payees])


class Driver:
    """Asks for one unit of work, and writes down every answer once it has it."""

    def __init__(self, city: City, unit: Unit, journal: Path) -> None:
        self.city, self.unit = city, unit
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.client = TestClient(create_app(serve_from_bound_engine=True))

    def work(self) -> None:
        """Intake, approval, run, release, the bank's answer."""
        unit = self.unit
        clock.set_office_day(OPEN_DAY)
        for place in range(3):
            body = form(1000 + unit.number * 10 + place)
            self.ask(f"intake-{place}", f"school_clerk@{RURAL}", "/applications", body)
        clock.set_office_day(JUNE)
        decided = {"verdict": "approve", "reason": "核实", "ids": unit.cases}
        self.ask("approve", "city_officer", "/decisions", decided)
        asked = {"programme": BOARDERS, "due_to": JUNE.isoformat()}
        run = self.ask("open", "finance_maker", "/runs", asked)["run"]["id"]
        sent = self.ask("release", "finance_checker", f"/runs/{run}/release", {})
        (file,) = sent["files"]
        content = self.client.get(
            f"{API}/files/{file['id']}/content", headers=self.city.bearer("finance_maker")
        ).content
        self.note("file", 200, content)
        lines = lines_of(content)
        reply = answer(lines, timed_out)
        self.hand_in("reply", file["number"], reply)
        self.hand_in("later", file["number"], answer(lines))

    def ask(self, name: str, who: str, path: str, body: dict[str, Any]) -> Any:
        """One call; its answer is on disk before anything else happens."""
        return self.told(
            name, lambda headers: self.client.post(API + path, json=body, headers=headers), who
        )

    def hand_in(self, name: str, number: str, data: bytes) -> None:
        """A return file."""
        self.told(
            name,
            lambda headers: self.client.post(
                f"{API}/return-files",
                headers=headers,
                data={"payment_file": number, "kind": "reply"},
                files={"file": ("back.txt", data)},
            ),
            "finance_maker",
        )

    def told(self, name: str, post: Callable[[dict[str, str]], Any], who: str) -> Any:
        key = {"Idempotency-Key": f"chaos-{name}-{self.unit.number}"}
        reply = post({**self.city.bearer(who), **key})
        if reply.status_code >= 400:
            raise SystemExit(f"{name}: {reply.status_code} {reply.text}")
        self.note(name, reply.status_code, reply.content)
        return reply.json()

    def note(self, name: str, status: int, content: bytes) -> None:
        line = {"name": name, "status": status, "sha256": hashlib.sha256(content).hexdigest()}
        os.write(self.journal, (json.dumps(line) + "\n").encode())
        os.fsync(self.journal)


def answers(journal: Path) -> dict[str, set[tuple[int, str]]]:
    """Name of a call → the answers it had, before a kill and after."""
    found: dict[str, set[tuple[int, str]]] = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        told = json.loads(line)
        found.setdefault(told["name"], set()).add((told["status"], told["sha256"]))
    return found


def check(unit: Unit, journal: Path) -> list[str]:
    """What is wrong with a unit that was worked to its end, once or twice."""
    wrong = [f"{name} had two answers" for name, had in answers(journal).items() if len(had) > 1]
    with db.scoped_session(SYSTEM) as session:
        for what, asked, needs in _COUNTS:
            told = {"students": unit.students, "cases": unit.cases, "unit": unit.number}
            found = session.execute(text(asked), told).scalar_one()
            if found != needs:
                wrong.append(f"{what}: {found} instead of {needs}")
    return wrong


_OF_STUDENTS = "WHERE student_id = ANY(CAST(:students AS uuid[]))"
_COUNTS = (
    ("payouts", f"SELECT count(*) FROM payout {_OF_STUDENTS}", N),
    ("paid", f"SELECT count(*) FROM payout {_OF_STUDENTS} AND state = 'paid'", N),
    (
        "fen paid",
        (
            "SELECT coalesce(sum(t.amount_fen), 0)::bigint FROM ledger_transfer t "
            "JOIN payout_part part ON part.instalment_id = t.refers_to "
            "JOIN payout p ON p.id = part.payout_id "
            "WHERE t.kind = 'pay' AND p.student_id = ANY(CAST(:students AS uuid[]))"
        ),
        N * EACH,
    ),
    (
        "approved",
        (
            "SELECT count(*) FROM application WHERE id = ANY(CAST(:cases AS uuid[])) "
            "AND state = 'approved'"
        ),
        N,
    ),
    (
        "awards",
        "SELECT count(*) FROM award WHERE application_id = ANY(CAST(:cases AS uuid[]))",
        N,
    ),
    (
        "handed in",
        (
            "SELECT count(*) FROM application a JOIN student s ON s.id = a.student_id "
            "WHERE s.name IN ('赵芳' || (1000 + :unit * 10), '赵芳' || (1001 + :unit * 10), "
            "'赵芳' || (1002 + :unit * 10))"
        ),
        3,
    ),
)

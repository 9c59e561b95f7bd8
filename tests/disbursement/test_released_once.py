"""Thirty-two at the door each try to release every open run: every run leaves once.

And again with every look at a state taken out of the SQL, and again without the unique keys:
either guard alone lets none leave twice. `make race` does it with a hundred runs each time.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from threading import Barrier
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, select
from sqlmodel import Session, col

from app.auth.models import Role
from app.awards import service as awards
from app.core import db, ids, settings
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.disbursement.models import PaymentFile
from app.disbursement.service import open_run
from app.reports.verification import verify
from tests.disbursement.conftest import RURAL
from tests.disbursement.test_races import ASKED
from tests.factories.cases import BOARDERS, SPRING, as_cases, make_cases
from tests.factories.live import served
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City, add_staff
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import lines_in

CALLERS, PEOPLE = 32, 16  # everybody has two windows open, and one key for both
RUNS = os.environ.get("RELEASE_RUNS", "")  # how many runs in each test
SEED = int(os.environ.get("RELEASE_SEED", time.time_ns() % 10**9))
EACH = 250_00
TURN = re.compile(
    r"(?<=SELECT )pg_advisory_xact_lock\(hashtextextended\('releases of '.*\)(?= FROM)"
)
STATE = re.compile(r" AND ((payout_run|payout|p)\.)?state = ('ready'|%\(state_1\)s::VARCHAR)")
KEYS = ("uq_ledger_transfer_once", "uq_payment_file_part", "uq_payout_file_line")
# What a verification finds of a factory's cases: nobody gave the facts of theirs.
OF_CASES = {"award-state-off", "outcome-off"}


class Answer(NamedTuple):
    """What one caller heard of one run: `released`, `replayed`, or a problem's type."""

    run: UUID
    person: int
    heard: str
    body: bytes


@dataclass(frozen=True)
class Opened:
    """Open runs, and the account of everybody in them."""

    runs: tuple[UUID, ...]
    accounts: tuple[str, ...]


@pytest.fixture(scope="module")
def url(city: City) -> Iterator[str]:
    """The service on a port, with a connection for every caller."""
    with pytest.MonkeyPatch.context() as patch:
        # A fifth of the connections is kept from requests.
        patch.setenv("AID_POOL_SIZE", str(CALLERS * 5 // 4))
        settings.get.cache_clear()
        with served() as base:
            yield base
    settings.get.cache_clear()


@pytest.fixture(scope="module")
def people(city: City) -> list[dict[str, str]]:
    """The Authorization of everybody who may release."""
    names = [f"checker-{person}" for person in range(PEOPLE)]
    with db.scoped_session(SYSTEM) as session:
        for name in names:
            city.staff[name] = add_staff(session, name, Role.FINANCE_CHECKER, city.city_finance)
    return [city.bearer(name) for name in names]


def open_runs(city: City, count: int) -> Opened:
    """Runs of one to three payouts each."""
    school, maker = city.schools[RURAL], city.actor("finance_maker")
    runs, accounts = [], []
    with db.scoped_session(SYSTEM) as session:
        for place in range(int(RUNS or count)):
            payouts = 1 + place % 3
            appropriate(session, payouts * EACH)
            accounts += [one.number for one in make_payees(session, school, payouts, EACH)]
            runs.append(open_run(session, ASKED, by=maker).id)
    return Opened(tuple(runs), tuple(accounts))


def everybody_releases(
    url: str, people: Sequence[dict[str, str]], runs: Sequence[UUID]
) -> list[Answer]:
    """Every caller asks for every run, each in an order of its own; all begin together."""
    print(f"RELEASE_SEED={SEED}")  # noqa: T201 shown when it fails
    gate = Barrier(CALLERS)

    def ask(caller: int) -> list[Answer]:
        person = caller % PEOPLE
        order = Random(f"{SEED}-{caller}").sample(runs, len(runs))
        with httpx.Client(base_url=url, timeout=120, headers=people[person]) as client:
            gate.wait()
            return [release(client, person, run) for run in order]

    with ThreadPoolExecutor(CALLERS) as pool:
        return [answer for heard in pool.map(ask, range(CALLERS)) for answer in heard]


def release(client: httpx.Client, person: int, run: UUID) -> Answer:
    key = {"Idempotency-Key": f"release-{run}"}
    said = client.post(f"/api/v1/runs/{run}/release", headers=key)
    heard = "released" if said.status_code == 200 else said.json()["type"]
    if "Idempotency-Replayed" in said.headers:
        heard = "replayed"
    return Answer(run, person, heard, said.content)


def check_released_once(answers: Sequence[Answer], runs: Sequence[UUID], *refusals: str) -> None:
    """One caller a run releases it; that person's other window may get the same answer again."""
    first = {answer.run: answer for answer in answers if answer.heard == "released"}
    heard = Counter(answer.heard for answer in answers)
    assert heard["released"] == len(first) == len(runs)
    assert set(heard) - {"released", "replayed"} == {f"/problems/{code}" for code in refusals}
    again = [answer for answer in answers if answer.heard == "replayed"]
    assert all(answer == first[answer.run]._replace(heard="replayed") for answer in again)


def check_paid_once(session: Session, opened: Opened, in_transit_before: int) -> None:
    """Every account stands once in what the bank gets, and the books say the same money."""
    asked = select(PaymentFile).where(col(PaymentFile.run_id).in_(opened.runs))
    files = session.execute(asked).scalars().all()
    sent = [line for file in files for line in lines_in(session, file)]
    assert len(files) == len(opened.runs)
    assert Counter(line.account for line in sent) == Counter(opened.accounts)
    gone = balances(session, line_code())["in_transit"] - in_transit_before
    assert gone == sum(line.amount_fen for line in sent) == len(opened.accounts) * EACH
    assert [found for found in verify(session) if found.code not in OF_CASES] == []


def in_transit() -> int:
    with db.scoped_session(SYSTEM) as session:
        return balances(session, line_code()).get("in_transit", 0)


@contextmanager
def taken_out(*patterns: re.Pattern[str]) -> Iterator[Counter[str]]:
    """Every statement leaves without what matches; how often each pattern did."""
    met: Counter[str] = Counter()

    def rewrite(*told: object) -> tuple[str, object]:
        statement, parameters = str(told[2]), told[3]
        for pattern in patterns:
            statement, times = pattern.subn("", statement)
            met[pattern.pattern] += times
        return statement, parameters

    event.listen(db.engine(), "before_cursor_execute", rewrite, retval=True)
    try:
        yield met
    finally:
        event.remove(db.engine(), "before_cursor_execute", rewrite)


@contextmanager
def dropped(cluster: Cluster, database: str, keys: Sequence[str]) -> Iterator[None]:
    """The database without these unique keys, as long as it lasts."""
    asked = "SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)"
    with cluster.superuser(database) as owner:
        definitions = [row[0] for row in owner.execute(asked, (list(keys),))]
        owner.execute(f"DROP INDEX {', '.join(keys)}".encode())
    assert len(definitions) == len(keys)
    try:
        yield
    finally:
        with cluster.superuser(database) as owner:
            for definition in definitions:
                owner.execute(definition.encode())


@pytest.mark.slow
def test_every_run_leaves_once(url: str, people: list[dict[str, str]], city: City) -> None:
    opened = open_runs(city, 4)
    before = in_transit()
    answers = everybody_releases(url, people, opened.runs)
    check_released_once(answers, opened.runs, "run.not-open")
    with db.scoped_session(SYSTEM) as session:
        check_paid_once(session, opened, before)


@pytest.mark.slow
def test_without_a_look_at_the_state_the_unique_keys_let_every_run_leave_once(
    url: str, people: list[dict[str, str]], city: City
) -> None:
    opened = open_runs(city, 2)
    with db.scoped_session(SYSTEM) as session:
        # Money for a second time is there, so that its want refuses nobody.
        appropriate(session, 3 * EACH)
        cases = as_cases(make_cases(session, city.schools[RURAL], 3, EACH, state="approved"))
        awards.promise(
            session, cases, programme=BOARDERS, period=SPRING, batch=ids.new(), by=SYSTEM
        )
    before = in_transit()
    with taken_out(STATE, TURN) as met:
        answers = everybody_releases(url, people, opened.runs)
    assert min(met[STATE.pattern], met[TURN.pattern]) >= len(opened.runs) * PEOPLE
    check_released_once(answers, opened.runs, "already-there")
    with db.scoped_session(SYSTEM) as session:
        check_paid_once(session, opened, before)


@pytest.mark.slow
def test_without_the_unique_keys_the_look_at_the_state_lets_every_run_leave_once(
    url: str, people: list[dict[str, str]], city: City, cluster: Cluster, database: str
) -> None:
    opened = open_runs(city, 3)
    before = in_transit()
    with dropped(cluster, database, KEYS), taken_out(TURN):
        answers = everybody_releases(url, people, opened.runs)
    check_released_once(answers, opened.runs, "run.not-open")
    with db.scoped_session(SYSTEM) as session:
        check_paid_once(session, opened, before)

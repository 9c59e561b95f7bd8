"""The whole trail through the service's own door, and everything that must hold behind it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from rich.console import Console
from sqlalchemy import text

from app.auth import service as auth
from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.money import parse_yuan
from app.demo import offices, paying, trail
from app.demo.trail import Trail
from app.policy.service import publish_catalogue
from app.reports import verification
from tests.factories.live import served

PUPILS, COUNTIES = 40, 2

pytestmark = pytest.mark.slow


@dataclass
class Walked:
    """A trail that was walked, and the figures it showed."""

    trail: Trail
    figures: dict[str, str]


@pytest.fixture(scope="module")
def walked(database: str) -> Iterator[Walked]:
    with db.scoped_session(SYSTEM) as session:
        auth.create_first_administrator(
            session, username=offices.ADMIN, name="系统管理员", password=offices.PASSWORD
        )
    publish_catalogue()
    with served() as url:
        walk = trail.prepare(
            url, Console(file=io.StringIO()), pupils_each=PUPILS, counties=COUNTIES
        )
        try:
            yield Walked(walk, dict(walk.walk().rows))
        finally:
            walk.office.close()
            clock.set_office_day(None)


@pytest.fixture
def auditor(walked: Walked):
    return walked.trail.office.door("auditor")


def test_every_row_of_every_sheet_is_accounted_for(walked) -> None:
    figures = {name: int(n) for name, n in walked.figures.items() if n.isdigit()}
    assert figures["rows read"] == COUNTIES * (2 * PUPILS + PUPILS // 4)
    outcomes = figures["rows refused"] + figures["eligible"] + figures["not eligible"]
    assert outcomes == figures["rows read"]
    assert figures["eligible"] == figures["approved"] == figures["awards granted"]
    assert figures["payouts sent"] + figures["held and left behind"] == figures["approved"]
    assert figures["payouts sent"] > 50


def test_the_verification_finds_nothing(walked, auditor) -> None:
    answer = auditor.get("/verification")
    assert answer["findings"] == []
    assert answer["checks"] == len(verification.CHECKS)
    with db.scoped_session(SYSTEM) as session:
        assert verification.verify(session) == []


def test_the_books_balance(walked, auditor) -> None:
    balance = auditor.get("/trial-balance")
    assert balance["balanced"] is True
    assert balance["difference"] == "0.00"


def test_what_was_committed_is_paid_and_nothing_is_on_its_way(walked, auditor) -> None:
    lines = auditor.all("/fund-lines")
    total = {
        kind: sum(parse_yuan(line[kind]) for line in lines)
        for kind in ("available", "committed", "in_transit", "paid", "treasury")
    }
    assert total["paid"] == parse_yuan(walked.figures["committed"]) > 0
    assert total["committed"] == total["in_transit"] == 0
    assert total["available"] + total["paid"] == -total["treasury"]


def test_every_reissued_payout_is_paid(walked) -> None:
    maker = walked.trail.office.door("finance.maker")
    [again] = [run for run in maker.all("/runs") if run["kind"] != "due"]
    payouts = maker.all(f"/runs/{again['id']}/payouts")
    assert len(payouts) == int(walked.figures["reissued and paid"]) > 0
    assert {each["state"] for each in payouts} == {"paid"}
    assert maker.all("/worklist", kind="failed", state="open") == []
    assert maker.all("/worklist", kind="returned", state="open") == []


def test_each_instalment_is_paid_exactly_once(walked) -> None:
    question = text(
        "SELECT count(*), count(DISTINCT part.instalment_id) FROM payout_part part "
        "JOIN payout ON payout.id = part.payout_id WHERE payout.state = 'paid'"
    )
    with db.scoped_session(SYSTEM) as session:
        parts, instalments = session.execute(question).one()
    assert parts == instalments == int(walked.figures["approved"])


def test_the_same_return_file_a_second_time_changes_nothing(walked, auditor) -> None:
    office = walked.trail.office
    maker = office.door("finance.maker")

    def standing() -> tuple[object, ...]:
        items = maker.all("/worklist")
        return auditor.get("/trial-balance"), maker.all("/return-files"), items

    before = standing()
    [due] = [run for run in maker.all("/runs") if run["kind"] == "due"]
    files = maker.all(f"/runs/{due['id']}/files")
    said = paying.bank_answers(office, files)
    assert said["paid"] == int(walked.figures["bank says paid"])
    paying.bank_answers(office, files, later=True)
    assert standing() == before
    assert auditor.get("/verification")["findings"] == []

"""Money is followed both ways, its evidence proves itself, and a roster's pages sum to it."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import event, text
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.ledger import seals
from app.policy.facts import Words
from app.reports.evidence import MANIFEST
from app.reports.following import Direction, follow
from app.reports.rosters import ROWS_A_PAGE, Roster, RosterRow, as_workbook
from tests.factories.chain import RESIDENT_IDS, Chain
from tests.factories.office import City
from tests.reports.test_trail import names_of

API = "/api/v1"
ELSEWHERE = "county_officer@370826"


def get(client: TestClient, city: City, path: str, who: str = "auditor") -> Any:
    return client.get(f"{API}{path}", headers=city.bearer(who))


def levels(steps: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(step["level"] for step in steps))


def test_down_goes_from_the_appropriation_to_the_banks_word(
    client: TestClient, city: City, chain: Chain
) -> None:
    way = get(client, city, "/money/down/P-2008-000001").json()["steps"]
    assert levels(way) == [
        "appropriation", "fund_line", "award", "instalment", "payout", "payment_file",
        "return_line", "transfer",
    ]  # fmt: skip
    by_level = {step["level"]: step for step in way}
    assert by_level["payout"]["label"] == "P-2008-000001"
    assert by_level["payment_file"]["label"] == "F-2008-0001:1"
    assert by_level["fund_line"]["amount"] == "250.00"


def test_up_ends_at_the_clause_and_the_document(
    client: TestClient, city: City, chain: Chain
) -> None:
    way = get(client, city, f"/money/up/{chain.return_file.id}").json()["steps"]
    found = levels(way)
    assert found.index("return_line") < found.index("payout") < found.index("application")
    assert found.index("application") < found.index("policy_version")
    assert found[-1] == "appropriation"
    assert {step["count"] for step in way if step["level"] == "application"} == {3}


@pytest.mark.parametrize("direction", list(Direction))
def test_every_id_and_number_is_followed_in_one_statement(
    city: City, chain: Chain, direction: Direction
) -> None:
    auditor = city.actor("auditor")
    with db.scoped_session(SYSTEM) as session:
        for asked in names_of(chain):
            statements: list[str] = []
            connection = session.connection()
            event.listen(
                connection, "before_cursor_execute", lambda *a, said=statements: said.append(a[2])
            )
            way = follow(session, str(asked), direction, by=auditor)
            assert "P-2008-000001" in {step.label for step in way}, asked
            assert len(statements) == 2  # what it is, and the way


def test_another_county_follows_nothing(client: TestClient, city: City, chain: Chain) -> None:
    assert get(client, city, "/money/down/P-2008-000001", ELSEWHERE).status_code == 404
    path = f"/payouts/{chain.payouts[0].id}/evidence"
    assert get(client, city, path, ELSEWHERE).status_code == 404


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_evidence_lists_the_digest_of_every_member_and_is_the_same_twice(
    client: TestClient, city: City, chain: Chain
) -> None:
    path = f"/payouts/{chain.payouts[0].id}/evidence"
    first, second = (get(client, city, path).content for _ in range(2))
    assert first == second
    found = members(first)
    told = json.loads(found.pop(MANIFEST))
    assert told["payout"] == "P-2008-000001"
    assert told["sha256"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in found.items()
    }
    line = json.loads(found["file-line.json"])
    assert (line["file"], line["line"]) == ("F-2008-0001", 1)
    assert line["sha256"] == line["stored_sha256"]
    assert json.loads(found["explanation.json"])["programme"] == "boarding-subsidy"
    assert [each["verdict"] for each in json.loads(found["decisions.json"])] == ["approve"] * 2
    assert found["transfers.csv"].count(b"\n") > 3


def test_the_evidence_carries_the_seals_that_its_transfers_stand_under(
    client: TestClient, city: City, chain: Chain
) -> None:
    path = f"/payouts/{chain.payouts[0].id}/evidence"
    before = json.loads(members(get(client, city, path).content)["seals.json"])
    assert {each["sealed"] for each in before["transfers"]} == {None}
    assert before["days"] == []
    with db.scoped_session(SYSTEM) as session:
        asked = text("SELECT DISTINCT office_day FROM ledger_transfer ORDER BY 1")
        for day in session.execute(asked).scalars().all():
            seals.seal(session, day, signer=None, by=SYSTEM)
    after = json.loads(members(get(client, city, path).content)["seals.json"])
    for each in after["transfers"]:
        assert each["sealed"] == each["sha256"] == hashlib.sha256(each["line"].encode()).hexdigest()
    assert {each["line"].split("|")[7] for each in after["transfers"]} == {
        each["day"] for each in after["days"]
    }


def test_nobodys_number_is_in_the_evidence_unless_it_is_asked_for_with_a_reason(
    client: TestClient, city: City, chain: Chain
) -> None:
    path = f"{API}/payouts/{chain.payouts[0].id}/evidence"
    masked = members(client.get(path, headers=city.bearer("auditor")).content)
    assert not any(RESIDENT_IDS[0].encode() in data for data in masked.values())
    shown = client.post(path, json={"reason": "审计抽查"}, headers=city.bearer("auditor"))
    identity = json.loads(members(shown.content)["identity.json"])
    assert identity["resident_id"] == RESIDENT_IDS[0]
    with db.scoped_session(SYSTEM) as session:
        because = session.execute(
            text("SELECT because FROM audit_event WHERE did = 'student.revealed'")
        ).scalars()
        assert list(because) == ["审计抽查"]
    clerk = city.bearer("school_clerk@2137000006")
    assert client.post(path, json={"reason": "看看"}, headers=clerk).status_code == 403


def test_a_school_reads_its_own_roster_and_no_others(
    client: TestClient, city: City, chain: Chain
) -> None:
    school, other = (city.schools[code].id for code in ("2137000006", "3137000008"))
    door = f"/runs/{chain.run.id}/rosters"
    clerk = "school_clerk@2137000006"
    own = get(client, city, f"{door}/{school}", clerk).json()
    assert [row["name"] for row in own["rows"]] == ["赵芳", "=钱伟"]
    assert own["amount_in_capitals"] == "伍佰元整"
    assert own["on"].startswith("2008-")  # the office's day, whatever the clock on the wall says
    assert own["rows"][0]["masked_id"] == "3708**********0016"
    assert get(client, city, f"{door}/{other}", clerk).status_code == 404
    assert [each["school_id"] for each in get(client, city, door, clerk).json()] == [str(school)]
    assert len(get(client, city, door).json()) == 2
    page = get(client, city, f"{door}/{school}/page", clerk)
    assert "资金发放花名册" in page.text
    sheet = get(client, city, f"{door}/{school}/sheet", clerk).content
    book = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()
    assert "'=钱伟" in {row[1] for row in book}


@pytest.mark.parametrize("rows", [1, ROWS_A_PAGE, ROWS_A_PAGE + 1, 2 * ROWS_A_PAGE + 1])
def test_the_pages_of_a_roster_sum_to_the_whole(rows: int) -> None:
    row = RosterRow(1, "王䶮", "1", "", "4563", 312_50, "paid")
    made = Roster(
        run="R-2008-0001",
        programme=Words("补助", "aid"),
        school="小学",
        on=date(2008, 6, 2),
        rows=tuple(replace(row, place=place) for place in range(1, rows + 1)),
    )
    assert len(made.pages) == -(-rows // ROWS_A_PAGE)
    assert sum(page.amount_fen for page in made.pages) == made.amount_fen == rows * 312_50
    book = CalamineWorkbook.from_filelike(io.BytesIO(as_workbook(made)))
    told = book.get_sheet_by_index(0).to_python()
    assert sum("小计" in line[0] for line in told) == len(made.pages)


def test_who_is_not_in_the_run_has_no_roster(
    session: Session, client: TestClient, city: City, chain: Chain
) -> None:
    weishan = city.schools["2137000011"].id
    assert get(client, city, f"/runs/{chain.run.id}/rosters/{weishan}").status_code == 404

"""By whatever id or number a trail is asked for, it shows the same chain, within scope."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.core.paging import PageAsked
from app.reports.trail import trail
from tests.factories.chain import DOCUMENT_NUMBER, RESIDENT_IDS, Chain
from tests.factories.office import City

LINE = "2008/boarding-subsidy/county/370811"


def ask(
    client: TestClient, city: City, asked: object, *, who: str = "auditor", **query: Any
) -> Any:
    return client.get(f"/api/v1/trail/{asked}", headers=city.bearer(who), params=query)


def names_of(chain: Chain) -> list[object]:
    """Every id and number that leads to the first pupil's case."""
    return [
        chain.appropriation.id,
        DOCUMENT_NUMBER,
        chain.fund_line.id,
        LINE,
        *(batch.id for batch in chain.batches),
        chain.run.id,
        "R-2008-0001",
        chain.payment_file.id,
        "F-2008-0001",
        chain.return_file.id,
        chain.students[0].id,
        chain.applications[0].id,
        "BS-2008S-0000001",
        chain.awards[0].id,
        chain.instalments[0].id,
        chain.payouts[0].id,
        "P-2008-000001",
    ]


def test_every_id_and_number_shows_the_same_chain(
    client: TestClient, city: City, chain: Chain
) -> None:
    expected = ask(client, city, "BS-2008S-0000001").json()["cases"][0]
    for asked in names_of(chain):
        answer = ask(client, city, asked)
        assert answer.status_code == 200, (asked, answer.text)
        cases = {case["number"]: case for case in answer.json()["cases"]}
        assert cases["BS-2008S-0000001"] == expected, asked
        assert answer.json()["agrees"], asked


def test_a_thing_of_many_cases_has_their_sums(client: TestClient, city: City, chain: Chain) -> None:
    answer = ask(client, city, LINE).json()
    assert answer["thing"]["kind"] == "fund_line"
    assert answer["case_count"] == 3
    assert answer["sums"] == {
        "awards": "875.00",
        "instalments": "875.00",
        "shares": "875.00",
        "paid_shares": "250.00",
        "paid_transfers": "250.00",
    }
    (line,) = answer["fund_lines"]
    standing = {kind: fen for kind, fen in line["balances"].items() if fen != "0.00"}
    assert standing == {
        "treasury": "-2000.00",
        "available": "1125.00",
        "committed": "250.00",
        "in_transit": "375.00",
        "paid": "250.00",
    }
    assert [each["document_number"] for each in answer["appropriations"]] == [DOCUMENT_NUMBER]
    assert [each["amount"] for each in answer["appropriation_transfers"]] == ["2000.00"]


def test_the_chain_runs_from_the_clause_to_the_bank_line(
    client: TestClient, city: City, chain: Chain
) -> None:
    case = ask(client, city, "P-2008-000001").json()["cases"][0]
    assert {fact["fact"] for fact in case["submissions"][0]["facts"]} == {
        "stage", "school_area", "boards", "hardship",
    }  # fmt: skip
    assert case["explanation"]["version"] == "2008-spring"
    assert {each["outcome"] for each in case["explanation"]["criteria"]} == {"met"}
    assert all(each["clause"] for each in case["explanation"]["criteria"])
    assert [each["step"] for each in case["decisions"]] == ["county", "city"]
    (share,) = case["award"]["instalments"][0]["shares"]
    assert (share["fund_line"], share["amount"]) == (LINE, "250.00")
    (payout,) = case["payouts"]
    assert (payout["run"], payout["state"]) == ("R-2008-0001", "paid")
    assert payout["file_line"] == {
        "file_id": str(chain.payment_file.id), "number": "F-2008-0001", "part": 1, "line_no": 1,
    }  # fmt: skip
    assert [(line["line_no"], line["outcome"]) for line in payout["return_lines"]] == [(1, "paid")]
    assert [move["kind"] for move in case["transfers"]] == ["commit", "send", "pay"]


def test_a_failed_payout_shows_what_was_found_and_is_not_paid(
    client: TestClient, city: City, chain: Chain
) -> None:
    case = ask(client, city, "P-2008-000002").json()["cases"][0]
    assert case["payouts"][0]["findings"] == ["holder_differs"]
    assert [part["live"] for part in case["payouts"][0]["parts"]] == [False]
    assert case["sums"]["paid_transfers"] == "0.00"
    assert [move["kind"] for move in case["transfers"]] == ["commit", "send", "fail"]


def test_identities_are_masked(client: TestClient, city: City, chain: Chain) -> None:
    answer = ask(client, city, LINE)
    for number in RESIDENT_IDS:
        assert number not in answer.text
        assert f"{number[:4]}**********{number[-4:]}" in answer.text
    assert answer.json()["cases"][0]["payouts"][0]["account"].endswith("0000")
    assert "622848" not in answer.text


def test_a_page_of_cases_links_to_the_next(client: TestClient, city: City, chain: Chain) -> None:
    first = ask(client, city, "F-2008-0001", limit=2)
    assert [case["number"][-1] for case in first.json()["cases"]] == ["1", "2"]
    assert 'rel="next"' in first.headers["Link"]
    second = ask(client, city, "F-2008-0001", limit=2, cursor=first.json()["next"]).json()
    assert [case["number"][-1] for case in second["cases"]] == ["3"]
    assert (second["case_count"], second["next"]) == (3, None)


def test_the_same_number_of_statements_for_one_case_and_for_three(
    session: Session, chain: Chain
) -> None:
    counted: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        counted.append(statement)

    page = PageAsked(limit=50, after=None)
    trail(session, LINE, by=SYSTEM, page=page)  # a version is read once for good
    event.listen(db.engine(), "before_cursor_execute", count)
    sizes = []
    for asked in ("BS-2008S-0000001", "P-2008-000001", "F-2008-0001", LINE):
        counted.clear()
        trail(session, asked, by=SYSTEM, page=page)
        sizes.append(len(counted))
    event.remove(db.engine(), "before_cursor_execute", count)
    assert len(set(sizes)) == 1, sizes
    assert 10 < sizes[0] < 25


def test_another_county_is_told_that_there_is_nothing(
    client: TestClient, city: City, chain: Chain
) -> None:
    for asked in names_of(chain):
        answer = ask(client, city, asked, who="county_officer@370826")
        assert answer.status_code == 404, asked
        assert answer.json()["type"] == "/problems/trail.not-found"


def test_the_own_county_sees_its_cases_and_the_numbers_of_city_files(
    client: TestClient, city: City, chain: Chain
) -> None:
    whole = ask(client, city, "BS-2008S-0000001").json()
    mine = ask(client, city, "BS-2008S-0000001", who="county_officer@370811").json()
    assert mine == whole
    # The file itself is the city's.
    city_file = ask(client, city, "F-2008-0001", who="county_officer@370811")
    assert city_file.status_code == 404


@pytest.mark.parametrize(
    "who", ["school_clerk@2137000006", "school_head@2137000006", "class_teacher@2137000006"]
)
def test_schools_may_not_follow_trails(
    client: TestClient, city: City, chain: Chain, who: str
) -> None:
    assert ask(client, city, "BS-2008S-0000001", who=who).status_code == 403


def test_nothing_of_that_number(client: TestClient, city: City, chain: Chain) -> None:
    assert ask(client, city, "F-2008-9999").status_code == 404
    assert ask(client, city, "F-2008%00").status_code == 422


def test_a_share_off_by_one_no_longer_agrees(owner: Session, chain: Chain) -> None:
    from_one_side = trail(owner, LINE, by=SYSTEM, page=PageAsked(limit=50, after=None))
    assert from_one_side.agrees
    owner.connection().exec_driver_sql(
        "UPDATE instalment_share SET amount_fen = amount_fen + 1 "
        "WHERE instalment_id = (SELECT id FROM instalment WHERE state = 'paid')"
    )
    broken = trail(owner, LINE, by=SYSTEM, page=PageAsked(limit=50, after=None))
    assert not broken.agrees
    assert [case.agrees for case in broken.cases] == [False, True, True]


def test_facts_altered_to_nonsense_are_shown_and_do_not_agree(owner: Session, chain: Chain) -> None:
    owner.connection().exec_driver_sql(
        "UPDATE submission SET facts = jsonb_set(facts, '{stage,value}', '\"primry\"')"
    )
    broken = trail(owner, "BS-2008S-0000001", by=SYSTEM, page=PageAsked(limit=50, after=None))
    (case,) = broken.cases
    assert case.explanation is None
    assert not case.outcome_agrees
    assert not broken.agrees

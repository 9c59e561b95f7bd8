"""A school's sheet of accounts to correct: written, filled in, handed back, all or nothing."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.core import clock, db, settings
from app.core.actor import SYSTEM, Actor
from app.reconciliation import correction_queries as queries
from app.reconciliation.correction_sheet import FILLED, ROWS_MAX, Filled, Known, account_of
from app.sheets.workbook import open_workbook
from tests.factories.office import City
from tests.reconciliation.bank import (
    answer,
    failed,
    lines_in,
    lines_of,
    payouts_of,
    sent_back,
    take_in,
)
from tests.reconciliation.conftest import Send
from tests.reconciliation.door import RURAL, Door
from tests.registry.rows import card
from tests.sheets.build import xlsx

CLERK, HEAD, ELSEWHERE = f"school_clerk@{RURAL}", f"school_head@{RURAL}", "school_clerk@2137000011"
NUMBER, NAME = 0, 1
HOLDER_NAME, ACCOUNT, BANK, KIND, HOLDER, RELATION, REASON = range(9, 16)
HEADER = 0

Rows = list[list[Any]]


def sheet_of(door: Door, who: str = CLERK, **params: object) -> Rows:
    """The sheet's cells as downloaded, header first."""
    reply = door.get(who, "/worklist/sheet", **params)
    assert reply.status_code == 200, reply.text
    rows = open_workbook(reply.content, "a.xlsx").sheets[0].rows
    return [[*row, *[""] * (16 - len(row))] for row in rows]


def correct(row: list[Any], seed: int, kind: str = "银行卡") -> None:
    row[HOLDER_NAME], row[ACCOUNT], row[KIND] = row[NAME], card(seed), kind


def accounts_waiting(door: Door) -> set[str]:
    found = door.get(CLERK, "/accounts", state="unconfirmed", limit=200).json()["items"]
    return {one["id"] for one in found}


@pytest.fixture
def failures(door: Door) -> Rows:
    """The school's sheet after two of five payouts have failed; of those two alone."""
    _, content = door.answered(failed, failed)
    names = {line.name for line in lines_of(content)[:2]}
    header, *rows = sheet_of(door)
    return [header, *[row for row in rows if row[NAME] in names]]


def test_a_school_reads_its_own_lines_in_words(door: Door) -> None:
    reply, content = door.answered(failed)
    lines = lines_of(content)
    door.hand_in(
        "finance_maker", reply["files"][0]["number"], answer(lines[1:2], otherwise=sent_back),
        kind="reversal",
    )  # fmt: skip
    header, *rows = sheet_of(door)
    assert header[:4] == ["发放编号", "姓名", "班级", "原账号尾号"]
    by_name = {row[NAME]: row for row in rows}
    first, second = (by_name[line.name] for line in lines[:2])
    assert first[2:6] == ["1年级 1班", lines[0].account[-4:], "250.00", "户名不符"]
    assert "逐字核对户名" in first[6]
    today = clock.day_of(clock.now())
    days = settings.get().correction_working_days
    assert first[7:9] == [clock.add_working_days(today, days)[0].isoformat(), "待更正"]
    assert first[9:] == [""] * 7
    assert second[5] == "账户冻结或状态异常"


def test_a_name_like_a_formula_does_not_become_one(door: Door, failures: Rows) -> None:
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            text("UPDATE student SET name = '=1+1' WHERE name = :name"),
            {"name": failures[1][NAME]},
        )
    header, *rows = sheet_of(door)
    (row,) = [row for row in rows if row[NUMBER] == failures[1][NUMBER]]
    assert row[NAME] == "'=1+1"
    row[HOLDER_NAME], row[ACCOUNT], row[KIND] = "王强", card(1), "银行卡"
    assert door.hand_back(CLERK, xlsx([header, row])).json()["entered"] == 1


def test_nobody_reads_another_schools_sheet(door: Door, failures: Rows) -> None:
    assert len(failures) == 3
    school = door.city.schools[RURAL].id
    assert sheet_of(door, ELSEWHERE) == [failures[HEADER]]
    refused = door.get(ELSEWHERE, "/worklist/sheet", school_id=school)
    assert refused.status_code == 404
    assert door.get("county_officer@370826", "/worklist/sheet", school_id=school).status_code == 404
    assert door.get("finance_maker", "/worklist/sheet").status_code == 422
    neighbour = door.city.schools["3137000008"].id
    assert sheet_of(door, "finance_maker", school_id=neighbour) == [failures[HEADER]]
    numbers = {row[NUMBER] for row in sheet_of(door, "finance_maker", school_id=school)}
    assert {row[NUMBER] for row in failures} <= numbers


def test_accounts_filled_in_wait_for_a_second_person_and_once_is_enough(
    door: Door, failures: Rows
) -> None:
    before = accounts_waiting(door)
    correct(failures[1], 11)
    failures[2][HOLDER_NAME], failures[2][ACCOUNT], failures[2][KIND] = (
        "钱父",
        "90373064227",
        "存折",
    )
    failures[2][HOLDER], failures[2][RELATION], failures[2][REASON] = "监护人", "父子", "本人无账户"
    sheet = xlsx([*failures, ["", "空行"]])
    done = door.hand_back(CLERK, sheet)
    assert done.status_code == 200, done.text
    counts = {"rows": 3, "entered": 2, "unchanged": 0, "empty": 1, "done": 0}
    assert done.json() == counts
    waiting = accounts_waiting(door) - before
    assert len(waiting) == 2
    assert door.hand_back(CLERK, sheet).json() == {**counts, "entered": 0, "unchanged": 2}
    assert accounts_waiting(door) - before == waiting
    shown = {row[NUMBER]: row[8] for row in sheet_of(door)}
    assert {shown[row[NUMBER]] for row in failures[1:]} == {"已填报，待第二人核实"}
    confirmed = door.post(HEAD, "/accounts/confirm", {"ids": sorted(waiting)})
    assert confirmed.json() == {"count": 2}
    assert door.hand_back(CLERK, sheet).json()["unchanged"] == 2
    shown = {row[NUMBER]: row[8] for row in sheet_of(door)}
    assert {shown[row[NUMBER]] for row in failures[1:]} == {"已核实，待重新发放"}


def test_a_payout_that_waits_for_no_account_is_passed_over(door: Door, failures: Rows) -> None:
    (item,) = [
        one
        for one in door.get("finance_maker", "/worklist", state="open", limit=200).json()["items"]
        if one["payout_number"] == failures[1][NUMBER]
    ]
    door.post("finance_maker", "/worklist/resolve", {"ids": [item["id"]], "because": "家庭放弃"})
    correct(failures[1], 21)
    correct(failures[2], 22)
    done = door.hand_back(CLERK, xlsx(failures)).json()
    assert done == {"rows": 2, "entered": 1, "unchanged": 0, "empty": 0, "done": 1}


def wrong_kind(rows: Rows) -> None:
    rows[1][KIND] = "手机钱包"


def wrong_digit(rows: Rows) -> None:
    rows[1][ACCOUNT] = card(1)[:-1] + str((int(card(1)[-1]) + 1) % 10)


def as_number(rows: Rows) -> None:
    rows[1][ACCOUNT] = int(card(1))


def letters(rows: Rows) -> None:
    rows[1][ACCOUNT] = "没有"


def too_long(rows: Rows) -> None:
    rows[1][HOLDER_NAME] = "钱" * 81


def another_payee(rows: Rows) -> None:
    rows[1][NAME] = rows[2][NAME]


def no_such_payout(rows: Rows) -> None:
    rows[1][NUMBER] = "P-2008-9999999"


def unexplained(rows: Rows) -> None:
    rows[1][HOLDER] = "监护人"


def nothing_but_the_bank(rows: Rows) -> None:
    rows[1][9:] = ["", "", "农业银行", "", "", "", ""]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (wrong_kind, [("word_unknown", "M2")]),
        (wrong_digit, [("card_luhn", "K2")]),
        (as_number, [("card_scientific", "K2")]),
        (letters, [("card_format", "K2")]),
        (too_long, [("string_too_long", "J2")]),
        (another_payee, [("payee_differs", "B2")]),
        (no_such_payout, [("payout_unknown", "A2")]),
        (unexplained, [("guardian_account_unexplained", c) for c in ("O2", "P2")]),
        (nothing_but_the_bank, [("missing", c) for c in ("J2", "K2", "M2")]),
    ],
)
def test_one_wrong_cell_stops_the_whole_sheet(
    door: Door, failures: Rows, spoil: Any, found: Sequence[tuple[str, str]]
) -> None:
    before = accounts_waiting(door)
    correct(failures[1], 31)
    correct(failures[2], 32)
    spoil(failures)
    refused = door.hand_back(CLERK, xlsx(failures))
    assert refused.status_code == 422, refused.text
    errors = refused.json()["errors"]
    assert sorted((one["code"], one["where"]) for one in errors) == sorted(found)
    assert {one["row"] for one in errors} == {2}
    assert accounts_waiting(door) == before


def test_the_faults_of_every_row_are_listed_at_once(door: Door, failures: Rows) -> None:
    correct(failures[1], 41, "手机钱包")
    failures[2][ACCOUNT] = int(card(42))
    errors = door.hand_back(CLERK, xlsx(failures)).json()["errors"]
    assert [(one["code"], one["where"]) for one in errors] == [
        ("word_unknown", "M2"),
        ("missing", "J3"),
        ("card_scientific", "K3"),
        ("missing", "M3"),
    ]


def test_one_student_is_given_one_account(door: Door, failures: Rows) -> None:
    correct(failures[1], 51)
    again = [*failures[1]]
    assert door.hand_back(CLERK, xlsx([*failures[:2], again])).json()["entered"] == 1
    correct(again, 52)
    refused = door.hand_back(CLERK, xlsx([*failures[:2], again])).json()
    assert [(one["code"], one["where"]) for one in refused["errors"]] == [("accounts_differ", "K3")]


def test_another_schools_payout_cannot_be_told_from_none(door: Door, failures: Rows) -> None:
    correct(failures[1], 61)
    refused = door.hand_back(ELSEWHERE, xlsx(failures[:2])).json()
    assert [one["code"] for one in refused["errors"]] == ["payout_unknown"]
    assert door.hand_back("finance_maker", xlsx(failures)).status_code == 403


def test_what_a_sheet_names_is_looked_for_in_scope_even_where_row_security_sees_more(
    session: Session, city: City, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    take_in(session, file, answer(lines_in(session, file), failed), maker)
    payout = payouts_of(session, file)[0]
    (found,) = queries.known(session, [payout.number], city.actor(CLERK)).values()
    assert (found.student_id, found.open) == (payout.student_id, True)
    assert queries.known(session, [payout.number], city.actor(ELSEWHERE)) == {}
    session.execute(
        text("UPDATE student SET school_id = :school WHERE id = :id"),
        {"school": city.schools["3137000008"].id, "id": payout.student_id},
    )
    (moved,) = queries.known(session, [payout.number], city.actor(CLERK)).values()
    assert moved.student_name is None


def test_a_schools_own_account_is_not_corrected_by_a_students_sheet() -> None:
    said = {"payout": "P-2008-0000001", "name": None, **dict.fromkeys(FILLED)}
    said |= {"holder_name": "某校", "number": card(1), "kind": "银行卡"}
    row = Filled("表", 2, {"payout": "A"}, said, {})
    account, faults = account_of(row, Known(None, None, open=True))
    assert account is None
    assert [(one.code, one.where) for one in faults] == [("payout_to_school", "A2")]


def test_a_student_who_has_moved_is_corrected_by_the_county(door: Door, failures: Rows) -> None:
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            text("UPDATE student SET school_id = :school WHERE name = :name"),
            {"school": door.city.schools["3137000008"].id, "name": failures[1][NAME]},
        )
    (row,) = [row for row in sheet_of(door) if row[NUMBER] == failures[1][NUMBER]]
    assert (row[NAME], row[8]) == ("", "学生已转出，由现就读学校或县区更正")
    correct(failures[1], 71)
    refused = door.hand_back(CLERK, xlsx(failures[:2])).json()
    assert [(one["code"], one["where"]) for one in refused["errors"]] == [
        ("student_elsewhere", "B2")
    ]
    assert door.hand_back("county_officer@370811", xlsx(failures[:2])).json()["entered"] == 1


def test_a_sheet_is_handed_back_in_the_language_it_was_written_in(door: Door) -> None:
    _, content = door.answered(failed)
    headers = {**door.city.bearer(CLERK), "Accept-Language": "en"}
    book = door.client.get("/api/v1/worklist/sheet", headers=headers).content
    header, *rows = open_workbook(book, "a.xlsx").sheets[0].rows
    assert header[NUMBER] == "payout number"
    (row,) = [[*row, *[""] * 7] for row in rows if row[NAME] == lines_of(content)[0].name]
    correct(row, 81, "card")
    assert door.hand_back(CLERK, xlsx([header, row])).json()["entered"] == 1


def test_a_sheet_has_at_most_five_thousand_rows(door: Door) -> None:
    header = sheet_of(door)[HEADER]
    rows = [[f"P-2008-{n:07d}", "赵芳"] for n in range(ROWS_MAX)]
    done = door.hand_back(CLERK, xlsx([header, *rows]))
    assert done.json()["empty"] == ROWS_MAX
    refused = door.hand_back(CLERK, xlsx([header, *rows, ["P-2008-9999999", "赵芳"]]))
    assert refused.json()["type"] == "/problems/worklist.sheet-too-long"

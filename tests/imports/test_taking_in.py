"""What is stored of a sheet: all, the good rows, or nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from stdnum.cn.ric import calc_check_digit

from app.core import crypto, db
from app.core.actor import SYSTEM
from app.sheets.workbook import open_workbook
from tests.imports.conftest import BOARDERS, COUNTY, HEADER, RURAL, stored
from tests.sheets.build import xlsx

FIRST = "370811199901125888"
SECOND = "370811199912089819"
CASES = ("student", "application", "submission", "enrolment", "household", "bank_account")


def row(name: str, number: str, **other: object) -> list[object]:
    cells: dict[str, object] = {
        "学校标识码": RURAL,
        "姓名": name,
        "居民身份证号": number,
        "年级": "三年级",
        "班级": "2",
        "是否寄宿": "是",
        "困难等级": "困难",
        "银行卡号": "6228489282480527931",
    } | other
    return [cells[name] for name in HEADER]


def sheet(*rows: list[object], title: str = "") -> bytes:
    return xlsx([*([[title]] if title else []), list(HEADER), *rows])


BAD = row("乙", "370811199912089818")  # wrong check digit


def test_a_trial_tells_all_and_leaves_nothing_but_itself(send, rows_of) -> None:
    before = stored(*CASES)
    reply = send(sheet(row("甲", FIRST)), "a.xlsx", dry_run=True)
    assert reply.status_code == 201, reply.text
    assert reply.json()["dry_run"] is True
    assert reply.json()["state"] == "done"
    assert reply.json()["counts"] == {"eligible": 1}
    assert reply.json()["amount"] == "250.00"
    (told,) = rows_of(reply.json())
    assert (told["outcome"], told["detail"], told["application_id"]) == ("eligible", "250.00", None)
    assert stored(*CASES) == before


def test_one_bad_row_refuses_the_sheet_that_is_all_or_nothing(send, rows_of) -> None:
    before = stored(*CASES)
    reply = send(sheet(row("甲", FIRST), BAD), "a.xlsx", on_error="reject")
    assert reply.status_code == 201
    made = reply.json()
    assert made["state"] == "refused"
    assert made["problem"]["code"] == "imports.rows-wrong"
    assert made["problem"]["facts"] == {"rows_wrong": 1}
    assert [(each["outcome"], each["detail"]) for each in rows_of(made)] == [
        ("eligible", "250.00"),
        ("error", "id_checksum"),
    ]
    assert stored(*CASES) == before


def test_the_good_rows_of_the_same_sheet_are_taken_when_asked(send, rows_of) -> None:
    before = stored("application")["application"]
    reply = send(sheet(row("甲", FIRST), BAD), "a.xlsx", on_error="accept_good")
    assert reply.json()["state"] == "done"
    assert reply.json()["counts"] == {"eligible": 1, "error": 1}
    assert stored("application")["application"] == before + 1
    assert rows_of(reply.json())[0]["application_id"] is not None


def test_whoever_uploaded_is_kept_with_the_case(send, city) -> None:
    send(sheet(row("丁", SECOND)), "a.xlsx")
    with db.scoped_session(SYSTEM) as session:
        who = session.execute(
            text("SELECT uploaded_by FROM application WHERE student_name = '丁'")
        ).scalar_one()
    assert who == city.staff[COUNTY].id


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("䶮㛃", "370811200001010018"),
        ("王𬭎", "370811200001010026"),
        ("阿依古丽·买买提", "370811200001010034"),
    ],
)
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_rare_names_stay_whole_down_to_the_database(name, number, kind, send, rows_of) -> None:
    number = _with_check_digit(number)
    rows = [list(HEADER), row(name, number)]
    text_of_it = "\r\n".join(",".join(str(cell) for cell in line) for line in rows)
    data = xlsx(rows) if kind == "xlsx" else text_of_it.encode("gb18030")
    reply = send(data, f"a.{kind}")
    assert reply.status_code == 201, reply.text
    assert rows_of(reply.json())[0]["name"] == name
    with db.scoped_session(SYSTEM) as session:
        index = crypto.blind_index(number, table="student", column="resident_id")
        found = session.execute(
            text(
                "SELECT s.name, a.student_name FROM student s "
                "JOIN application a ON a.student_id = s.id WHERE s.resident_id_index = :index"
            ),
            {"index": index},
        ).one()
    assert tuple(found) == (name, name)


def _with_check_digit(number: str) -> str:
    return number[:17] + calc_check_digit(number[:17] + "0")


def test_fifteen_digits_become_eighteen(send) -> None:
    reply = send(sheet(row("戊", "370811920822587")), "a.xlsx")
    assert reply.json()["counts"] == {"eligible": 1}
    again = send(sheet(row("戊", "370811199208225872")), "a.xlsx")
    assert again.json()["counts"] == {"unchanged": 1}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"学校标识码": "2137000011"}, "school_unknown"),  # stands in 微山县
        ({"学校标识码": "9999999999"}, "school_unknown"),  # stands nowhere
        ({"困难等级": "很困难"}, "level_unknown"),
        ({"是否寄宿": "不一定"}, "boards_unclear"),
        ({"年级": "七年级"}, "grade_range"),
        ({"姓名": " "}, "name_missing"),
        ({"银行卡号": "6228489282480527932"}, "card_luhn"),
        ({"银行卡号": 6228489282480527931}, "card_scientific"),
        ({"居民身份证号": 370811199901125888}, "id_scientific"),
    ],
)
def test_each_fault_of_a_row_has_its_kind(change, kind, send, rows_of) -> None:
    reply = send(sheet(row("己", FIRST, **change)), "a.xlsx")
    (told,) = rows_of(reply.json())
    assert told["outcome"] == "error"
    assert kind in told["kinds"]


def test_a_level_nobody_knows_is_answered_with_the_nearest(send, client, city) -> None:
    reply = send(sheet(row("己", FIRST, 困难等级="特别困难户")), "a.xlsx")
    back = client.get(f"/api/v1/imports/{reply.json()['id']}/sheet", headers=city.bearer(COUNTY))
    said = open_workbook(back.content, "a.xlsx").sheets[0].rows[1][-1]
    assert "「特别困难户」不认识，是否为「特别困难」" in str(said)


def test_a_blank_fact_makes_a_draft_that_asks_for_it(send, rows_of) -> None:
    number = _with_check_digit("370811200003030010")
    reply = send(sheet(row("庚", number, 困难等级="")), "a.xlsx")
    (told,) = rows_of(reply.json())
    assert (told["outcome"], told["detail"]) == ("incomplete", "hardship")


def test_a_student_of_another_school_is_an_error_of_the_row(send, rows_of) -> None:
    number = _with_check_digit("370811200004040016")
    send(sheet(row("辛", number)), "a.xlsx")
    reply = send(sheet(row("辛", number, 学校标识码="2137000007")), "a.xlsx")
    (told,) = rows_of(reply.json())
    assert told["kinds"] == ["student_elsewhere"]


def test_one_key_takes_a_sheet_in_once(client, city, rows_of) -> None:
    number = _with_check_digit("370811200005050012")
    headers = city.bearer(COUNTY) | {"Idempotency-Key": "one-sheet-once"}
    data = sheet(row("壬", number))
    made = [
        client.post(
            "/api/v1/imports",
            data={"kind": "applications", **BOARDERS},
            files={"file": ("a.xlsx", data)},
            headers=headers,
        )
        for _ in range(2)
    ]
    assert [reply.status_code for reply in made] == [201, 201]
    assert made[0].json() == made[1].json()
    assert made[0].json()["counts"] == {"eligible": 1}


def test_one_sheet_sent_by_eight_at_once_has_one_effect(send) -> None:
    numbers = [_with_check_digit(f"37081120000606{place:03d}0") for place in range(30)]
    data = sheet(*(row(f"癸{place}", number) for place, number in enumerate(numbers)))
    before = stored("student", "application", "submission", "bank_account")
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: send(data, "a.xlsx"), range(8)))
    assert [reply.status_code for reply in replies] == [201] * 8, replies[-1].text
    told = sorted(str(reply.json()["counts"]) for reply in replies)
    assert told == ["{'eligible': 30}"] + ["{'unchanged': 30}"] * 7
    after = stored("student", "application", "submission", "bank_account")
    assert after == {table: count + 30 for table, count in before.items()}


def test_one_file_under_two_names_keeps_both(send, client, city) -> None:
    data = sheet(row("甲", FIRST))
    for name in ("first.xlsx", "second.xlsx"):
        made = send(data, name, dry_run=True).json()
        shown = client.get(f"/api/v1/imports/{made['id']}", headers=city.bearer(COUNTY)).json()
        assert shown["file_name"] == made["file_name"] == name

"""Through the door: a run opened, released, downloaded, answered, corrected and paid."""

import hashlib

import pytest
from sqlalchemy import text

from app.core import db
from app.core.actor import SYSTEM
from app.reconciliation.queries import invariants
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import answer, failed, lines_of, sent_back
from tests.reconciliation.conftest import RURAL
from tests.reconciliation.door import Door


def test_a_download_is_the_same_bytes_every_time_and_is_noted(door: Door) -> None:
    reply, content = door.sent(5)
    file = reply["files"][0]
    again = door.get("finance_checker", f"/files/{file['id']}/content")
    assert again.content == content
    assert hashlib.sha256(content).hexdigest() == file["sha256"] == again.headers["Aid-Sha256"]
    assert f'filename="{file["number"]}.txt"' in again.headers["Content-Disposition"]
    with db.scoped_session(SYSTEM) as session:
        noted = session.execute(
            text(
                "SELECT count(*) FROM audit_event e JOIN audit_record r ON r.event_id = e.id "
                "WHERE e.did = 'file.downloaded' AND r.record_id = :id"
            ),
            {"id": file["id"]},
        ).scalar_one()
    assert noted == 2


def test_from_failed_to_corrected_to_paid_through_the_door(door: Door) -> None:
    reply, content = door.sent(6)
    number = reply["files"][0]["number"]
    taken = door.hand_in("finance_maker", number, answer(lines_of(content), failed))
    assert taken.status_code == 201
    shown = {one["outcome"]: (one["lines"], one["amount"]) for one in taken.json()["outcomes"]}
    assert shown == {"failed": (1, "250.00"), "paid": (5, "1250.00")}
    repeat = door.hand_in("finance_maker", number, answer(lines_of(content), failed))
    assert repeat.status_code == 200
    assert repeat.json() == {**taken.json(), "repeated": True}
    (item,) = [
        one
        for one in door.get("finance_maker", "/worklist", state="open", kind="failed").json()[
            "items"
        ]
        if one["payment_file"] == number
    ]
    assert item["reason"] == "户名不符"
    assert item["account"].startswith("************")
    steps = [(one["code"], one["method"], one["path"]) for one in item["actions"]]
    assert steps[0] == ("record_bank_name", "POST", "/accounts/bank-names")
    assert ("reissue", "POST", "/worklist/reissue-ready") in steps
    assert item["recoverable_id"] is None
    again = door.post("finance_maker", "/payouts/reissue", {"payout_ids": [item["payout_id"]]})
    assert again.status_code == 201, again.text
    assert again.json()["by_state"] == [{"state": "ready", "count": 1, "amount": "250.00"}]
    run_id = again.json()["run"]["id"]
    sent = door.post("finance_checker", f"/runs/{run_id}/release").json()
    file = sent["files"][0]
    lines = lines_of(door.get("finance_maker", f"/files/{file['id']}/content").content)
    assert door.hand_in("finance_maker", file["number"], answer(lines)).status_code == 201
    (payout,) = door.get("auditor", f"/runs/{run_id}/payouts").json()["items"]
    assert (payout["state"], payout["reissue_of"]) == ("paid", item["payout_id"])
    with db.scoped_session(SYSTEM) as session:
        assert invariants(session) == []


def test_a_reversal_shows_its_lines_and_work_to_the_school(door: Door) -> None:
    reply, content = door.sent(5)
    number, lines = reply["files"][0]["number"], lines_of(content)
    door.hand_in("finance_maker", number, answer(lines))
    back = answer(lines[:2], otherwise=sent_back)
    taken = door.hand_in("finance_maker", number, back, kind="reversal").json()
    path = f"/return-files/{taken['file']['id']}/lines"
    first = door.get("auditor", path, limit=1).json()
    assert [one["line_no"] for one in first["items"]] == [1]
    rest = door.get("auditor", path, limit=1, cursor=first["next"]).json()
    assert [one["line_no"] for one in rest["items"]] == [2]
    assert rest["next"] is None
    seen = door.get(f"school_clerk@{RURAL}", "/worklist", kind="returned").json()["items"]
    assert [(one["amount"], one["reason"]) for one in seen] == [("250.00", "账户冻结")] * 2
    # Bank files are the offices' own: a school sees what befell its pupils, not the file.
    assert {one["payment_file"] for one in seen} == {None}
    other = door.get("school_clerk@2137000011", "/worklist", kind="returned").json()
    assert other == {"items": [], "next": None}


def test_another_countys_office_finds_neither_run_nor_file(door: Door) -> None:
    reply, _ = door.sent(5)
    run_id, file_id = reply["run"]["id"], reply["files"][0]["id"]
    who = "finance_maker@370811"
    assert door.get(who, f"/runs/{run_id}").status_code == 404
    assert door.get(who, f"/runs/{run_id}/payouts").status_code == 404
    assert door.get(who, f"/files/{file_id}/content").status_code == 404
    assert door.get(who, "/files").json()["items"] == []
    number = reply["files"][0]["number"]
    assert door.hand_in(who, number, b"1|x|").status_code == 404


def test_the_maker_does_not_release_and_the_checker_does_not_open(door: Door) -> None:
    reply, _ = door.sent(5)
    path = f"/runs/{reply['run']['id']}/release"
    assert door.post("finance_maker", path).status_code == 403
    body = {"programme": BOARDERS, "due_to": "2008-06-02"}
    assert door.post("finance_checker", "/runs", body).status_code == 403
    second = door.post("finance_checker", path)
    assert second.status_code == 409
    assert second.json()["type"] == "/problems/run.not-open"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"programme": BOARDERS, "due_to": "2008-06-02", "more": 1}, "/body/more"),
        ({"programme": BOARDERS, "due_to": "soon"}, "/body/due_to"),
        ({"due_to": "2008-06-02"}, "/body/programme"),
    ],
)
def test_a_wrong_field_of_a_run_is_named(door: Door, body: dict[str, object], where: str) -> None:
    refused = door.post("finance_maker", "/runs", body)
    assert refused.status_code == 422
    assert [one["where"] for one in refused.json()["errors"]] == [where]


def test_a_hold_is_placed_listed_and_lifted_once(door: Door) -> None:
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 250_00)
        (payee,) = make_payees(session, door.city.schools[RURAL], 1)
    body = {"student_id": str(payee.student_id), "because": "来信反映"}
    placed = door.post("county_officer@370811", "/holds", body)
    assert placed.status_code == 201
    assert door.post("county_officer@370826", "/holds", body).status_code == 404
    hold = placed.json()["id"]
    live = door.get("county_officer@370811", "/holds", live=True).json()["items"]
    assert [one["id"] for one in live] == [hold]
    lift = {"because": "查无此事"}
    path = f"/holds/{hold}/lift"
    assert door.post("county_officer@370826", path, lift).status_code == 404
    assert door.post("county_officer@370811", path, lift).status_code == 200
    assert door.post("county_officer@370811", path, lift).status_code == 409


def test_the_formats_say_their_limits_and_what_is_assumed(door: Door) -> None:
    shown = {one["code"]: one for one in door.get("finance_maker", "/bank-formats").json()}
    pipe, ccb = shown["generic-pipe"], shown["generic-codes-ccb"]
    assert (pipe["lines_min"], pipe["lines_max"], pipe["charset"]) == (5, 1000, "gb18030")
    assert (pipe["own_banks"], pipe["split_other_banks"]) == ([], False)
    assert (ccb["own_banks"], ccb["split_other_banks"]) == (["建设银行"], True)
    assert ccb["summary_bytes_max"] == 30
    assert {one["kind"] for one in shown.values()} == {"delimited", "fixed", "sheet", "iso20022"}
    assert shown["generic-failures"]["replies"] == "failures_only"
    assert all("假定" in one["assumption_zh"] for one in shown.values())

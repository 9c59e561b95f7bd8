"""What was paid in hand is followed, evidenced, listed and verified like what a bank paid."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.disbursement.pay_register_models import PayRegister
from app.reconciliation.signed_registers import confirm
from app.reports.verification import verify
from tests.factories.in_hand import payouts_of, release_in_hand, sign
from tests.factories.office import City

RURAL = "2137000006"


@dataclass(frozen=True)
class Signed:
    """A confirmed register of two: the first did not sign, the second did."""

    register: PayRegister
    id: UUID
    failed: str
    paid: str
    paid_id: UUID


@pytest.fixture(scope="module")
def signed(city: City) -> Signed:
    with db.scoped_session(SYSTEM) as session:
        register = release_in_hand(session, city, {RURAL: 2}).registers[0]
        made = sign(session, city, register, 1, who=f"school_clerk@{RURAL}").signed
        confirm(session, made.id, by=city.actor("finance_checker"))
        first, second = payouts_of(session, register)
        return Signed(register, made.id, first.number, second.number, second.id)


def get(client: TestClient, city: City, path: str, who: str = "auditor") -> Any:
    reply = client.get(f"/api/v1{path}", headers=city.bearer(who))
    assert reply.status_code == 200, reply.text
    return reply


def labels(steps: list[dict[str, Any]], level: str) -> list[str]:
    return [step["label"] for step in steps if step["level"] == level]


def test_what_is_paid_in_hand_is_verified_sound(session: Session, signed: Signed) -> None:
    # The factory's cases were never announced and bear no facts; all about money holds.
    assert {one.code for one in verify(session)} == {"award-state-off", "outcome-off"}


def test_down_goes_to_the_register_and_the_signature(
    client: TestClient, city: City, signed: Signed
) -> None:
    way = get(client, city, f"/money/down/{signed.paid}").json()["steps"]
    number = signed.register.number
    assert labels(way, "pay_register") == [f"{number}:2"]
    assert labels(way, "signed_register") == [f"confirmed signed {signed.paid}"]
    assert labels(way, "payment_file") == labels(way, "return_line") == []
    assert "pay" in labels(way, "transfer")


@pytest.mark.parametrize("asked", ["number", "register", "signed"])
def test_up_from_register_or_signature_ends_at_the_appropriation(
    client: TestClient, city: City, signed: Signed, asked: str
) -> None:
    name = {"number": signed.register.number, "register": signed.register.id, "signed": signed.id}
    way = get(client, city, f"/money/up/{name[asked]}").json()["steps"]
    assert labels(way, "payout") == sorted([signed.failed, signed.paid])
    assert labels(way, "signed_register") == sorted(
        [f"confirmed signed {signed.paid}", f"confirmed unsigned {signed.failed}"]
    )
    assert way[-1]["level"] == "appropriation"
    trail = get(client, city, f"/trail/{name[asked]}").json()
    assert trail["case_count"] == 2


def test_the_trail_says_who_signed_and_who_did_not(
    client: TestClient, city: City, signed: Signed
) -> None:
    cases = get(client, city, f"/trail/{signed.register.number}").json()["cases"]
    payouts = {one["number"]: one for case in cases for one in case["payouts"]}
    paid, failed = payouts[signed.paid], payouts[signed.failed]
    assert (paid["method"], paid["account"], paid["file_line"]) == ("cash", None, None)
    assert paid["register_line"] == {
        "register_id": str(signed.register.id), "number": signed.register.number, "line_no": 2,
    }  # fmt: skip
    assert [one["unsigned_because"] for one in paid["signed_registers"]] == [None]
    assert [one["unsigned_because"] for one in failed["signed_registers"]] == ["请假未领"]


def test_the_evidence_holds_the_register_and_the_scan_against_their_digests(
    client: TestClient, city: City, signed: Signed
) -> None:
    bundle = get(client, city, f"/payouts/{signed.paid_id}/evidence").content
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        told = json.loads(archive.read("register.json"))
        assert json.loads(archive.read("file-line.json")) is None
        acts = {event["did"] for event in json.loads(archive.read("audit.json"))}
    assert {"register.taken", "register.confirmed"} <= acts
    assert (told["register"], told["line"], told["method"]) == (signed.register.number, 2, "cash")
    assert (told["register_lines"], told["register_amount"]) == (2, "500.00")
    (scan,) = told["signed"]
    assert (scan["state"], scan["unsigned_because"]) == ("confirmed", None)
    assert told["sha256"] == told["stored_sha256"] == signed.register.sha256.hex()
    assert scan["sha256"] == scan["stored_sha256"] != told["sha256"]
    revealed = client.post(
        f"/api/v1/payouts/{signed.paid_id}/evidence",
        json={"reason": "审计抽查"},
        headers=city.bearer("auditor"),
    )
    assert revealed.status_code == 200, revealed.text


def test_a_roster_of_a_run_in_hand_names_everybody_without_an_account(
    client: TestClient, city: City, signed: Signed
) -> None:
    door = f"/runs/{signed.register.run_id}/rosters/{signed.register.school_id}"
    rows = get(client, city, door, f"school_clerk@{RURAL}").json()["rows"]
    assert sorted((row["state"], row["account_tail"], row["amount"]) for row in rows) == [
        ("failed", "", "250.00"), ("paid", "", "250.00"),
    ]  # fmt: skip
    sheet = get(client, city, f"{door}/sheet").content
    told = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()
    assert sum("250.00" in row for row in told) == 2


FAULTS = [
    (
        "paid-unsigned-off",
        "UPDATE payout SET state = 'paid' WHERE register_line = 1",
    ),
    ("paid-unsigned-off", "UPDATE signed_register SET state = 'uploaded', settled_by = NULL"),
    ("register-lines-off", "UPDATE pay_register SET line_count = 3"),
    ("register-sum-off", "UPDATE pay_register SET amount_fen = amount_fen + 1"),
]


@pytest.mark.parametrize(("code", "planted"), FAULTS)
def test_what_was_signed_for_otherwise_is_found(
    owner: Session, signed: Signed, code: str, planted: str
) -> None:
    owner.execute(text(planted))
    assert code in {finding.code for finding in verify(owner)}

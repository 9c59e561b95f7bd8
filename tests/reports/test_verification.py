"""A sound chain is found sound; each fault planted behind the service's back is found."""

from io import BytesIO

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.core.actor import SYSTEM
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.documents.pieces import PIECE
from app.reports.verification import verify
from tests.factories.chain import Chain

LINE = "2008/boarding-subsidy/county/370811"
PAID = "(SELECT id FROM instalment WHERE state = 'paid')"
CASE = "(SELECT id FROM application WHERE number = 'BS-2008S-0000001')"


def found(owner: Session, *planted: str) -> dict[str, list[str]]:
    """What verification says after the statements, by code."""
    for statement in planted:
        owner.execute(text(statement))
    said: dict[str, list[str]] = {}
    for finding in verify(owner):
        said.setdefault(finding.code, []).append(f"{finding.where}: {finding.en}")
        assert finding.zh != finding.en
    return said


def test_a_sound_chain_is_found_sound(session: Session, chain: Chain) -> None:
    assert verify(session) == []


FAULTS = [
    (
        "balance-off",
        f"UPDATE ledger_account SET credits_fen = credits_fen + 1 WHERE code = '{LINE}/paid'",
        ("250.01", "250.00"),
    ),
    ("balance-off", "DELETE FROM ledger_transfer WHERE kind = 'pay'", ("250.00", "0.00")),
    (
        "shares-off",
        f"UPDATE instalment_share SET amount_fen = amount_fen + 1 WHERE instalment_id = {PAID}",
        ("250.00", "250.01"),
    ),
    (
        "ledger-balance-off",
        f"UPDATE instalment_share SET amount_fen = amount_fen - 1 WHERE instalment_id = {PAID}",
        (f"{LINE}/paid", "250.00", "249.99"),
    ),
    (
        "appropriation-off",
        "UPDATE appropriation SET amount_fen = amount_fen - 1",
        (f"{LINE} (all its places)", "2000.00", "1999.99"),
    ),
    (
        "ledger-balance-off",
        "UPDATE payout SET state = 'sent' WHERE state = 'paid'",
        (f"{LINE}/in_transit", "375.00", "625.00"),
    ),
    (
        "award-sum-off",
        f"UPDATE award SET amount_fen = 25001 WHERE application_id = {CASE}",
        ("BS-2008S-0000001", "250.01", "250.00"),
    ),
    (
        "award-amount-off",
        f"UPDATE application SET amount_fen = 25001 WHERE id = {CASE}",
        ("BS-2008S-0000001", "250.00", "250.01"),
    ),
    (
        "award-state-off",
        f"UPDATE award SET state = 'cancelled' WHERE application_id = {CASE}",
        ("BS-2008S-0000001", "absent", "granted"),
    ),
    (
        "award-state-off",
        f"UPDATE application SET state = 'rejected' WHERE id = {CASE}",
        ("BS-2008S-0000001", "granted", "absent"),
    ),
    (
        "moved-off",
        (
            "INSERT INTO instalment (id, award_id, school_id, county_id, seq, due_on, fiscal_year, "
            "amount_fen, state, replaces_id) SELECT gen_random_uuid(), award_id, school_id, "
            "county_id, 9, due_on, fiscal_year, 24999, 'committed', id "
            f"FROM instalment WHERE id = {PAID}"
        ),
        ("BS-2008S-0000001 instalment 9", "249.99", "0.00"),
    ),
    (
        "cancelled-award-live",
        "UPDATE award SET state = 'cancelled'",
        # The paid one is paid; of the others one waits, one is on its way.
        ("BS-2008S-0000002", "250.00", "0.00"),
    ),
    (
        "exclusive-awards",
        (
            "INSERT INTO award_hold SELECT student_id, '2007-2008', 'boarding-subsidy|other', "
            f"'other' FROM award WHERE application_id = {CASE}"
        ),
        ("BS-2008S-0000001", "2 live awards"),
    ),
    (
        "part-off",
        f"UPDATE payout_part SET amount_fen = 24999 WHERE instalment_id = {PAID}",
        ("P-2008-000001", "249.99", "250.00"),
    ),
    (
        "payout-amount-off",
        "UPDATE payout SET amount_fen = 25001 WHERE number = 'P-2008-000001'",
        ("P-2008-000001", "250.01", "250.00"),
    ),
    (
        "live-part-off",
        "UPDATE payout_part SET live = true WHERE NOT live",
        ("P-2008-000002", "1 part", "0"),
    ),
    (
        "instalment-state-off",
        f"UPDATE instalment SET state = 'committed' WHERE id = {PAID}",
        ("Instalment", "1 state", "0"),
    ),
    (
        "file-sum-off",
        "UPDATE payment_file SET amount_fen = amount_fen + 1",
        ("F-2008-0001", "875.01", "875.00"),
    ),
    ("file-lines-off", "UPDATE payment_file SET line_count = 4", ("F-2008-0001", "4", "3")),
    ("return-lines-off", "DELETE FROM return_line WHERE line_no = 3", ("3", "2")),
    (
        "outcome-off",
        (
            "UPDATE submission SET facts = jsonb_set(facts, '{boards,value}', 'false') "
            f"WHERE application_id = {CASE}"
        ),
        ("BS-2008S-0000001 submission 1", "eligible 250.00", "ineligible -boards"),
    ),
    (
        "outcome-off",
        (
            "UPDATE submission SET facts = jsonb_set(facts, '{stage,value}', '\"primry\"') "
            f"WHERE application_id = {CASE}"
        ),
        ("BS-2008S-0000001 submission 1", "unknown -facts"),
    ),
    (
        "case-not-as-submitted",
        f"UPDATE submission SET eligible = false WHERE application_id = {CASE}",
        ("BS-2008S-0000001", "t 25000", "f 25000"),
    ),
    (
        "policy-digest-off",
        (
            "UPDATE policy_version SET body = replace(body, '50000', '60000') "
            "WHERE programme = 'boarding-subsidy' AND effective_from = '2008-spring'"
        ),
        ("boarding-subsidy 2008-spring revision",),
    ),
    (
        "document-digest-off",
        "UPDATE document SET sha256 = sha256('other') WHERE kind = 'payment_file'",
        ("Restore it from a backup",),
    ),
    (
        "document-digest-off",
        (
            "UPDATE document SET body = set_byte(body, 20, get_byte(body, 20) # 1) "
            "WHERE kind = 'return_file'"
        ),
        ("unreadable",),
    ),
]


@pytest.mark.parametrize(("code", "planted", "words"), FAULTS)
def test_a_planted_fault_is_found_with_both_figures(
    owner: Session, chain: Chain, code: str, planted: str, words: tuple[str, ...]
) -> None:
    said = found(owner, planted)
    assert any(all(word in each for word in words) for each in said.get(code, [])), said


def test_an_instalment_in_two_live_payouts_is_found(owner: Session, chain: Chain) -> None:
    said = found(
        owner,
        "DROP INDEX uq_payout_part_live",
        "INSERT INTO payout_part (payout_id, instalment_id, school_id, county_id, amount_fen, live)"
        f" SELECT (SELECT id FROM payout WHERE number = 'P-2008-000003'), id, school_id, county_id,"
        f" amount_fen, true FROM instalment WHERE id = {PAID}",
    )
    assert "BS-2008S-0000001 instalment 1" in said["part-live-twice"][0]
    assert "2 payouts" in said["part-live-twice"][0]


@pytest.mark.parametrize(
    ("planted", "codes"),
    [
        ("SELECT", set()),
        (
            "UPDATE document_piece SET body = set_byte(body, 20, get_byte(body, 20) # 1)",
            {"document-digest-off"},
        ),
        ("DELETE FROM document_piece WHERE no = 1", {"document-digest-off"}),
        ("UPDATE document SET sha256 = '' WHERE body = ''", {"document-digest-off"}),
    ],
)
def test_a_file_in_pieces_is_looked_at_piece_by_piece(
    owner: Session, chain: Chain, planted: str, codes: set[str]
) -> None:
    assert chain
    documents.store_file(
        owner, kind=DocumentKind.SHEET, name="花名册.csv", media_type="text/csv",
        file=BytesIO(b"x" * (PIECE + 1)), by=SYSTEM,
    )  # fmt: skip
    assert set(found(owner, planted)) == codes


def test_an_altered_version_judges_nobody(owner: Session, chain: Chain) -> None:
    said = found(
        owner,
        "UPDATE policy_version SET body = replace(body, '50000', '60000') "
        "WHERE programme = 'boarding-subsidy' AND effective_from = '2008-spring'",
    )
    assert set(said) == {"policy-digest-off"}

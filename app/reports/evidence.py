"""The evidence of one payout, as a bundle that proves itself: every member's digest is listed.

The same state gives the same bytes: no member says when it was asked for, and the members of the
archive bear no time of their own.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlmodel import Session

from app.core import crypto, db
from app.core.actor import Actor
from app.core.money import show_yuan
from app.core.paging import PageAsked
from app.documents import service as documents
from app.ledger.seals import CANONICAL
from app.registry import service_students
from app.reports.errors import TrailNotFound
from app.reports.trail import trail

REVEALED = ("resident_id", "account_number")
MANIFEST = "manifest.json"
_MADE = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can say
_TRANSFER = (
    "id", "kind", "debit", "credit", "amount", "refers_to", "batch", "office_day", "posted_at",
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One file of the bundle."""

    name: str
    data: bytes


def evidence(
    session: Session, payout_id: UUID, *, by: Actor, reveal_because: str | None = None
) -> list[Member]:
    """Everything behind one payout, in the order of the paper trail, the manifest last.

    Numbers of people and accounts are masked unless a reason is given, which is audited with who
    asked. Raises TrailNotFound.
    """
    found = session.execute(_PAYOUT, {"payout": payout_id}).mappings().one_or_none()
    if found is None:
        raise TrailNotFound
    page = PageAsked(limit=1, after=None)
    told = trail(session, found["number"], by=by, page=page).model_dump(mode="json")
    whose: Mapping[str, Any] = next(iter([*told["cases"], *told["allocations"]]))
    moved = [*told["appropriation_transfers"], *whose["transfers"]]
    members = [
        *_case(session, whose),
        _json("payout.json", _payout(whose, payout_id)),
        _json("file-line.json", _file_line(session, found)),
        _json("bank-lines.json", _rows(session, _BANK_LINES, payout_id)),
        _transfers(moved),
        _json("seals.json", _seals(session, [each["id"] for each in moved])),
        _json("register.json", _register(session, payout_id)),
        _json("appropriations.json", told["appropriations"]),
        _json("fund-lines.json", told["fund_lines"]),
        _json("audit.json", _audited(session, payout_id, by)),
    ]
    if reveal_because is not None and found["student_id"] is not None:
        shown = service_students.reveal(
            session, found["student_id"], REVEALED, because=reveal_because, by=by
        )
        members.append(_json("identity.json", shown))
    return [*members, _manifest(found["number"], members)]


def as_archive(members: Sequence[Member]) -> bytes:
    """The members as one zip, the same bytes for the same members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(zipfile.ZipInfo(member.name, _MADE), member.data)
    return out.getvalue()


def _case(session: Session, whose: Mapping[str, Any]) -> list[Member]:
    """What was asked for and why it was granted; of a school, the allocation with its students."""
    apart = ("submissions", "explanation", "decisions", "reviews", "award", "payouts", "transfers")
    told = {name: value for name, value in whose.items() if name not in apart}
    members = [_json("case.json", told), _json("award.json", whose["award"])]
    members += [
        _json(f"{name}.json", whose[name])
        for name in ("submissions", "explanation", "decisions", "reviews")
        if name in whose
    ]
    shown = session.execute(_NOTICE, {"subject": UUID(whose["id"])}).mappings()
    members.append(_json("notice.json", [dict(line) for line in shown]))
    return members


def _payout(whose: Mapping[str, Any], payout_id: UUID) -> Any:
    """The payout and those it reissues or is reissued by: the same instalments' money."""
    mine = next(each for each in whose["payouts"] if each["id"] == str(payout_id))
    parts = {part["instalment_id"] for part in mine["parts"]}
    others = [
        each
        for each in whose["payouts"]
        if each is not mine and parts & {part["instalment_id"] for part in each["parts"]}
    ]
    return {"payout": mine, "of_the_same_instalments": others}


def _file_line(session: Session, found: RowMapping) -> Any:
    """Where in which file the payout left; the stored bytes are held against their digest."""
    if found["file_id"] is None:
        return None
    content = documents.read(session, found["document_id"])
    return {
        "file": found["file_number"],
        "line": found["file_line"],
        "bank_format": found["bank_format"],
        "file_lines": found["line_count"],
        "file_amount": show_yuan(found["file_fen"]),
        "accounts_sha256": bytes(found["accounts_sha256"]).hex(),
        "sha256": bytes(found["sha256"]).hex(),
        "stored_sha256": crypto.fingerprint(content).hex(),
    }


def _register(session: Session, payout_id: UUID) -> Any:
    """The pay register it left in and each that came back; digests are of the stored bytes too."""
    left = session.execute(_REGISTER, {"payout": payout_id}).mappings().one_or_none()
    if left is None:
        return None
    signed = session.execute(_SIGNED, {"payout": payout_id}).mappings()
    told = _stored(session, left)
    amount = show_yuan(told.pop("amount_fen"))
    return {
        **told,
        "register_amount": amount,
        "signed": [_stored(session, each) for each in signed],
    }


def _stored(session: Session, told: RowMapping) -> dict[str, Any]:
    content = documents.read(session, told["document_id"])
    shown = {name: value for name, value in told.items() if name != "document_id"}
    return {**shown, "stored_sha256": crypto.fingerprint(content).hex()}


def _transfers(rows: Sequence[Mapping[str, Any]]) -> Member:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_TRANSFER)
    writer.writerows([row[name] for name in _TRANSFER] for row in rows)
    return Member("transfers.csv", out.getvalue().encode())


def _seals(session: Session, transfers: Sequence[int]) -> Any:
    """Each transfer's canonical line and digest, and the seals of the days they stand in.

    `sealed` is the digest that the day was sealed with, null while the day is open.
    """
    told = {"ids": list(transfers)}
    lines = [dict(row) for row in session.execute(_LINES, told).mappings()]
    days = [dict(row) for row in session.execute(_DAYS, told).mappings()]
    return {"transfers": lines, "days": days}


def _rows(session: Session, asked: Any, payout_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(asked, {"payout": payout_id}).mappings()]


def _audited(session: Session, payout_id: UUID, by: Actor) -> list[dict[str, Any]]:
    # Who acted on what the caller may see is the caller's to know, though the log is the city's.
    with db.city_scope(session, by):
        return _rows(session, _AUDIT, payout_id)


def _json(name: str, value: Any) -> Member:
    told = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    return Member(name, (told + "\n").encode())


def _manifest(number: str, members: Sequence[Member]) -> Member:
    digests = {member.name: crypto.fingerprint(member.data).hex() for member in members}
    return _json(MANIFEST, {"payout": number, "sha256": digests})


_PAYOUT = text("""
    SELECT p.number, p.student_id, p.file_id, p.file_line, f.number AS file_number,
        f.document_id, f.bank_format, f.line_count, f.amount_fen AS file_fen, f.accounts_sha256,
        f.sha256
    FROM payout p LEFT JOIN payment_file f ON f.id = p.file_id WHERE p.id = :payout
""")
_BANK_LINES = text("""
    SELECT 'return_file' AS from_what, r.id AS from_id, encode(r.sha256, 'hex') AS sha256,
        l.line_no, l.outcome, l.amount_fen, l.reason_code, l.reason, r.received_at AS at
    FROM return_line l JOIN return_file r ON r.id = l.return_file_id WHERE l.payout_id = :payout
    UNION ALL
    SELECT 'statement', s.id, encode(s.sha256, 'hex'), l.line_no, l.outcome, l.amount_fen, NULL,
        NULL, s.received_at
    FROM statement_line l JOIN bank_statement s ON s.id = l.statement_id
    WHERE l.payout_id = :payout ORDER BY 9, 4
""")
_LINES = text(f"""
    SELECT t.id, {CANONICAL} AS line,
        encode(sha256(convert_to({CANONICAL}, 'UTF8')), 'hex') AS sha256,
        encode(leaf.sha256, 'hex') AS sealed
    FROM ledger_transfer t LEFT JOIN ledger_leaf leaf ON leaf.transfer_id = t.id
    WHERE t.id = ANY(:ids) ORDER BY t.id
""")  # noqa: S608 own text
_DAYS = text("""
    SELECT d.day, d.transfers, encode(d.previous, 'hex') AS previous,
        encode(d.sha256, 'hex') AS sha256, encode(d.signature, 'hex') AS signature, d.signed_by
    FROM ledger_day d
    WHERE d.day IN (SELECT office_day FROM ledger_transfer WHERE id = ANY(:ids)) ORDER BY d.day
""")
_REGISTER = text("""
    SELECT g.number AS register, p.register_line AS line, g.method, g.line_count AS register_lines,
        g.amount_fen, g.document_id, encode(g.sha256, 'hex') AS sha256
    FROM payout p JOIN pay_register g ON g.id = p.register_id WHERE p.id = :payout
""")
_SIGNED = text("""
    SELECT s.id, s.state, s.uploaded_by, s.uploaded_at, s.settled_by, s.settled_at, s.because,
        u.reason AS unsigned_because, s.document_id, encode(s.sha256, 'hex') AS sha256
    FROM payout p JOIN signed_register s ON s.pay_register_id = p.register_id
    LEFT JOIN unsigned_line u ON u.signed_register_id = s.id AND u.payout_id = p.id
    WHERE p.id = :payout ORDER BY s.id
""")
_NOTICE = text("""
    SELECT n.number, n.title, n.shown_from, n.shown_to, l.line_no, l.name, l.school_name, l.grade,
        l.class_name
    FROM notice_line l JOIN notice n ON n.id = l.notice_id WHERE l.subject_id = :subject
    ORDER BY n.number, l.line_no
""")
_AUDIT = text("""
    SELECT e.id, e.at, e.office_day, e.actor_id, e.did, e.because
    FROM audit_event e WHERE e.id IN (
        SELECT r.event_id FROM audit_record r WHERE r.record_id IN (
            SELECT CAST(:payout AS uuid)
            UNION SELECT part.instalment_id FROM payout_part part WHERE part.payout_id = :payout
            UNION SELECT i.award_id FROM payout_part part JOIN instalment i
                ON i.id = part.instalment_id WHERE part.payout_id = :payout
            UNION SELECT coalesce(a.application_id, a.allocation_id) FROM payout_part part
                JOIN instalment i ON i.id = part.instalment_id
                JOIN award a ON a.id = i.award_id WHERE part.payout_id = :payout
            UNION SELECT p.run_id FROM payout p WHERE p.id = :payout
            UNION SELECT p.register_id FROM payout p WHERE p.id = :payout))
    AND e.did <> 'student.revealed' ORDER BY e.id
""")

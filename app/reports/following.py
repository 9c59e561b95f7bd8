"""Follows money in one statement each way: from what allowed it to the bank, and back.

Around any thing of the paper trail lie the instalments whose money it is; every level of the way is
read from them at once, counted and summed, with the first things of it by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.core.actor import Actor
from app.reports.subjects import ThingKind, find

SHOWN_MAX = 100


class Direction(StrEnum):
    """Which way the money is followed."""

    DOWN = "down"  # from the appropriation to the bank line
    UP = "up"  # from the bank line to the clause that allowed it


@dataclass(frozen=True)
class Step:
    """One thing on the way; `count` and `sum_fen` are of its whole level."""

    level: str
    id: str
    label: str
    amount_fen: int | None
    count: int
    sum_fen: int | None


def follow(session: Session, asked: str, direction: Direction, *, by: Actor) -> list[Step]:
    """The way of the money around the thing with this id or number, level by level.

    One statement beside the one that finds the thing. Row security keeps it to the caller's scope.
    Raises TrailNotFound.
    """
    thing = find(session, asked, by=by)
    told = {"id": thing.id, "number": thing.number, "shown": SHOWN_MAX}
    rows = session.execute(_STATEMENTS[thing.kind, direction], told)
    return [Step(*row) for row in rows]


# The instalments whose money a thing of each kind is.
_OF = "SELECT i.id FROM instalment i "
_PARTS = (
    f"{_OF}JOIN payout_part part ON part.instalment_id = i.id "
    "JOIN payout p ON p.id = part.payout_id "
)
_LINES = f"{_OF}JOIN instalment_share s ON s.instalment_id = i.id "
_INSTALMENTS: dict[ThingKind, str] = {
    ThingKind.APPROPRIATION: f"{_LINES}JOIN appropriation a ON a.fund_line_id = s.fund_line_id "
    "WHERE a.id = :id",
    ThingKind.APPROPRIATION_DOCUMENT: f"{_LINES}JOIN appropriation a "
    "ON a.fund_line_id = s.fund_line_id WHERE a.document_number = :number",
    ThingKind.FUND_LINE: f"{_LINES}WHERE s.fund_line_id = :id",
    ThingKind.APPLICATION: f"{_OF}JOIN award w ON w.id = i.award_id WHERE w.application_id = :id",
    ThingKind.SCHOOL_ALLOCATION: f"{_OF}JOIN award w ON w.id = i.award_id "
    "WHERE w.allocation_id = :id",
    ThingKind.STUDENT: f"{_OF}JOIN award w ON w.id = i.award_id WHERE w.student_id = :id",
    ThingKind.DECISION_BATCH: f"{_OF}JOIN award w ON w.id = i.award_id "
    "JOIN decision d ON d.application_id = w.application_id WHERE d.batch_id = :id",
    ThingKind.AWARD: f"{_OF}WHERE i.award_id = :id",
    ThingKind.INSTALMENT: f"{_OF}WHERE i.id = :id",
    ThingKind.PAYOUT_RUN: f"{_PARTS}WHERE p.run_id = :id",
    ThingKind.PAYOUT: f"{_PARTS}WHERE p.id = :id",
    ThingKind.PAYMENT_FILE: f"{_PARTS}WHERE p.file_id = :id",
    ThingKind.PAY_REGISTER: f"{_PARTS}WHERE p.register_id = :id",
    ThingKind.SIGNED_REGISTER: f"{_PARTS}JOIN signed_register s "
    "ON s.pay_register_id = p.register_id WHERE s.id = :id",
    ThingKind.RETURN_FILE: f"{_PARTS}JOIN return_line l ON l.payout_id = p.id "
    "WHERE l.return_file_id = :id",
}
_MONEY = "JOIN instalment i ON i.id = money.id "
_AWARDS = f"FROM money {_MONEY}JOIN award w ON w.id = i.award_id "
_PAID = (
    "FROM money JOIN payout_part part ON part.instalment_id = money.id "
    "JOIN payout p ON p.id = part.payout_id "
)
# Level → (id, label, amount) of the things on it.
_LEVELS: dict[str, str] = {
    "appropriation": "SELECT DISTINCT a.id::text, a.document_number, a.amount_fen FROM money "
    "JOIN instalment_share s ON s.instalment_id = money.id "
    "JOIN appropriation a ON a.fund_line_id = s.fund_line_id",
    "cash": "SELECT DISTINCT c.id::text, c.voucher, c.amount_fen FROM money "
    "JOIN instalment_share s ON s.instalment_id = money.id "
    "JOIN cash_receipt c ON c.fund_line_id = s.fund_line_id",
    "fund_line": "SELECT f.id::text, f.code, sum(s.amount_fen)::bigint FROM money "
    "JOIN instalment_share s ON s.instalment_id = money.id "
    "JOIN fund_line f ON f.id = s.fund_line_id GROUP BY f.id, f.code",
    "policy_version": "SELECT DISTINCT v.id::text, concat_ws(' ', v.programme, v.effective_from, "
    f"v.revision), CAST(NULL AS bigint) {_AWARDS}JOIN policy_version v "
    "ON v.id = w.policy_version_id",
    "application": f"SELECT DISTINCT c.id::text, c.number, c.amount_fen {_AWARDS}"
    "JOIN application c ON c.id = w.application_id",
    "allocation": f"SELECT DISTINCT c.id::text, c.number, c.amount_fen {_AWARDS}"
    "JOIN school_allocation c ON c.id = w.allocation_id",
    "decision": "SELECT DISTINCT d.batch_id::text, concat_ws(' ', d.step, d.verdict), "
    f"CAST(NULL AS bigint) {_AWARDS}JOIN decision d ON d.application_id = w.application_id",
    "award": f"SELECT DISTINCT w.id::text, w.period, w.amount_fen {_AWARDS}",
    "instalment": f"SELECT i.id::text, i.state, i.amount_fen FROM money {_MONEY}",  # noqa: S608
    "payout": f"SELECT DISTINCT p.id::text, p.number, p.amount_fen {_PAID}",
    "payment_file": "SELECT f.id::text, f.number || ':' || p.file_line, p.amount_fen "
    f"{_PAID}JOIN payment_file f ON f.id = p.file_id GROUP BY f.id, f.number, p.id",
    "pay_register": "SELECT g.id::text, g.number || ':' || p.register_line, p.amount_fen "
    f"{_PAID}JOIN pay_register g ON g.id = p.register_id GROUP BY g.id, g.number, p.id",
    "signed_register": "SELECT DISTINCT s.id::text, concat_ws(' ', s.state, CASE WHEN "
    f"u.payout_id IS NULL THEN 'signed' ELSE 'unsigned' END, p.number), p.amount_fen {_PAID}"
    "JOIN signed_register s ON s.pay_register_id = p.register_id LEFT JOIN unsigned_line u "
    "ON u.signed_register_id = s.id AND u.payout_id = p.id",
    "return_line": "SELECT DISTINCT l.id::text, l.outcome || ' ' || l.line_no, l.amount_fen "
    f"{_PAID}JOIN return_line l ON l.payout_id = p.id",
    "statement_line": "SELECT DISTINCT l.id::text, l.outcome || ' ' || l.line_no, l.amount_fen "
    f"{_PAID}JOIN statement_line l ON l.payout_id = p.id",
    "transfer": "SELECT t.id::text, t.kind, t.amount_fen FROM money "
    "JOIN ledger_transfer t ON t.refers_to = money.id",
}
_DOWN = (
    "appropriation", "cash", "fund_line", "award", "instalment", "payout", "payment_file",
    "return_line", "pay_register", "signed_register", "statement_line", "transfer",
)  # fmt: skip
_UP = (
    "statement_line", "signed_register", "pay_register", "return_line", "payment_file", "payout",
    "instalment", "award", "decision", "application", "allocation", "policy_version", "fund_line",
    "cash", "appropriation",
)  # fmt: skip


def _statement(instalments: str, levels: Sequence[str]) -> Any:
    """All levels at once, each cut to what is shown, with its whole count and sum."""
    arms = " UNION ALL ".join(
        f"(SELECT {place} AS place, '{level}' AS level, t.* FROM (SELECT things.*, "  # noqa: S608
        "count(*) OVER () AS many, sum(things.fen) OVER () AS whole "
        f"FROM ({_LEVELS[level]}) things (id, label, fen)) t "
        "ORDER BY t.label, t.id LIMIT :shown)"
        for place, level in enumerate(levels)
    )
    return text(
        f"WITH money AS MATERIALIZED (SELECT DISTINCT id FROM ({instalments}) of_thing) "  # noqa: S608
        "SELECT level, id, label, fen, many, whole::bigint FROM ("
        f"{arms}) way ORDER BY place, label, id"
    )


_STATEMENTS: dict[tuple[ThingKind, Direction], Any] = {
    (kind, direction): _statement(instalments, levels)
    for kind, instalments in _INSTALMENTS.items()
    for direction, levels in ((Direction.DOWN, _DOWN), (Direction.UP, _UP))
}

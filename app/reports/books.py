"""The books as accountants take them home: vouchers for their program, and a fund line's 明细账.

Both are the transfers, summed by act and account, and so add up to the trial balance.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Row, text
from sqlmodel import Session

from app.core.actor import Actor, Scope
from app.core.money import show_yuan
from app.ledger.models import AccountKind, TransferKind

FILE = Path(__file__).parent / "voucher.toml"
DETAIL_COLUMNS = ("科目", "日期", "摘要", "凭证号", "借方", "贷方", "方向", "余额", "业务日期")
OPENING, CLOSING = "期初余额", "期末余额"
_AT_ONCE = 1000


class VoucherColumn(BaseModel):
    """One column of the voucher export."""

    model_config = ConfigDict(extra="forbid")
    field: Literal[
        "day", "voucher", "summary", "subject", "fund_line", "debit", "credit", "run", "occurred_on"
    ]
    title: Annotated[str, Field(min_length=1, max_length=40)]


class VoucherLayout(BaseModel):
    """The columns, and the words for every account and movement there is."""

    model_config = ConfigDict(extra="forbid")
    column: Annotated[list[VoucherColumn], Field(min_length=1)]
    subjects: dict[AccountKind, str]
    summaries: dict[TransferKind, str]

    @model_validator(mode="after")
    def _names_all(self) -> Self:
        missing = [*({*AccountKind} - {*self.subjects}), *({*TransferKind} - {*self.summaries})]
        if missing:
            raise ValueError(f"no words for {', '.join(sorted(missing))}")
        return self


@dataclass(frozen=True)
class Period:
    """Days of posting, both included."""

    from_on: date
    to_on: date


@cache
def layout() -> VoucherLayout:
    """The layout the service comes with. Raises ValidationError at its first use."""
    return VoucherLayout.model_validate(tomllib.loads(FILE.read_text("utf-8")))


def vouchers(session: Session, period: Period, *, by: Actor) -> Iterator[list[str]]:
    """Every act's postings of a period within the caller's scope, an account a row, streamed.

    A voucher is one act on one day; its debits are its credits.
    """
    told = {**_told(by), "from_on": period.from_on, "to_on": period.to_on, "line": None}
    columns = layout().column
    for row in session.execute(_ENTRIES, told, execution_options={"yield_per": _AT_ONCE}):
        cells = _cells(row)
        yield [cells[column.field] for column in columns]


def detail(session: Session, fund_line: str, period: Period, *, by: Actor) -> list[list[str]]:
    """A fund line's 明细账: account by account its opening balance, each act, its closing balance.

    Empty for a line that is not there or not the caller's to see.
    """
    told = {**_told(by), "from_on": date.min, "to_on": period.to_on, "line": fund_line}
    rows: list[list[str]] = []
    accounts: dict[str, list[Row[Any]]] = {}
    for row in session.execute(_ENTRIES, told):
        accounts.setdefault(row.account_kind, []).append(row)
    for kind in AccountKind:
        entries = accounts.get(kind.value)
        if entries:
            rows += _account(layout().subjects[kind], entries, period)
    return rows


def _account(subject: str, entries: list[Row[Any]], period: Period) -> Iterator[list[str]]:
    before = [row for row in entries if row.office_day < period.from_on]
    balance = sum(row.credit_fen - row.debit_fen for row in before)
    yield [subject, period.from_on.isoformat(), OPENING, "", "", "", *_side(balance), ""]
    debits = credits_ = 0
    for row in entries[len(before) :]:
        balance += row.credit_fen - row.debit_fen
        debits, credits_ = debits + row.debit_fen, credits_ + row.credit_fen
        cells = _cells(row)
        yield [
            subject, cells["day"], cells["summary"], cells["voucher"], cells["debit"],
            cells["credit"], *_side(balance), cells["occurred_on"],
        ]  # fmt: skip
    sums = [show_yuan(debits), show_yuan(credits_), *_side(balance)]
    yield [subject, period.to_on.isoformat(), CLOSING, "", *sums, ""]


def _side(balance_fen: int) -> tuple[str, str]:
    """On which side a balance stands, and how much it is: never below zero."""
    side = "平" if not balance_fen else "贷" if balance_fen > 0 else "借"
    return side, show_yuan(abs(balance_fen))


def _cells(row: Row[Any]) -> dict[str, str]:
    words = layout()
    return {
        "day": row.office_day.isoformat(),
        "voucher": f"{row.office_day:%Y%m%d}-{row.place:04d}",
        "summary": words.summaries[TransferKind(row.kind)],
        "subject": words.subjects[AccountKind(row.account_kind)],
        "fund_line": row.fund_line,
        "debit": show_yuan(row.debit_fen) if row.debit_fen else "",
        "credit": show_yuan(row.credit_fen) if row.credit_fen else "",
        "run": row.run or "",
        "occurred_on": row.occurred_on.isoformat(),
    }


def _told(by: Actor) -> dict[str, object]:
    return {"county": by.county_id if by.scope is Scope.COUNTY else None}


# The vouchers of a day are numbered over the whole city, so that a number is the same for whoever
# looks. An act belongs to a run by itself, or by the file that it answers.
_ENTRIES = text("""
    WITH acts AS (
        SELECT office_day, batch, row_number() OVER (PARTITION BY office_day ORDER BY min(id))
            AS place
        FROM ledger_transfer WHERE office_day BETWEEN :from_on AND :to_on
        GROUP BY office_day, batch),
    entries AS (
        SELECT t.office_day, t.occurred_on, t.batch, t.kind, t.debit AS account,
            sum(t.amount_fen)::bigint AS debit_fen, 0::bigint AS credit_fen, min(t.id) AS first
        FROM ledger_transfer t WHERE t.office_day BETWEEN :from_on AND :to_on
        GROUP BY t.office_day, t.occurred_on, t.batch, t.kind, t.debit
        UNION ALL
        SELECT t.office_day, t.occurred_on, t.batch, t.kind, t.credit, 0,
            sum(t.amount_fen)::bigint, min(t.id)
        FROM ledger_transfer t WHERE t.office_day BETWEEN :from_on AND :to_on
        GROUP BY t.office_day, t.occurred_on, t.batch, t.kind, t.credit)
    SELECT e.office_day, e.occurred_on, acts.place, e.kind, a.kind AS account_kind, a.fund_line,
        e.debit_fen, e.credit_fen, r.number AS run
    FROM entries e JOIN acts USING (office_day, batch)
    JOIN ledger_account a ON a.code = e.account JOIN fund_line f ON f.code = a.fund_line
    LEFT JOIN return_file b ON b.id = e.batch LEFT JOIN payment_file p ON p.id = b.payment_file_id
    LEFT JOIN payout_run r ON r.id = coalesce(p.run_id, e.batch)
    WHERE (CAST(:county AS uuid) IS NULL OR f.county_id = :county)
        AND (CAST(:line AS text) IS NULL OR f.code = :line)
    ORDER BY e.office_day, acts.place, e.first, e.kind, e.credit_fen > 0, e.account
""")

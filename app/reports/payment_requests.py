"""What the treasury is asked to pay of a run (财政直接支付申请书), from the books' own transfers.

Fund lines of holders with a dedicated account stand in no request: their cash has come before.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session
from xlsxwriter import Workbook

from app.budgets.queries import words_of
from app.core.actor import Actor
from app.core.money import in_capitals, show_yuan
from app.disbursement import queries as payments
from app.disbursement.models import RunState
from app.reports.errors import NothingToRequest, RunNotReleased
from app.sheets.text_page import guard

TITLE = ("财政直接支付申请书", "Request for direct payment by the treasury")
HEADS = (
    "指标明细", "指标名称", "功能科目", "经济科目", "持有单位", "笔数", "金额（元）",
)  # fmt: skip


@dataclass(frozen=True)
class RequestLine:
    """What one fund line pays of the run; subjects are those its documents name."""

    fund_line: str
    zh: str
    en: str
    functional_subjects: tuple[str, ...]
    economic_subjects: tuple[str, ...]
    holder: str
    payouts: int
    amount_fen: int


@dataclass(frozen=True)
class PaymentRequest:
    """A run's request: its number, the day it was released, its lines and their sum."""

    run: str
    programme: str
    released_on: date
    lines: tuple[RequestLine, ...]

    @property
    def amount_fen(self) -> int:
        """What is asked for, in fen."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def payouts(self) -> int:
        """How many payments; one that two fund lines share is counted on each."""
        return sum(line.payouts for line in self.lines)

    @property
    def capitals(self) -> str:
        """The sum in words, as a payment order has it (大写)."""
        return in_capitals(self.amount_fen)


def payment_request(session: Session, run_id: UUID, *, by: Actor) -> PaymentRequest:
    """What the treasury is asked to pay of a released run; three statements.

    Raises RunNotFound, RunNotReleased, or NothingToRequest where every fund line of the run has
    its cash on a dedicated account.
    """
    run = payments.run_for(session, run_id, by)
    if run.state is not RunState.RELEASED:
        raise RunNotReleased(run.number)
    rows = session.execute(_LINES, {"run": run_id}).all()
    if not rows:
        raise NothingToRequest(run.number)
    names = words_of(session, [row.fund_line for row in rows])
    lines = tuple(
        RequestLine(
            fund_line=row.fund_line,
            zh=names.get(row.fund_line, (row.fund_line,))[0],
            en=names.get(row.fund_line, (row.fund_line,))[-1],
            functional_subjects=tuple(row.functional),
            economic_subjects=tuple(row.economic),
            holder=row.holder,
            payouts=row.payouts,
            amount_fen=row.amount_fen,
        )
        for row in rows
    )
    return PaymentRequest(run.number, run.programme, rows[0].office_day, lines)


def as_workbook(request: PaymentRequest) -> bytes:
    """The request to print and sign; amounts are text, to the fen."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet("申请书")
        title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        cell = book.add_format({"border": 1, "text_wrap": True, "valign": "vcenter"})
        last = len(HEADS) - 1
        page.merge_range(0, 0, 0, last, TITLE[0], title)
        page.write_string(1, 0, f"发放批次：{request.run}")
        page.write_string(1, last - 1, f"日期：{request.released_on.isoformat()}")
        for row, cells in enumerate(_rows(request), start=2):
            for column, value in enumerate(cells):
                page.write_string(row, column, guard(value), cell)
        foot = 3 + len(request.lines)
        page.merge_range(foot, 0, foot, last, f"合计（大写）：人民币{request.capitals}", cell)
        page.write_string(foot + 2, 0, "申请单位（盖章）：")
        page.write_string(foot + 2, 3, "经办：")
        page.write_string(foot + 2, 5, "复核：")
        page.set_column(0, 1, 34)
        page.set_column(2, last, 14)
        page.set_landscape()
        page.fit_to_pages(1, 0)
    return out.getvalue()


def _rows(request: PaymentRequest) -> Sequence[Sequence[str]]:
    return (
        HEADS,
        *(
            (
                line.fund_line,
                line.zh,
                "、".join(line.functional_subjects),
                "、".join(line.economic_subjects),
                line.holder,
                str(line.payouts),
                show_yuan(line.amount_fen),
            )
            for line in request.lines
        ),
        ("合计", "", "", "", "", str(request.payouts), show_yuan(request.amount_fen)),
    )


def shown(request: PaymentRequest) -> dict[str, Any]:
    """The request for a template."""
    return {"request": request, "heads": HEADS, "title": TITLE}


_LINES = text("""
    SELECT line.code AS fund_line, o.name AS holder, min(t.office_day) AS office_day,
        count(DISTINCT part.payout_id) AS payouts, sum(t.amount_fen)::bigint AS amount_fen,
        ARRAY(SELECT DISTINCT a.functional_subject FROM appropriation a WHERE
            a.fund_line_id = line.id AND a.functional_subject IS NOT NULL ORDER BY 1) AS functional,
        ARRAY(SELECT DISTINCT a.economic_subject FROM appropriation a WHERE
            a.fund_line_id = line.id AND a.economic_subject IS NOT NULL ORDER BY 1) AS economic
    FROM ledger_transfer t
    JOIN ledger_account account ON account.code = t.debit
    JOIN fund_line line ON line.code = account.fund_line
    JOIN organisation o ON o.id = line.holder_id
    JOIN payout_part part ON part.instalment_id = t.refers_to
    JOIN payout p ON p.id = part.payout_id AND p.run_id = :run
    WHERE t.batch = :run AND t.kind = 'send' AND line.payment_mode = 'treasury_direct'
    GROUP BY line.id, line.code, o.name ORDER BY line.code
""")

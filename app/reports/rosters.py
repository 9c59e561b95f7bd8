"""资金发放花名册: who of a school was paid in a run, page by page, to sign and seal."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session
from xlsxwriter import Workbook

from app.core import crypto, db
from app.core.actor import Actor, Scope
from app.core.identity import mask_id
from app.core.money import in_capitals, show_yuan
from app.policy import queries as policy
from app.policy.facts import Words
from app.registry.queries import CLASS_OF
from app.reports.errors import RosterEmpty
from app.sheets.text_page import guard

ROWS_A_PAGE = 25
TITLE = ("资金发放花名册", "Payout roster")
HEADS = ("序号", "姓名", "班级", "身份证号", "账号尾号", "金额（元）", "状态", "签字")


@dataclass(frozen=True)
class RosterRow:
    """One payout of the roster; the identity number is masked."""

    place: int
    name: str
    class_name: str
    masked_id: str
    account_tail: str
    amount_fen: int
    state: str


@dataclass(frozen=True)
class RosterPage:
    """The rows of one sheet of paper, and their sum in fen."""

    rows: tuple[RosterRow, ...]

    @property
    def amount_fen(self) -> int:
        """The page's subtotal."""
        return sum(row.amount_fen for row in self.rows)


@dataclass(frozen=True)
class Roster:
    """A school's part of a run."""

    run: str
    programme: Words
    school: str
    on: date
    rows: tuple[RosterRow, ...]

    @property
    def pages(self) -> tuple[RosterPage, ...]:
        """The rows by pages; the subtotals sum to the whole."""
        starts = range(0, len(self.rows), ROWS_A_PAGE)
        return tuple(RosterPage(self.rows[start : start + ROWS_A_PAGE]) for start in starts)

    @property
    def amount_fen(self) -> int:
        """What the school's payees get together."""
        return sum(row.amount_fen for row in self.rows)

    @property
    def capitals(self) -> str:
        """The sum in words (大写)."""
        return in_capitals(self.amount_fen)


@dataclass(frozen=True)
class SchoolOfRun:
    """A school with payouts in a run: how many, and their sum in fen."""

    school_id: UUID
    school: str
    payouts: int
    amount_fen: int


def schools(session: Session, run_id: UUID, *, by: Actor) -> list[SchoolOfRun]:
    """The schools of a run within the caller's scope, by name. Raises RosterEmpty."""
    # Runs are the offices'; which payouts a school sees, the statement says itself.
    with db.city_scope(session, by):
        rows = session.execute(_SCHOOLS, {"run": run_id, **_place(by)}).all()
    if not rows:
        raise RosterEmpty
    return [SchoolOfRun(*row) for row in rows]


def roster(session: Session, run_id: UUID, school_id: UUID, *, by: Actor) -> Roster:
    """Who of the school is in the run, by class and name; cancelled payouts are left out.

    One statement. Raises RosterEmpty where nobody is, or nobody whom the caller may see.
    """
    told = {"run": run_id, "school": school_id, **_place(by)}
    with db.city_scope(session, by):
        rows = session.execute(_ROSTER, told).all()
    if not rows:
        raise RosterEmpty
    first = rows[0]
    return Roster(
        run=first.run,
        programme=policy.programme(first.programme).name,
        school=first.school,
        on=first.on_day,
        rows=tuple(_row(place, row) for place, row in enumerate(rows, start=1)),
    )


def _place(by: Actor) -> dict[str, object]:
    return {
        "city": by.scope is Scope.CITY,
        "county": by.county_id if by.scope is Scope.COUNTY else None,
        "own": by.school_id if by.scope is Scope.SCHOOL else None,
    }


def _row(place: int, row: Any) -> RosterRow:
    number = (
        None
        if row.resident_id is None
        else crypto.decrypt(
            row.resident_id, table="student", column="resident_id", record=row.student_id
        )
    )
    return RosterRow(
        place=place,
        name=row.name,
        class_name=row.class_name or "",
        masked_id=mask_id(number) if number else "",
        account_tail=row.number_tail or "",
        amount_fen=row.amount_fen,
        state=row.state,
    )


def as_workbook(found: Roster) -> bytes:
    """The roster to print, a subtotal and a break after each page; every cell is text."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet("花名册")
        cell = book.add_format({"border": 1, "valign": "vcenter"})
        bold = book.add_format({"border": 1, "bold": True})
        title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        last = len(HEADS) - 1
        page.merge_range(0, 0, 0, last, f"{found.school}{TITLE[0]}", title)
        page.write_string(1, 0, guard(f"{found.programme.zh}　批次 {found.run}　{found.on}"))
        _write(page, 2, HEADS, bold)
        line, breaks = 3, []
        for number, sheet in enumerate(found.pages, start=1):
            for row in sheet.rows:
                _write(page, line, _cells(row), cell)
                line += 1
            subtotal = show_yuan(sheet.amount_fen)
            _write(page, line, (f"第 {number} 页小计", "", "", "", "", subtotal, "", ""), bold)
            line += 1
            breaks.append(line)
        _write(page, line, ("合计", "", "", "", "", show_yuan(found.amount_fen), "", ""), bold)
        page.write_string(line + 1, 0, f"合计（大写）：人民币{found.capitals}")
        page.write_string(line + 3, 0, "经办：　　　　　复核：　　　　　学校负责人：")
        page.write_string(line + 3, 5, "（盖章）")
        page.set_h_pagebreaks(breaks[:-1])
        page.repeat_rows(0, 2)
        page.set_column(1, last, 16)
    return out.getvalue()


def _cells(row: RosterRow) -> Sequence[str]:
    return (
        str(row.place), row.name, row.class_name, row.masked_id, row.account_tail,
        show_yuan(row.amount_fen), row.state, "",
    )  # fmt: skip


def _write(page: Any, line: int, cells: Sequence[str], style: Any) -> None:
    for column, value in enumerate(cells):
        page.write_string(line, column, guard(value), style)


_SEEN = "(:city OR p.county_id = CAST(:county AS uuid) OR p.school_id = CAST(:own AS uuid))"
_SCHOOLS = text(f"""
    SELECT p.school_id, o.name, count(*), sum(p.amount_fen)::bigint
    FROM payout p JOIN organisation o ON o.id = p.school_id
    WHERE p.run_id = :run AND p.state <> 'cancelled' AND {_SEEN}
    GROUP BY p.school_id, o.name ORDER BY o.name, p.school_id
""")  # noqa: S608 own text
_ROSTER = text(f"""
    SELECT p.student_id, coalesce(s.name, o.name) AS name, p.amount_fen, p.state, r.programme,
        r.number AS run, o.name AS school, s.resident_id, coalesce((
            SELECT min(t.occurred_on) FROM ledger_transfer t
            WHERE t.batch = r.id AND t.kind = 'send'), r.due_to) AS on_day,
        coalesce(b.number_tail, c.number_tail) AS number_tail, {CLASS_OF} AS class_name
    FROM payout p JOIN payout_run r ON r.id = p.run_id
    JOIN organisation o ON o.id = p.school_id
    LEFT JOIN student s ON s.id = p.student_id
    LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN school_account c ON c.id = p.school_account_id
    WHERE p.run_id = :run AND p.school_id = :school AND p.state <> 'cancelled' AND {_SEEN}
    ORDER BY class_name, name, p.number
""")  # noqa: S608 own text

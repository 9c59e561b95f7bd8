"""Writes a run's pay registers (签领册), one a school, and reads them within the caller's scope."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, text
from sqlmodel import Session, col
from xlsxwriter import Workbook

from app.audit import service as audit
from app.core import clock, db, ids, numbers
from app.core.actor import Actor
from app.core.media import XLSX
from app.core.money import in_capitals, show_yuan
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.disbursement import payees
from app.disbursement.bank_files import no_longer_ready
from app.disbursement.errors import PayoutsMoved
from app.disbursement.method_errors import METHODS, PayRegisterNotFound
from app.disbursement.methods import way_of
from app.disbursement.models import PayoutRun
from app.disbursement.pay_register_models import PayRegister
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.policy import queries as policy
from app.registry.queries import CLASS_OF
from app.sheets.text_page import guard

TITLE = "资金发放签领册"
HEADS = ("序号", "发放编号", "姓名", "班级", "金额（元）", "签名", "日期")
_HEIGHT = 28  # room for a signature
# What the register says decides its bytes, and not the moment it was made.
_MADE = datetime(2008, 1, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """A payee of a register; lines are numbered in the register's order."""

    payout_id: UUID
    number: str
    name: str
    class_name: str
    amount_fen: int
    school_id: UUID
    county_id: UUID
    school: str


def write(session: Session, run: PayoutRun, *, by: Actor) -> tuple[PayRegister, ...]:
    """Numbers and stores the registers of what is ready and marks it sent. Raises PayoutsMoved.

    One statement a register and not a payout.
    """
    with db.city_scope(session, by):
        entries = [Entry(*row) for row in session.execute(_ENTRIES, {"run": run.id})]
    schools = [list(group) for _, group in groupby(entries, key=lambda one: one[-3:])]
    year = clock.office_day().year
    first = numbers.take(session, f"Q-{year}", len(schools))
    registers, places = [], []
    for place, group in enumerate(schools):
        made = _write_one(session, run, group, number=f"Q-{year}-{first + place:04d}", by=by)
        registers.append(made)
        places += [(one.payout_id, made.id, line) for line, one in enumerate(group, start=1)]
    session.execute(insert(PayRegister), [made.model_dump() for made in registers])
    _mark_sent(session, places, payees.ran(way_of(run)))
    return tuple(registers)


def as_workbook(run: PayoutRun, entries: Sequence[Entry], *, number: str) -> bytes:
    """The register to print and sign: a line a payee, the total in words; every cell is text."""
    out = io.BytesIO()
    method, _ = METHODS[run.method.value]
    total = sum(one.amount_fen for one in entries)
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": _MADE})
        page = book.add_worksheet("签领册")
        cell = book.add_format({"border": 1, "valign": "vcenter"})
        bold = book.add_format({"border": 1, "bold": True, "valign": "vcenter"})
        title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        last = len(HEADS) - 1
        page.merge_range(0, 0, 0, last, f"{entries[0].school}{TITLE}（{method}）", title)
        programme = policy.programme(run.programme).name.zh
        said = f"{programme}　签领册 {number}　批次 {run.number}　{clock.office_day()}"
        page.write_string(1, 0, guard(said))
        _line(page, 2, HEADS, bold)
        for line, one in enumerate(entries, start=1):
            _line(page, 2 + line, _cells(line, one), cell)
        foot = 3 + len(entries)
        _line(page, foot, ("合计", f"{len(entries)} 人", "", "", show_yuan(total), "", ""), bold)
        page.write_string(foot + 1, 0, f"合计（大写）：人民币{in_capitals(total)}")
        page.write_string(foot + 3, 0, "经办：　　　　　复核：　　　　　学校负责人：")
        page.write_string(foot + 3, 5, "（盖章）")
        page.repeat_rows(0, 2)
        page.set_column(1, last, 16)
        page.fit_to_pages(1, 0)
    return out.getvalue()


def registers(
    session: Session, by: Actor, asked: PageAsked, *, run_id: UUID | None
) -> Sequence[PayRegister]:
    """Pay registers in the caller's scope, oldest first, of one run or of all."""
    chosen = select(PayRegister).where(visible(PayRegister, by))
    if run_id is not None:
        chosen = chosen.where(col(PayRegister.run_id) == run_id)
    return session.execute(asked.cut(chosen, col(PayRegister.id))).scalars().all()


def by_number(session: Session, number: str, by: Actor) -> PayRegister:
    """One register by its number. Raises PayRegisterNotFound outside the caller's scope."""
    return _one(session, col(PayRegister.number) == number, by)


def content(session: Session, register_id: UUID, by: Actor) -> tuple[PayRegister, bytes]:
    """A register and its bytes, as they left; who took them is noted.

    Raises PayRegisterNotFound.
    """
    found = _one(session, col(PayRegister.id) == register_id, by)
    audit.note(
        session,
        by=by,
        did="register.downloaded",
        records=[found.id],
        detail={"number": found.number},
    )
    return found, documents.read(session, found.document_id)


def _one(session: Session, which: ColumnElement[bool], by: Actor) -> PayRegister:
    found: PayRegister | None = session.execute(
        select(PayRegister).where(which, visible(PayRegister, by))
    ).scalar_one_or_none()
    if found is None:
        raise PayRegisterNotFound
    return found


def _write_one(
    session: Session, run: PayoutRun, entries: Sequence[Entry], *, number: str, by: Actor
) -> PayRegister:
    place = {"school_id": entries[0].school_id, "county_id": entries[0].county_id}
    document = documents.store(
        session,
        kind=DocumentKind.PAY_REGISTER,
        name=f"{number}.xlsx",
        media_type=XLSX,
        data=as_workbook(run, entries, number=number),
        by=by,
        **place,
    )
    return PayRegister(
        id=ids.new(),
        number=number,
        run_id=run.id,
        method=run.method,
        document_id=document.id,
        sha256=document.sha256,
        line_count=len(entries),
        amount_fen=sum(one.amount_fen for one in entries),
        made_at=clock.now(),
        **place,
    )


def _cells(line: int, one: Entry) -> Sequence[str]:
    return str(line), one.number, one.name, one.class_name, show_yuan(one.amount_fen), "", ""


def _line(page: Any, line: int, cells: Sequence[str], style: Any) -> None:
    page.set_row(line, _HEIGHT)
    for column, value in enumerate(cells):
        page.write_string(line, column, guard(value), style)


def _mark_sent(
    session: Session, places: Sequence[tuple[UUID, UUID, int]], checks: Sequence[str]
) -> None:
    payouts, registers, lines = zip(*places, strict=True)
    told = {"ids": list(payouts), "registers": list(registers), "lines": list(lines)}
    marked = session.execute(_SEND, {**told, "now": clock.now(), "checks": list(checks)})
    sent = set(marked.scalars())
    if len(sent) < len(places):
        raise PayoutsMoved([no_longer_ready(one) for one in payouts if one not in sent])


_ENTRIES = text(f"""
    SELECT p.id, p.number, coalesce(s.name, o.name) AS name, coalesce({CLASS_OF}, '')
        AS class_name, p.amount_fen, p.school_id, p.county_id, o.name AS school
    FROM payout p JOIN organisation o ON o.id = p.school_id
    LEFT JOIN student s ON s.id = p.student_id
    WHERE p.run_id = :run AND p.state = 'ready'
    ORDER BY o.name, p.school_id, p.county_id, class_name, name, length(p.number), p.number
""")  # noqa: S608 own text
_SEND = text("""
    UPDATE payout SET state = 'sent', register_id = t.register_id, register_line = t.line,
        sent_at = :now, checks = CAST(:checks AS text[]), checked_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:registers AS uuid[]), CAST(:lines AS int[]))
        AS t (payout_id, register_id, line)
    WHERE payout.id = t.payout_id AND payout.state = 'ready' RETURNING payout.id
""")

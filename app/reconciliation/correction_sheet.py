"""A school's sheet of accounts to correct: how it is written, and how it is read back. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row

from app.bank.catalogue import formats
from app.core import clock, problems
from app.core.errors import Fault
from app.core.money import show_yuan
from app.core.tongues import Tongue
from app.policy.facts import Words
from app.reconciliation.models import WorkKind
from app.reconciliation.rules import deadline, to_bring
from app.registry.models import AccountKind, HolderKind
from app.registry.schemas import AccountIn
from app.registry.service_accounts import NewAccount, account_faults
from app.sheets.annotate import write_sheet
from app.sheets.headers import header_key
from app.sheets.launder import text as launder_text
from app.sheets.limits import Limits
from app.sheets.tables import Column, Table, Tables

ROWS_MAX = 5_000
LIMITS = Limits(max_bytes=8 * 1024 * 1024, max_sheets=20, max_rows=ROWS_MAX + 200, max_columns=60)

SHOWN = (
    Words("发放编号", "payout number"),
    Words("姓名", "name"),
    Words("班级", "class"),
    Words("原账号尾号", "old account ends in"),
    Words("金额", "amount"),
    Words("银行退回原因", "the bank's reason"),
    Words("需带材料", "what to bring"),
    Words("更正期限", "deadline"),
    Words("进度", "progress"),
)
FILLED: Mapping[str, Words] = {
    "holder_name": Words("新户名", "new holder name"),
    "number": Words("新账号", "new account number"),
    "bank_name": Words("新开户银行", "new bank"),
    "kind": Words(
        "新账户类型（银行卡/存折/社保卡）", "new account kind (card/passbook/social card)"
    ),
    "holder": Words("账户持有人（学生/监护人）", "account held by (student/guardian)"),
    "relation": Words("监护人与学生关系", "guardian's relation"),
    "reason": Words("用监护人账户的原因", "why a guardian's account"),
}
"""What the school fills in, by the field of the account."""

COLUMNS = (
    Column("payout", (SHOWN[0].zh, SHOWN[0].en), required=True),
    Column("name", (SHOWN[1].zh, SHOWN[1].en), required=True),
    *(
        Column(
            field,
            (said.zh, said.en),
            required=field in {"holder_name", "number", "kind"},
            kind="card" if field == "number" else "text",
        )
        for field, said in FILLED.items()
    ),
)
_ORDER = [column.name for column in COLUMNS]
_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "kind": {
        AccountKind.CARD: ("银行卡", "卡", "储蓄卡", "借记卡", "card"),
        AccountKind.PASSBOOK: ("存折", "一卡通", "惠农一卡通", "passbook"),
        AccountKind.SOCIAL_CARD: ("社保卡", "社会保障卡", "social card", "social_card"),
    },
    "holder": {
        HolderKind.STUDENT: ("学生", "本人", "学生本人", "student"),
        HolderKind.GUARDIAN: ("监护人", "家长", "guardian"),
    },
}
"""The words of a column by what they mean, the usual one first."""

_PROGRESS = {
    "mended": Words("已核实，待重新发放", "confirmed; waits for its reissue"),
    "entered": Words("已填报，待第二人核实", "entered; waits for a second person"),
    "open": Words("待更正", "to be corrected"),
    "elsewhere": Words(
        "学生已转出，由现就读学校或县区更正", "has moved; the new school or the county corrects it"
    ),
}


def write(rows: Iterable[Row[Any]], *, working_days: int, tongue: Tongue) -> bytes:
    """The rows of `correction_queries.lines_of` as .xlsx, with empty columns to fill in."""
    headings = [each.said(tongue) for each in (*SHOWN, *FILLED.values())]
    blank = [None] * len(FILLED)
    return write_sheet(headings, ([*_cells(row, working_days, tongue), *blank] for row in rows))


def _cells(row: Row[Any], working_days: int, tongue: Tongue) -> list[object]:
    reason = _reasons().get(row.reason_code)
    due = deadline(WorkKind(row.kind), clock.day_of(row.opened_at), working_days)
    return [
        row.number,
        row.student_name,
        row.class_name,
        row.number_tail,
        show_yuan(row.amount_fen),
        row.reason if reason is None else reason.said(tongue),
        to_bring(row.reason_code).said(tongue),
        due,
        _PROGRESS[row.progress].said(tongue),
    ]


@cache
def _reasons() -> Mapping[str, Words]:
    """What each reason code means; every format that lists one means the same by it."""
    return {
        reason.code: Words(reason.zh, reason.en)
        for fmt in formats().values()
        for reason in fmt.returned.reason
    }


class Known(NamedTuple):
    """What the office knows of a payout that a sheet names; the name only of who is in sight."""

    student_id: UUID | None
    student_name: str | None
    open: bool


@dataclass(frozen=True)
class Filled:
    """One row in which something was filled in: where it stands, and what it says by column.

    `unread` are the cells that could not be read.
    """

    sheet: str
    row: int
    letters: Mapping[str, str]
    said: Mapping[str, Any]
    unread: Mapping[str, Fault]

    def placed(self, column: str, fault: Fault) -> Fault:
        """A fault of one of the row's cells, at the sheet's own address."""
        letter = self.letters.get(column, "")
        where = f"{letter}{self.row}" if letter else f"row {self.row}"
        more: dict[str, object] = {"sheet": self.sheet, "row": self.row, "column": letter}
        return Fault(fault.code, fault.zh, fault.en, where, more)


def read(tables: Tables) -> tuple[list[Filled], int]:
    """The rows that were filled in, and how many were left empty."""
    rows = [row for table in tables.tables for row in _rows(table)]
    return rows, tables.frame.height - len(rows)


def _rows(table: Table) -> Iterator[Filled]:
    unread: dict[int, dict[str, Fault]] = {}
    for cell in table.faults:
        unread.setdefault(cell.row, {})[cell.column] = Fault(cell.code, cell.zh, cell.en)
    for said in table.frame.iter_rows(named=True):
        wrong = unread.get(said["row"], {})
        if wrong or any(said[field] is not None for field in FILLED):
            yield Filled(table.sheet, said["row"], table.letters, said, wrong)


def account_of(row: Filled, known: Known | None) -> tuple[NewAccount | None, list[Fault]]:
    """The account that a row says, or everything that is wrong with the row."""
    given, unclear = _spoken(row)
    wrong = {**_payee_faults(row, known), **unclear, **row.unread}
    for fault in account_faults(given):
        wrong.setdefault(fault.where.rpartition("/")[2], fault)
    try:
        asked: AccountIn | None = AccountIn.model_validate(given)
    except ValidationError as refused:
        asked = None
        for fault in problems.from_validation(refused.errors()).faults:
            wrong.setdefault(fault.where.rpartition("/")[2], fault)
    if asked is None or wrong:
        return None, [row.placed(name, wrong[name]) for name in _ORDER if name in wrong]
    return NewAccount(**dict(asked)), []


def _payee_faults(row: Filled, known: Known | None) -> dict[str, Fault]:
    if known is None:
        zh = "没有这笔发放，或不在您的管理范围内；请使用下载的表，不要改动发放编号"
        en = "there is no such payout within your sight; use the sheet as downloaded"
        return {"payout": Fault("payout_unknown", zh, en)}
    if known.student_id is None:
        zh, en = "收款人是学校，请更正学校账户", "the school is the payee; correct its account"
        return {"payout": Fault("payout_to_school", zh, en)}
    if known.student_name is None:
        zh = "该学生已转出，请由现就读学校或县区更正账户"
        en = "the student has moved; the new school or the county corrects the account"
        return {"name": Fault("student_elsewhere", zh, en)}
    if launder_text(known.student_name) != row.said["name"]:
        zh = "姓名与该发放编号的学生不符；请勿只对部分列排序，姓名有误请先更正学生信息"
        en = "this is not the payout's student; do not sort some columns alone"
        return {"name": Fault("payee_differs", zh, en)}
    return {}


def _spoken(row: Filled) -> tuple[dict[str, Any], dict[str, Fault]]:
    """What is filled in, with words turned into values, and the words that nobody knows."""
    given = {field: row.said[field] for field in FILLED if row.said[field] is not None}
    unclear: dict[str, Fault] = {}
    for field, meant in _WORDS.items():
        if field not in given:
            continue
        word = header_key(given.pop(field))
        for value, words in meant.items():
            if word in map(header_key, words):
                given[field] = value
        if field not in given:
            usual = "、".join(words[0] for words in meant.values())
            zh, en = f"不认识；应填：{usual}", f"is not known; write one of {usual}"
            unclear[field] = Fault("word_unknown", zh, en)
    return given, unclear

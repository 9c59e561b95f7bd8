"""The statistics form as a workbook: the form, bridge, checks, fund lines, rates."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from app.core.money import show_yuan
from app.core.tongues import Tongue
from app.policy.facts import Words
from app.reports import statistics_words as words
from app.reports.statistics import BLOCKS, Form, Row, show_wan, show_wan_of
from app.reports.statistics_bridge import STEPS
from app.reports.statistics_checks import ROWS, Found, Rounding, check, roundings, suspects
from app.sheets.text_page import guard

SHEETS = {
    "form": Words("统计表", "Form"),
    "bridge": Words("衔接", "Bridge"),
    "checks": Words("校验", "Checks"),
    "funds": Words("指标", "Fund lines"),
    "rates": Words("标准", "Rates"),
}
CITY = Words("全市", "the whole city")
IN_BLOCK = (
    "allocated", "paid", "people", "group1_people", "group1_amount", "group2_people",
    "group2_amount",
)  # fmt: skip
FIGURES: tuple[str, ...] = (
    *(f"{block}.{name}" for block in BLOCKS for name in IN_BLOCK),
    *words.REPEATED,
    *words.OWED,
)
"""The figures of a row in the order of the form's columns, from the third on."""

WAN, YUAN, NOTES = Words("万元", "万元"), Words("元", "yuan"), Words("说明", "Notes")
OWED_YUAN = Words("其中应收回（元）", "owed back of it (yuan)")
FAILED = Words("以下单元格未通过校验", "These cells do not hold")
HOLDS = Words("全部校验通过", "Everything holds")
LOOK_FIRST = Words("建议先核对：", "Look first at: ")
CHECK_HEADS = (
    Words("位置", "Where"),
    Words("单元格", "Cell"),
    Words("代码", "Code"),
    Words("校验", "Check"),
    Words("应为", "Should be"),
    Words("现为", "Is"),
)
FUND_HEADS = (
    Words("指标明细", "Fund line"),
    Words("预算年度", "Fiscal year"),
    Words("资助项目", "Programme"),
    Words("资金来源", "Source"),
    Words("持有单位", "Holder"),
    Words("下达", "Appropriated"),
    Words("已落实", "Committed"),
    Words("可用", "Available"),
    Words("已发放", "Paid"),
    Words("应收回", "Owed back"),
    Words("结转", "Carries over"),
)
RATE_HEADS = (
    words.STAGE,
    words.PROGRAMME,
    Words("政策版本", "Policy version"),
    Words("学期", "Term"),
    words.SUPPLEMENT,
    Words("标准（元）", "Rate (yuan)"),
    Words("人数", "People"),
    Words("笔数", "Payments"),
    Words("金额", "Amount"),
)

FIRST = 2  # columns before the figures
HEAD_ROWS = 2
TOP = 3 + HEAD_ROWS  # title, place and unit, year; then the heads
_RED, _GREY = "#F8CBAD", "#EDEDED"


@dataclass(frozen=True)
class Heading:
    """What stands above the form: the place (None is the city), the day, the language."""

    place: str | None
    as_of: date
    tongue: Tongue


class _Book:
    """A workbook being written: its formats, and the cells that failed checks mark."""

    def __init__(self, out: io.BytesIO, tongue: Tongue, found: Sequence[Found]) -> None:
        self.book = Workbook(out, {"in_memory": True, "strings_to_formulas": False})
        self.tongue = tongue
        self.found: dict[str, list[Found]] = {}
        for each in found:
            self.found.setdefault(each.cell, []).append(each)
        self.at: dict[str, str] = {}
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}

    def page(self, name: str) -> Any:
        """A new sheet."""
        return self.book.add_worksheet(SHEETS[name].said(self.tongue))

    def style(self, **wanted: object) -> Any:
        """A format, made once."""
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format({"valign": "vcenter", **wanted})
        return self._formats[key]

    def say(self, words_: Words) -> str:
        """Words in the workbook's language, safe for a cell."""
        return guard(words_.said(self.tongue))

    def put(
        self, page: Any, place: tuple[int, int], value: Decimal | int, *, cell: str, **style: object
    ) -> None:
        """A number in the cell of that name; marked, with what is wrong, when a check failed."""
        self.at[cell] = f"{page.get_name()}!{xl_rowcol_to_cell(*place)}"
        wrong = self.found.get(cell, [])
        if wrong:
            style["bg_color"] = _RED
            page.write_comment(*place, "\n".join(map(self.told, wrong)))
        form = "0.0000" if isinstance(value, Decimal) else "0"
        page.write_number(*place, value, self.style(border=1, **{"num_format": form, **style}))

    def told(self, each: Found) -> str:
        """A failed check in one line."""
        should, has = each.show(each.expected), each.show(each.found)
        if self.tongue == "en":
            return f"{each.says.en}: should be {should}, is {has}"
        return f"{each.says.zh}：应为 {should}，现为 {has}"


def write_form(form: Form, heading: Heading) -> bytes:
    """The form as .xlsx. Amounts on the form and bridge are 万元 numbers with four decimals."""
    out = io.BytesIO()
    found = check(form)
    book = _Book(out, heading.tongue, found)
    differences = roundings(form)
    _write_form(book, form, heading, differences)
    _write_bridge(book, form)
    checks = book.page("checks")
    _write_funds(book, form)
    _write_rates(book, form)
    # Last, for it tells where the other sheets' cells stand.
    _write_checks(book, checks, form, differences)
    book.book.close()
    return out.getvalue()


def _write_form(book: _Book, form: Form, heading: Heading, differences: Sequence[Rounding]) -> None:
    page = book.page("form")
    _write_heads(book, page, form, heading)
    page.freeze_panes(TOP, FIRST)
    page.set_column(0, 0, 14)
    page.set_column(1, 1, 34)
    page.set_column(FIRST, FIRST + len(FIGURES) - 1, 13)
    down = {each.cell: each for each in differences if each.says is ROWS}
    at = TOP
    for row in form.in_order():
        _write_row(book, page, at, row)
        lacking = {figure: down[row.cell(figure)] for figure in FIGURES if row.cell(figure) in down}
        if lacking:
            at += 1
            _write_rounding(book, page, at, lacking)
        at += 1
    _write_notes(book, page, at + 1)


def _write_heads(book: _Book, page: Any, form: Form, heading: Heading) -> None:
    last = FIRST + len(FIGURES) - 1
    title = book.style(bold=True, font_size=16, align="center")
    place = Words(heading.place, heading.place) if heading.place else CITY
    day = heading.as_of.isoformat()
    page.merge_range(0, 0, 0, last, book.say(words.TITLE), title)
    page.merge_range(1, 0, 1, FIRST + 6, book.say(place), book.style())
    page.merge_range(1, FIRST + 7, 1, last, book.say(words.UNIT), book.style(align="right"))
    page.merge_range(2, 0, 2, FIRST + 6, book.say(words.years_name(form.years)), book.style())
    as_of = Words(f"截至 {day}", f"as of {day}")
    page.merge_range(2, FIRST + 7, 2, last, book.say(as_of), book.style(align="right"))
    head = book.style(bold=True, border=1, align="center", text_wrap=True, bg_color=_GREY)
    for column, name in enumerate((words.STAGE, words.PROGRAMME)):
        page.merge_range(3, column, 4, column, book.say(name), head)
    for place_, block in enumerate(BLOCKS):
        start = FIRST + place_ * len(IN_BLOCK)
        end = start + len(IN_BLOCK) - 1
        page.merge_range(3, start, 3, end, book.say(words.HEADS[block]), head)
    start = FIRST + len(BLOCKS) * len(IN_BLOCK)
    owed = last - len(words.OWED) + 1
    page.merge_range(3, start, 3, owed - 1, book.say(words.HEADS["repeats"]), head)
    page.merge_range(3, owed, 3, last, book.say(words.HEADS["owed_back"]), head)
    for column, figure in enumerate(FIGURES, start=FIRST):
        term, label = words.HEADS[figure.split(".")[0]], words.COLUMNS[figure.split(".")[1]]
        if figure in words.REPEATED or figure in words.OWED:
            label = Words(f"{term.zh}{label.zh}", f"{term.en}: {label.en}")
        page.write_string(4, column, book.say(label), head)


def _write_row(book: _Book, page: Any, at: int, row: Row) -> None:
    bold = row.programme is None
    text = book.style(border=1, bold=bold)
    page.write_string(at, 0, book.say(words.stage_name(row.stage)), text)
    page.write_string(at, 1, book.say(words.row_name(row)), text)
    for column, figure in enumerate(FIGURES, start=FIRST):
        value = row.figures[figure]
        shown = Decimal(show_wan(value)) if words.is_money(figure) else value
        book.put(page, (at, column), shown, cell=row.cell(figure), bold=bold)


def _write_rounding(book: _Book, page: Any, at: int, lacking: Mapping[str, Rounding]) -> None:
    text = book.style(border=1, italic=True)
    page.write_string(at, 0, "", text)
    page.write_string(at, 1, book.say(words.ROUNDING), text)
    for column, figure in enumerate(FIGURES, start=FIRST):
        if figure in lacking:
            difference = show_wan_of(lacking[figure].difference_yuan)
            page.write_number(
                at,
                column,
                Decimal(difference),
                book.style(border=1, italic=True, num_format="0.0000"),
            )
        else:
            page.write_blank(at, column, None, text)


def _write_notes(book: _Book, page: Any, at: int) -> None:
    style = book.style(text_wrap=True, valign="top")
    page.write_string(at, 0, book.say(NOTES), book.style(bold=True))
    last = FIRST + len(FIGURES) - 1
    for number, note in enumerate(words.NOTES, start=1):
        line = Words(f"{number}. {note.zh}", f"{number}. {note.en}")
        page.merge_range(at + number, 0, at + number, last, book.say(line), style)


def _write_bridge(book: _Book, form: Form) -> None:
    page = book.page("bridge")
    page.set_column(0, 0, 70)
    page.set_column(1, 3, 18)
    head = book.style(bold=True, border=1, bg_color=_GREY)
    bridge = form.bridge
    title = Words(
        f"{bridge.school_year}学年 → {bridge.year}年（自然年度）",
        f"School year {bridge.school_year} → calendar year {bridge.year}",
    )
    for column, name in enumerate((title, WAN, YUAN, OWED_YUAN)):
        page.write_string(0, column, book.say(name), head)
    at = 1
    for line in bridge.lines:
        page.write_string(at, 0, book.say(STEPS[line.step]), book.style(border=1, bold=True))
        book.put(page, (at, 1), Decimal(show_wan(line.amount_fen)), cell=line.cell, bold=True)
        yuan = book.style(border=1, align="right")
        page.write_string(at, 2, show_yuan(line.amount_fen), yuan)
        page.write_string(at, 3, show_yuan(line.owed_fen), yuan)
        for part in line.parts:
            at += 1
            page.write_string(at, 0, book.say(words.part_name(part)), book.style(indent=2))
            fen = part.amount_fen
            page.write_number(at, 1, Decimal(show_wan(fen)), book.style(num_format="0.0000"))
            page.write_string(at, 2, show_yuan(fen), book.style(align="right"))
            page.write_string(at, 3, show_yuan(part.owed_fen), book.style(align="right"))
        at += 1


def _write_checks(book: _Book, page: Any, form: Form, differences: Sequence[Rounding]) -> None:
    page.set_column(0, 3, 30)
    page.set_column(4, 5, 16)
    head = book.style(bold=True, border=1, bg_color=_GREY)
    failed = [each for found in book.found.values() for each in found]
    at = 0
    page.write_string(at, 0, book.say(FAILED if failed else HOLDS), book.style(bold=True))
    for column, name in enumerate(CHECK_HEADS):
        page.write_string(at + 1, column, book.say(name), head)
    at += 2
    for each in failed:
        cells = (
            book.at.get(each.cell, ""),
            book.say(words.cell_name(form, each.cell)),
            each.cell,
            book.say(each.says),
            each.show(each.expected),
            each.show(each.found),
        )
        for column, value in enumerate(cells):
            page.write_string(at, column, guard(value), book.style(bg_color=_RED))
        at += 1
    look = suspects(failed)
    if look:
        page.write_string(at, 0, book.say(LOOK_FIRST) + "; ".join(look), book.style())
        at += 1
    at += 1
    page.write_string(at, 0, book.say(words.ROUNDING), book.style(bold=True))
    for number, lacking in enumerate(differences, start=1):
        told = (
            book.at.get(lacking.cell, ""),
            book.say(words.cell_name(form, lacking.cell)),
            lacking.cell,
            book.say(lacking.says),
            show_wan_of(lacking.parts_yuan),
            show_wan_of(lacking.shown_yuan),
        )
        for column, value in enumerate(told):
            page.write_string(at + number, column, guard(value), book.style())


def _write_funds(book: _Book, form: Form) -> None:
    page = book.page("funds")
    page.set_column(0, 0, 44)
    page.set_column(1, 4, 18)
    page.set_column(5, 10, 14)
    head = book.style(bold=True, border=1, bg_color=_GREY)
    for column, name in enumerate(FUND_HEADS):
        page.write_string(0, column, book.say(name), head)
    for at, line in enumerate(form.funds, start=1):
        programme = words.programme_name(line.programme).said(book.tongue)
        named = (line.code, str(line.fiscal_year), programme, line.source, line.holder)
        for column, text in enumerate(named):
            page.write_string(at, column, guard(text), book.style(border=1))
        amounts = {
            "appropriated": line.appropriated_fen,
            "committed": line.committed_fen,
            "available": line.available_fen,
            "paid": line.paid_fen,
            "owed_back": line.owed_back_fen,
            "carried_over": line.carried_fen,
        }
        for column, (what, fen) in enumerate(amounts.items(), start=len(named)):
            cell = f"funds/{line.code}/{what}"
            book.put(page, (at, column), Decimal(show_wan(fen)), cell=cell)


def _write_rates(book: _Book, form: Form) -> None:
    page = book.page("rates")
    page.set_column(0, 0, 14)
    page.set_column(1, 1, 34)
    page.set_column(2, len(RATE_HEADS) - 1, 14)
    head = book.style(bold=True, border=1, bg_color=_GREY)
    for column, name in enumerate(RATE_HEADS):
        page.write_string(0, column, book.say(name), head)
    text = book.style(border=1)
    for at, rate in enumerate(form.rates, start=1):
        named = (
            book.say(words.stage_name(rate.stage)),
            book.say(words.programme_name(rate.programme)),
            guard(rate.version),
            rate.term,
            book.say(words.SUPPLEMENT) if rate.supplement else "",
        )
        for column, value in enumerate(named):
            page.write_string(at, column, value, text)
        column = len(named)
        page.write_string(at, column, show_yuan(rate.rate_fen), text)
        page.write_number(at, column + 1, rate.people, text)
        page.write_number(at, column + 2, rate.payments, text)
        amount = Decimal(show_wan(rate.amount_fen))
        book.put(page, (at, column + 3), amount, cell=rate.cell)

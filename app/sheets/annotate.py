"""Gives sheets back: the school's own with the outcome of every row, and downloads.

Every cell is text: a number would lose the last digits of a card. Text that a spreadsheet could
take for a formula gets a leading apostrophe, negative numbers too; laundering takes it off again,
so a downloaded sheet uploaded unchanged differs in nothing.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from xlsxwriter import Workbook as Writer
from xlsxwriter.format import Format

from app.sheets.headers import RESULT_HEADER, header_key
from app.sheets.launder import is_number, plain
from app.sheets.tables import Table, Tables, fill_down
from app.sheets.text_page import TextPage, guard
from app.sheets.workbook import Cell, Sheet, Workbook, column_place

_NAME_MAX = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_ROWS_MAX = 1_048_576
# From here on Excel has rounded a number; written out whole it would look like a sound id.
_ROUNDED_FROM = 10**15
_LONG_FROM = 10**9
_RED, _YELLOW, _GREEN = "#F8CBAD", "#FFE699", "#C6E0B4"

Outcome = Literal["good", "waiting", "bad"]


@dataclass(frozen=True)
class RowNote:
    """What became of one row: the words for the last column and the letters of its bad cells."""

    reason: str
    outcome: Outcome = "good"
    bad_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Formats:
    text: Format
    bad_cell: Format
    outcomes: Mapping[str, Format]


def annotate(workbook: Workbook, tables: Tables, notes: Mapping[tuple[str, int], RowNote]) -> bytes:
    """The workbook as .xlsx at the same addresses, with 处理结果 as last column of each table.

    `notes` are by (sheet, row). Merged cells are written out in each row. The reply reads the same
    as the upload: the added column is ignored, an earlier one is overwritten.
    """
    out = io.BytesIO()
    with _writer(out) as writer:
        formats = _formats(writer)
        by_sheet = {table.sheet: table for table in tables.tables}
        pages = []
        for sheet, name in zip(workbook.sheets, _page_names(workbook), strict=True):
            page = writer.add_worksheet(name, worksheet_class=TextPage)
            _write_page(page, sheet, by_sheet.get(sheet.name), notes, formats)
            pages.append(page)
        _hide(workbook, pages)
    return out.getvalue()


def _writer(out: io.BytesIO) -> Writer:
    return Writer(out, {"constant_memory": True, "strings_to_formulas": False})


def _formats(writer: Writer) -> _Formats:
    def filled(colour: str) -> Format:
        return writer.add_format({"num_format": "@", "bg_color": colour})

    return _Formats(
        text=writer.add_format({"num_format": "@"}),
        bad_cell=filled(_RED),
        outcomes={"good": filled(_GREEN), "waiting": filled(_YELLOW), "bad": filled(_RED)},
    )


def _page_names(workbook: Workbook) -> list[str]:
    # A CSV is named after its file, which may hold what a sheet's name may not.
    names: list[str] = []
    for number, sheet in enumerate(workbook.sheets, start=1):
        name = _NOT_IN_NAMES.sub("_", sheet.name).strip("' ")[:_NAME_MAX].rstrip("' ")
        taken = {other.lower() for other in names}
        usable = name and name.lower() not in taken and name.lower() != "history"
        names.append(name if usable else f"Sheet-{number}")
    return names


def _hide(workbook: Workbook, pages: Sequence[TextPage]) -> None:
    # Excel opens on the active sheet, so one that is seen must be it; if none is, all are shown.
    seen = [page for page, sheet in zip(pages, workbook.sheets, strict=True) if not sheet.hidden]
    if not seen:
        return
    seen[0].activate()
    seen[0].set_first_sheet()
    for page, sheet in zip(pages, workbook.sheets, strict=True):
        if sheet.hidden:
            page.hide()


def _write_page(
    page: TextPage,
    sheet: Sheet,
    table: Table | None,
    notes: Mapping[tuple[str, int], RowNote],
    formats: _Formats,
) -> None:
    rows = fill_down(sheet)
    result = _result_place(rows, table)
    header = table.header_row if table else 0
    for number, row in enumerate(rows, start=1):
        note = notes.get((sheet.name, number))
        texts = [cell if isinstance(cell, str) else _cell_text(cell) for cell in row]
        marked: dict[int, Format] = {}
        if note and note.bad_columns:
            for place in (column_place(letters) - 1 for letters in note.bad_columns):
                texts += [""] * (place + 1 - len(texts))
                texts[place] = _cell_text(row[place] if place < len(row) else "", marked=True)
                marked[place] = formats.bad_cell
        if table and number >= header:
            texts += [""] * (result + 1 - len(texts))
            texts[result] = ""
            marked.pop(result, None)
        if number == header:
            texts[result] = RESULT_HEADER
        elif note:
            texts[result] = note.reason
            marked[result] = formats.outcomes[note.outcome]
        page.put(number - 1, texts, formats.text, marked)


def _result_place(rows: Sequence[Sequence[Cell]], table: Table | None) -> int:
    if table is not None:
        for place, cell in enumerate(rows[table.header_row - 1]):
            if isinstance(cell, str) and header_key(cell) == RESULT_HEADER:
                return place
    return max(map(len, rows), default=0)


def _cell_text(cell: Cell, *, marked: bool = False) -> str:
    shown = plain(cell)
    whole = shown.split(".")[0].lstrip("-")
    if is_number(cell) and whole.isdigit():
        size = int(whole)
        if size >= _ROUNDED_FROM or (marked and size >= _LONG_FROM):
            return f"{Decimal(shown).normalize():E}"
    return shown


def _shown(value: object) -> str:
    """A value of a download as text. Amounts come as text already: `show_yuan`."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Page:
    """One sheet of a download; its name is one that a workbook takes, and no other page's."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[object]]


def write_sheet(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, sheet: str = "Sheet1"
) -> bytes:
    """A download as .xlsx, every cell text. Raises ValueError beyond what one sheet holds."""
    return write_pages([Page(sheet, columns, rows)])


def write_pages(pages: Iterable[Page]) -> bytes:
    """A download of several sheets, every cell text. Raises ValueError as `write_sheet` does."""
    out = io.BytesIO()
    with _writer(out) as writer:
        style = writer.add_format({"num_format": "@"})
        for page in pages:
            _fill_page(writer.add_worksheet(page.name, worksheet_class=TextPage), page, style)
    return out.getvalue()


def _fill_page(sheet: TextPage, page: Page, style: Format) -> None:
    sheet.put(0, page.columns, style, {})
    for at, row in enumerate(page.rows, start=1):
        if at >= _ROWS_MAX:
            raise ValueError(f"a sheet holds {_ROWS_MAX - 1} rows below its header")
        sheet.put(at, [_shown(value) for value in row], style, {})


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A download as CSV: UTF-8 with a mark so that Excel reads it, every cell quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([guard(name) for name in columns])
    writer.writerows([guard(_shown(value)) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")

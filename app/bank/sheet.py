"""Rows of a workbook of one sheet, every cell text: a number would lose the end of an account."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from xlsxwriter import Workbook as Writer

from app.bank.errors import ReturnFileBroken
from app.core.errors import Fault
from app.sheets.limits import Limits
from app.sheets.workbook import Sheet, column_letter, open_workbook

NAME = "Sheet1"
# Whoever makes the file, and when, is no part of it: the same lines are the same bytes.
_MADE = datetime(2008, 1, 1, tzinfo=UTC)
_COLUMNS_MAX = 40
_ROWS_AROUND = 3  # a header, a head and a trailer


def write(rows: Iterable[Sequence[str]]) -> bytes:
    """The workbook of these rows; the same rows always give the same bytes."""
    out = io.BytesIO()
    with Writer(out, {"in_memory": True}) as writer:
        writer.set_properties({"created": _MADE})
        style = writer.add_format({"num_format": "@"})
        page = writer.add_worksheet(NAME)
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                page.write_string(at, place, cell, style)
    return out.getvalue()


def read(data: bytes, *, rows_max: int) -> list[tuple[str, ...]]:
    """The rows of the one sheet that has any, at their own numbers.

    Raises what `open_workbook` raises, and ReturnFileBroken for a second sheet, a formula, or a
    cell that is not text.
    """
    # One row more is read than there may be, so that a file too long is named as such.
    limits = Limits(max_columns=_COLUMNS_MAX, max_rows=rows_max + _ROWS_AROUND + 1)
    book = open_workbook(data, f"{NAME}.xlsx", limits=limits)
    filled = [sheet for sheet in book.sheets if any(any(row) for row in sheet.rows)]
    faults = _cells_not_text(filled[0])
    if len(filled) > 1:
        named = ", ".join(sheet.name for sheet in filled)
        zh, en = f"有多张工作表有内容：{named}", f"several sheets are filled: {named}"
        faults.append(Fault("sheets_several", zh, en, named))
    if faults:
        raise ReturnFileBroken(
            f"回盘文件有 {len(faults)} 处错误，整份未接收。请银行以文本单元格重发。",
            f"The return file has {len(faults)} faults, so nothing of it was taken. "
            "Ask the bank for it anew with every cell as text.",
            faults=faults,
        )
    return [tuple(str(cell) for cell in row) for row in filled[0].rows]


def split(row: Sequence[str], *, columns: int) -> list[str] | None:
    """The cells of one row, or None when it has not this many; cells beyond must be blank."""
    cells = list(row[:columns])
    if any(row[columns:]) or not any(cells):
        return None
    return cells + [""] * (columns - len(cells))


def _cells_not_text(sheet: Sheet) -> list[Fault]:
    computed = [cell for cells in sheet.formulas.values() for cell in cells]
    numbers = [
        f"{column_letter(place)}{at}"
        for at, row in enumerate(sheet.rows, start=1)
        for place, cell in enumerate(row, start=1)
        if not isinstance(cell, str)
    ]
    return [
        *(
            Fault("cell_formula", f"单元格 {one} 是公式", f"cell {one} is a formula", one)
            for one in computed
        ),
        *(
            Fault("cell_not_text", f"单元格 {one} 不是文本", f"cell {one} is not text", one)
            for one in numbers
        ),
    ]

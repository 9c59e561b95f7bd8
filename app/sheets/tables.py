"""Finds the table in a sheet, wherever its header stands, and launders it into a typed frame."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import polars as pl

from app.sheets.errors import SheetFormula, SheetHeader
from app.sheets.headers import RESULT_HEADER, Header, find_header, header_key
from app.sheets.launder import (
    LAUNDERERS,
    CellFault,
    ColumnKind,
    Laundered,
    plain,
)
from app.sheets.launder import text as launder_text
from app.sheets.workbook import Cell, Merge, Sheet, Workbook, column_letter

_TOTALS = re.compile(r"(本页|本班|本校|本表|全校|全班|全县|全区)?(合计|小计|总计|共计|累计)[:：]?")
_FOOTER = re.compile(r"(填表人|制表人|审核人|负责人|经办人|填报人|校长|说明|注)[:：].*", re.DOTALL)
_TYPES: dict[ColumnKind, pl.DataType] = {
    "text": pl.String(),
    "identity": pl.String(),
    "card": pl.String(),
    "integer": pl.Int64(),
    "money": pl.Int64(),
    "yes_no": pl.Boolean(),
    "grade": pl.Int64(),
    "date": pl.Date(),
}
_SHOWN = 20


@dataclass(frozen=True)
class Column:
    """One column a feature wants: its own name and every heading that schools give it.

    `fault` replaces the code of an unclear cell, so that the feature's word for it is reported.
    """

    name: str
    synonyms: tuple[str, ...]
    required: bool = False
    kind: ColumnKind = "text"
    fault: str = ""


@dataclass(frozen=True)
class FaultyCell:
    """One cell that could not be laundered, at the sheet's own address."""

    sheet: str
    row: int
    column: str
    address: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class PassedOver:
    """A row that is no case: `why` is blank, totals, header or footer."""

    row: int
    why: str


Laundering = tuple[pl.DataFrame, tuple[FaultyCell, ...]]


@dataclass(frozen=True)
class Table:
    """The laundered table of one sheet.

    `rows` are the numbers of the rows that are cases; `letters` gives a column's letter in the
    sheet. The cells are laundered when they are first asked for: a door that only wants to know
    what a sheet is does not wait for that.
    """

    sheet: str
    header_row: int
    titles: tuple[str, ...]
    letters: Mapping[str, str]
    unused_columns: Mapping[str, str]
    rows: Sequence[int]
    passed_over: tuple[PassedOver, ...]
    hidden: bool
    hidden_rows: tuple[int, ...]
    cells: Callable[[], Laundering] = field(repr=False)

    @cached_property
    def _laundered(self) -> Laundering:
        return self.cells()

    @property
    def frame(self) -> pl.DataFrame:
        """`sheet`, `row` and one typed column per wanted Column; money is fen.

        Null where the cell is blank, faulty or the column absent.
        """
        return self._laundered[0]

    @property
    def faults(self) -> tuple[FaultyCell, ...]:
        """The faulty cells, in the rows' order."""
        return self._laundered[1]


@dataclass(frozen=True)
class Tables:
    """All tables of a workbook; `without_table` names the sheets in which none was found."""

    tables: tuple[Table, ...]
    without_table: tuple[str, ...]

    @property
    def height(self) -> int:
        """How many rows the tables have, no cell laundered for it."""
        return sum(len(table.rows) for table in self.tables)

    @property
    def frame(self) -> pl.DataFrame:
        """The tables' rows one after the other, told apart by `sheet` and `row`."""
        return pl.concat([table.frame for table in self.tables])

    @property
    def faults(self) -> tuple[FaultyCell, ...]:
        """The faulty cells of all tables."""
        return tuple(fault for table in self.tables for fault in table.faults)


def find_tables(workbook: Workbook, columns: Sequence[Column]) -> Tables:
    """The table of every sheet; sheets in which no heading is known at all are only named.

    Raises SheetHeader when a sheet's header lacks required columns, or no sheet has a header;
    SheetFormula with the addresses of every sheet when rows to be taken in hold formulas.
    """
    tables: list[Table] = []
    computed: list[str] = []
    without: list[str] = []
    first_refusal: SheetHeader | None = None
    for sheet in workbook.sheets:
        try:
            table = _read_table(sheet, columns)
            tables.append(table)
            computed += _computed(sheet, table)
        except SheetHeader as refusal:
            if refusal.facts.get("matched"):
                raise
            first_refusal = first_refusal or refusal
            without.append(sheet.name)
    if not tables and first_refusal is not None:
        raise first_refusal
    _refuse_formulas(computed)
    return Tables(tuple(tables), tuple(without))


def find_table(sheet: Sheet, columns: Sequence[Column]) -> Table:
    """The table of one sheet. Raises SheetHeader as `app.sheets.headers.find_header` says, and
    SheetFormula when rows to be taken in hold formulas: totals and other passed-over rows may.
    """
    table = _read_table(sheet, columns)
    _refuse_formulas(_computed(sheet, table))
    return table


def _computed(sheet: Sheet, table: Table) -> list[str]:
    passed = {one.row for one in table.passed_over}
    return [
        f"{sheet.name}!{cell}"
        for row, cells in sheet.formulas.items()
        if row not in passed
        for cell in cells
    ]


def _refuse_formulas(cells: list[str]) -> None:
    if not cells:
        return
    shown = cells[:_SHOWN]
    raise SheetFormula(
        f"有 {len(cells)} 个单元格是公式：{'、'.join(shown)}；"
        "请选中后「复制—选择性粘贴—数值」再上传",
        f"{len(cells)} cells hold formulas: {', '.join(shown)}; "
        "copy and paste them as values, then upload again",
        facts={"cells": shown, "count": len(cells)},
    )


def _read_table(sheet: Sheet, columns: Sequence[Column]) -> Table:
    rows = fill_down(sheet)
    header = find_header(sheet.name, rows, columns)
    kept, passed = _body(sheet, rows, header)
    body = set(kept)
    return Table(
        sheet=sheet.name,
        header_row=header.row,
        titles=_titles(sheet.rows[: header.row - 1]),
        letters={name: column_letter(place + 1) for name, place in header.places.items()},
        unused_columns={column_letter(at + 1): name for at, name in header.unused.items()},
        rows=kept,
        passed_over=tuple(passed),
        hidden=sheet.hidden,
        hidden_rows=tuple(sorted(sheet.hidden_rows & body)),
        cells=partial(
            _laundered, sheet.name, [rows[row - 1] for row in kept], kept, header, columns
        ),
    )


def _laundered(
    sheet: str,
    rows: Sequence[Sequence[Cell]],
    numbers: Sequence[int],
    header: Header,
    columns: Sequence[Column],
) -> Laundering:
    """The rows of a table as a typed frame, and the cells that could not be laundered."""
    faults: list[FaultyCell] = []
    series = [
        pl.Series("sheet", [sheet] * len(rows), dtype=pl.String()),
        pl.Series("row", numbers, dtype=pl.Int64()),
    ]
    for column in columns:
        place = header.places.get(column.name)
        values: list[Laundered] = [None] * len(rows)
        if place is not None:
            found = _launder([_cell(row, place) for row in rows], column, values)
            faults += [_locate(sheet, numbers[at], column, place, bad) for at, bad in found]
        series.append(pl.Series(column.name, values, dtype=_TYPES[column.kind]))
    faults.sort(key=lambda fault: fault.row)
    return pl.DataFrame(series), tuple(faults)


def fill_down(sheet: Sheet) -> Sequence[Sequence[Cell]]:
    """The sheet's rows with merged cells repeated downwards.

    Not across: a value belongs to its column. Rows blank or totals by their own cells stay so.
    """
    tall = [merge for merge in sheet.merges if merge.bottom > merge.top]
    if not tall:
        return sheet.rows
    rows = list(sheet.rows)
    for merge in tall:
        _fill(sheet, rows, merge)
    return rows


def _fill(sheet: Sheet, rows: list[Sequence[Cell]], merge: Merge) -> None:
    if merge.top > len(rows):
        return
    value = _cell(rows[merge.top - 1], merge.left - 1)
    for at in range(merge.top, min(merge.bottom, len(rows))):
        if value == "" or _why_passed(sheet.rows[at]):
            continue
        filled = list(rows[at])
        filled += [""] * (merge.left - len(filled))
        filled[merge.left - 1] = value
        rows[at] = filled


def _cell(row: Sequence[Cell], place: int) -> Cell:
    return row[place] if place < len(row) else ""


def _body(
    sheet: Sheet, rows: Sequence[Sequence[Cell]], header: Header
) -> tuple[list[int], list[PassedOver]]:
    kept: list[int] = []
    passed: list[PassedOver] = []
    for number in range(header.row + 1, len(rows) + 1):
        why = _why_passed(sheet.rows[number - 1])
        if not why and header.repeats_in(rows[number - 1]):
            why = "header"
        if why:
            passed.append(PassedOver(number, why))
        else:
            kept.append(number)
    return kept, passed


def _why_passed(row: Sequence[Cell]) -> str:
    for cell in row:
        if cell == "" or cell is None:
            continue
        if not isinstance(cell, str):
            return ""
        word = header_key(cell)
        if not word:
            continue
        if _TOTALS.fullmatch(word):
            return "totals"
        return "footer" if _FOOTER.match(cell.strip()) else ""
    return "blank"


def _titles(rows: Sequence[Sequence[Cell]]) -> tuple[str, ...]:
    words = [str(launder_text(cell)) for row in rows for cell in row if plain(cell).strip()]
    return tuple(dict.fromkeys(words))


def _launder(
    cells: Sequence[Cell], column: Column, values: list[Laundered]
) -> Iterator[tuple[int, CellFault]]:
    """Fills `values` and yields (place, fault); equal texts are laundered once."""
    launder = LAUNDERERS[column.kind]
    known: dict[str, Laundered | CellFault] = {"": None}
    for at, cell in enumerate(cells):
        value: Laundered | CellFault
        if isinstance(cell, str):
            value = known[cell] if cell in known else known.setdefault(cell, launder(cell))
        else:
            value = launder(cell)
        if isinstance(value, CellFault):
            yield at, value
        else:
            values[at] = value


_KEEP_CODE = frozenset({"control_character", "id_scientific", "card_scientific"})


def _locate(sheet: str, row: int, column: Column, place: int, fault: CellFault) -> FaultyCell:
    if column.fault and fault.code not in _KEEP_CODE:
        fault = replace(fault, code=column.fault)
    address = f"{column_letter(place + 1)}{row}"
    return FaultyCell(sheet, row, column.name, address, fault.code, fault.zh, fault.en)


__all__ = [
    "RESULT_HEADER",
    "Column",
    "FaultyCell",
    "PassedOver",
    "Table",
    "Tables",
    "fill_down",
    "find_table",
    "find_tables",
]

"""Which row is the header, and which of its cells is which wanted column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.sheets.errors import SheetHeader
from app.sheets.launder import plain

RESULT_HEADER = "处理结果"
_SEARCHED = 200
_ENOUGH = 2
_BRACKETED = re.compile(r"[(\[【〔][^()\[\]【】〔〕]*[)\]】〕]")
_NOISE = re.compile(r"[\s\u200b\ufeff'*:：]+")
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


class Wanted(Protocol):
    """The part of a Column that matters to a header."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def synonyms(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def required(self) -> bool: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Header:
    """The header's row (1-based), each column's place in it (0-based), and the unknown headings."""

    row: int
    places: Mapping[str, int]
    keys: Mapping[int, str]
    unused: Mapping[int, str]

    def repeats_in(self, row: Sequence[object]) -> bool:
        """Whether a later row is the header once more, as on each page of a long sheet."""
        same = 0
        for place in self.places.values():
            cell = row[place] if place < len(row) else ""
            if isinstance(cell, str) and cell and header_key(cell) == self.keys[place]:
                same += 1
            elif same == 0:
                return False
        return same * 2 > len(self.places)


def header_key(heading: str) -> str:
    """A heading without what varies: line breaks, spaces, width, brackets with a unit, stars."""
    folded = heading.translate(_FOLD)
    return _NOISE.sub("", _BRACKETED.sub("", folded)).lower()


def find_header(sheet: str, rows: Sequence[Sequence[object]], columns: Sequence[Wanted]) -> Header:
    """The row that holds most wanted headings, all required ones among them.

    Raises SheetHeader naming the missing columns and the nearest row seen (`matched` in its facts
    says how many headings that row had), a column named twice, or an amount in 万元.
    """
    names = {header_key(word): column.name for column in columns for word in column.synonyms}
    best_row, best = 0, 0
    needed = {column.name for column in columns if column.required}
    for number, row in enumerate(rows[:_SEARCHED], start=1):
        found = {names[key] for key in map(_key, row) if key in names}
        score = len(found) + (len(columns) if needed <= found else 0)
        if score > best:
            best_row, best = number, score
    header = _header(best_row, rows[best_row - 1] if best_row else [], names)
    _require(sheet, header, columns, rows)
    _refuse_twice(sheet, header, rows[best_row - 1], names)
    _refuse_unit(sheet, header, rows[best_row - 1], columns)
    return header


def _key(cell: object) -> str:
    return header_key(cell) if isinstance(cell, str) else ""


def _header(number: int, row: Sequence[object], names: Mapping[str, str]) -> Header:
    places: dict[str, int] = {}
    unused: dict[int, str] = {}
    for place, cell in enumerate(row):
        key = _key(cell)
        if key in names:
            places.setdefault(names[key], place)
        elif key and key != RESULT_HEADER:
            unused[place] = plain(cell).strip()
    keys = {place: _key(row[place]) for place in places.values()}
    return Header(number, places, keys, unused)


def _require(
    sheet: str,
    header: Header,
    columns: Sequence[Wanted],
    rows: Sequence[Sequence[object]],
) -> None:
    missing = [
        column.synonyms[0]
        for column in columns
        if column.required and column.name not in header.places
    ]
    matched = len(header.places)
    enough = min(_ENOUGH, len(columns))
    if not missing and matched >= enough:
        return
    row = rows[header.row - 1] if header.row else []
    seen = [plain(cell).strip() for cell in row if plain(cell).strip()]
    lacking = missing or [column.synonyms[0] for column in columns]
    near_zh = f"；最接近的是第 {header.row} 行：{'、'.join(seen)}" if seen else ""
    near_en = f"; the nearest is row {header.row}: {', '.join(seen)}" if seen else ""
    raise SheetHeader(
        f"工作表「{sheet}」的表头缺少列：{'、'.join(lacking)}{near_zh}。请补上这些列后上传",
        f"The header of sheet “{sheet}” lacks the columns {', '.join(lacking)}{near_en}. "
        "Add them and upload again",
        facts={
            "sheet": sheet,
            "missing": lacking,
            "header_row": header.row,
            "matched": matched if matched >= enough else 0,
        },
    )


def _refuse_twice(
    sheet: str, header: Header, row: Sequence[object], names: Mapping[str, str]
) -> None:
    for place, cell in enumerate(row):
        name = names.get(_key(cell))
        if name is None or header.places[name] == place:
            continue
        first, second = header.places[name] + 1, place + 1
        raise SheetHeader(
            f"工作表「{sheet}」第 {header.row} 行有两列是同一项：第 {first} 列"
            f"「{plain(row[first - 1])}」与第 {second} 列「{plain(cell)}」；请只留一列",
            f"Row {header.row} of sheet “{sheet}” has one item twice: column {first} "
            f"“{plain(row[first - 1])}” and column {second} “{plain(cell)}”; keep one",
            facts={"sheet": sheet, "column": name, "header_row": header.row, "matched": 2},
        )


def _refuse_unit(
    sheet: str, header: Header, row: Sequence[object], columns: Sequence[Wanted]
) -> None:
    for column in columns:
        place = header.places.get(column.name)
        if column.kind == "money" and place is not None and "万元" in plain(row[place]):
            raise SheetHeader(
                f"工作表「{sheet}」的「{plain(row[place])}」以万元为单位；请改为以元为单位",
                f"“{plain(row[place])}” of sheet “{sheet}” is in units of 10 000 yuan; "
                "write it in yuan",
                facts={"sheet": sheet, "column": column.name, "matched": 2},
            )

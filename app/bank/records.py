"""Head and trailer of a bank's file: what they say of the whole, written and read."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.bank.parts import Column, Part, check_fields
from app.core.money import FEN_MAX, parse_yuan, show_yuan

RecordField = Literal[
    "mark",
    "file_number",
    "count",
    "sum",
    "accounts",
    "paid_count",
    "paid_sum",
    "failed_count",
    "failed_sum",
    "file_code",
]
Sums = Literal["yuan-2", "fen-signed"]
Figures = Mapping[RecordField, int | str]
"""What a record says: counts, sums in fen, texts."""

OF_SUMS: frozenset[str] = frozenset({"sum", "paid_sum", "failed_sum"})
OF_COUNTS: frozenset[str] = frozenset({"count", "paid_count", "failed_count"})
OF_PAYMENTS: frozenset[str] = frozenset({"mark", "file_number", "count", "sum", "accounts"})
CLOSING: frozenset[str] = frozenset(
    {"count", "sum", "paid_count", "paid_sum", "failed_count", "failed_sum"}
)
"""What a reply that lists the failures alone must say, so that the rest is known to be paid."""

_SIGNED = re.compile(r"[+-][0-9]{1,15}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,7}", re.ASCII)


class RecordColumn(Column):
    """One column of a head or trailer."""

    field: RecordField

    @property
    def name(self) -> str:
        """What stands in the column."""
        return self.field


class Record(Part):
    """A head or trailer, told from the lines by its mark."""

    columns: Annotated[list[RecordColumn], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_fields([column.field for column in self.columns], {"mark"})
        return self

    @property
    def fields(self) -> frozenset[str]:
        """What the record says."""
        return frozenset(column.field for column in self.columns)


def record_cells(record: Record, sums: Sums, figures: Figures) -> list[str]:
    """The record's cells; what there is no figure for stays empty."""
    return [_cell(column, sums, figures.get(column.field, "")) for column in record.columns]


def read_record(
    record: Record, sums: Sums, cells: Sequence[str]
) -> tuple[dict[RecordField, int | str], list[RecordColumn]]:
    """What the cells say, and the columns that cannot be read."""
    said: dict[RecordField, int | str] = {}
    unread = []
    for column, cell in zip(record.columns, cells, strict=True):
        try:
            said[column.field] = _read(column, sums, cell)
        except ValueError:
            unread.append(column)
    return said, unread


def is_record(record: Record, cells: Sequence[str]) -> bool:
    """Whether the cells bear the record's mark."""
    return any(
        column.field == "mark" and column.text == cell
        for column, cell in zip(record.columns, cells, strict=True)
    )


def _cell(column: RecordColumn, sums: Sums, value: int | str) -> str:
    if column.field == "mark":
        return column.text or ""
    if column.field not in OF_SUMS or isinstance(value, str):
        return str(value)
    if sums == "yuan-2":
        return show_yuan(value)
    return f"{value:+0{column.width}d}" if column.width else f"{value:+d}"


def _read(column: RecordColumn, sums: Sums, cell: str) -> int | str:
    if column.field in OF_COUNTS:
        if not _COUNT.fullmatch(cell):
            raise ValueError(cell)
        return int(cell)
    if column.field not in OF_SUMS:
        return cell
    if sums == "yuan-2":
        fen = parse_yuan(cell)
    elif _SIGNED.fullmatch(cell):
        fen = int(cell)
    else:
        raise ValueError(cell)
    if not 0 <= fen <= FEN_MAX:
        raise ValueError(cell)
    return fen

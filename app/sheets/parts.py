"""A file taken in part by part: a CSV of any length is never held whole, a workbook is."""

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePath
from typing import BinaryIO

from app.sheets.delimited import stream_delimited
from app.sheets.limits import Limits
from app.sheets.tables import Column, Table, find_table, find_tables
from app.sheets.workbook import Sheet, Workbook, check_size, kind_of, open_workbook

HEAD = 1024 * 1024
CHUNK = 20_000


@dataclass(frozen=True)
class Part:
    """Some rows of a file. `rows_before` is what the table's row numbers lack of the file's own.

    `computed` are the rows in which something that is looked at is a formula.
    """

    table: Table
    rows_before: int = 0
    computed: Sequence[int] = ()


@dataclass(frozen=True)
class Taken:
    """What is read of a file: its columns, those that are looked at, and how large it may be.

    A workbook is held whole by its reader, which knows no other way; its limit is lower.
    """

    columns: Sequence[Column]
    used: Collection[str]
    csv: Limits
    workbook: Limits


def is_csv(file: BinaryIO, filename: str, taken: Taken) -> bool:
    """Whether a file is delimited text, told by its head and its name.

    Raises what `app.sheets.workbook.kind_of` refuses.
    """
    check_size(size_of(file), taken.csv)
    file.seek(0)
    head = file.read(HEAD)
    is_text = kind_of(head, filename, limits=taken.csv) == "csv"
    if not is_text:
        check_size(size_of(file), taken.workbook)
    return is_text


def size_of(file: BinaryIO) -> int:
    """How many bytes a file has."""
    return file.seek(0, io.SEEK_END)


def lines_of(file: BinaryIO) -> int:
    """How many lines a file of text has."""
    file.seek(0)
    return sum(piece.count(b"\n") for piece in iter(lambda: file.read(HEAD), b""))


def read_parts(file: BinaryIO, filename: str, taken: Taken, *, size: int = CHUNK) -> Iterator[Part]:
    """The file's tables in its order; of a CSV one each `size` rows, the header in the first.

    Raises what `app.sheets` refuses of a whole file: type, size, encoding, header.
    """
    if is_csv(file, filename, taken):
        yield from _streamed(file, PurePath(filename).stem, taken, size)
        return
    file.seek(0)
    workbook = open_workbook(file.read(), filename, limits=taken.workbook)
    plain = replace(workbook, sheets=tuple(replace(each, formulas={}) for each in workbook.sheets))
    for table in find_tables(plain, taken.columns).tables:
        yield Part(table, computed=_computed(workbook, table, taken.used))


def _streamed(file: BinaryIO, name: str, taken: Taken, size: int) -> Iterator[Part]:
    records = stream_delimited(file, taken.csv)
    head = list(islice(records, size))
    first = find_table(Sheet(name, head), taken.columns)
    yield Part(first)
    header = head[first.header_row - 1]
    before = len(head)
    del head, first
    while rows := list(islice(records, size)):
        # The header stands before each chunk's rows, as it does on each page of a long sheet.
        yield Part(find_table(Sheet(name, [header, *rows]), taken.columns), before - 1)
        before += len(rows)


def _computed(workbook: Workbook, table: Table, used: Collection[str]) -> list[int]:
    letters = {table.letters[name] for name in used if name in table.letters}
    sheet = next(each for each in workbook.sheets if each.name == table.sheet)
    return [
        row
        for row, cells in sheet.formulas.items()
        if any(cell.rstrip("0123456789") in letters for cell in cells)
    ]

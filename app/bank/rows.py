"""A bank's file as rows of cells, whatever the family of its format."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

from app.bank import delimited, fixed, sheet
from app.bank.errors import ReturnFileBroken
from app.bank.layout import DelimitedFormat, FixedFormat, RowFormat
from app.bank.parts import Column
from app.bank.text import ByteLines, check_size, text_lines
from app.core.errors import Fault

Row: TypeAlias = tuple[Sequence[Column], Sequence[str]]
Raw: TypeAlias = str | bytes | tuple[str, ...]
"""A row as its family reads it, not yet told apart into cells."""

_BETWEEN_CELLS = "\t"  # in the examples of a sheet


class _Raws(Protocol):
    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> Raw: ...


class Rows:
    """A file's rows with their numbers from 1, blank last ones left out.

    They may be a million: each is made when it is asked for.
    """

    def __init__(self, raws: _Raws) -> None:
        self._raws = raws
        self._begin, self._end = 0, len(raws)
        while len(self) and not _is_filled(raws[self._end - 1]):
            self._end -= 1

    def __len__(self) -> int:
        return self._end - self._begin

    def __iter__(self) -> Iterator[tuple[int, Raw]]:
        for place in range(self._begin, self._end):
            yield place + 1, self._raws[place]

    def take_first(self) -> tuple[int, Raw]:
        """The first row, which is one of the rows no longer."""
        self._begin += 1
        return self._begin, self._raws[self._begin - 1]

    def take_last(self) -> tuple[int, Raw]:
        """The last row, which is one of the rows no longer."""
        self._end -= 1
        return self._end + 1, self._raws[self._end]


def write_rows(fmt: RowFormat, rows: Iterable[Row]) -> bytes:
    """The file of these rows."""
    if isinstance(fmt, FixedFormat):
        return fixed.write(fmt, rows)
    cells = (row[1] for row in rows)
    return delimited.write(fmt, cells) if isinstance(fmt, DelimitedFormat) else sheet.write(cells)


def read_rows(fmt: RowFormat, data: bytes) -> Rows:
    """The file's rows.

    Raises ReturnFileTooLarge, ReturnFileEncoding, ReturnFileBroken for one that may be cut off, or
    for a sheet what `sheet.read` raises.
    """
    check_size(data)
    if isinstance(fmt, FixedFormat):
        text_lines(fmt, data)
        return Rows(ByteLines(data))
    if isinstance(fmt, DelimitedFormat):
        rows = Rows(text_lines(fmt, data))
        _refuse_cut_off(fmt, data, rows)
        return rows
    return Rows(sheet.read(data, rows_max=fmt.returned.rows_max))


def cells_of(fmt: RowFormat, raw: Raw, columns: Sequence[Column]) -> list[str] | None:
    """The cells of a row, or None when it is not of these columns."""
    if isinstance(raw, bytes):
        return fixed.split(fmt, raw, columns) if isinstance(fmt, FixedFormat) else None
    if isinstance(raw, str):
        if not isinstance(fmt, DelimitedFormat):
            return None
        return delimited.split(fmt, raw, columns=len(columns))
    return sheet.split(raw, columns=len(columns))


def shown(fmt: RowFormat, row: Row) -> str:
    """A row as people read it in an example or a refusal."""
    columns, cells = row
    if isinstance(fmt, FixedFormat):
        return fixed.join(fmt, columns, cells).decode(fmt.encoding)
    if isinstance(fmt, DelimitedFormat):
        return delimited.join(fmt, cells)
    return _BETWEEN_CELLS.join(cells)


def raw_of(fmt: RowFormat, text: str) -> Raw:
    """A row as `shown` shows it, to be told apart into cells. Raises UnicodeEncodeError."""
    if isinstance(fmt, FixedFormat):
        return text.encode(fmt.encoding)
    return text if isinstance(fmt, DelimitedFormat) else tuple(text.split(_BETWEEN_CELLS))


def file_of(fmt: RowFormat, rows: Sequence[str]) -> bytes:
    """The file of rows as `shown` shows them."""
    raws = [raw_of(fmt, row) for row in rows]
    if isinstance(fmt, FixedFormat):
        return b"".join(raw + b"\n" for raw in raws if isinstance(raw, bytes))
    if isinstance(fmt, DelimitedFormat):
        return "".join(f"{row}\n" for row in rows).encode(fmt.encoding)
    return sheet.write([raw for raw in raws if isinstance(raw, tuple)])


def _refuse_cut_off(fmt: DelimitedFormat, data: bytes, rows: Rows) -> None:
    # A row that ends in a delimiter shows itself whether it is whole; another needs its line end.
    if fmt.trailing_delimiter or not len(rows) or data.endswith(b"\n"):
        return
    zh, en = "末行没有换行，可能被截断", "the last line has no line end and may be cut off"
    raise ReturnFileBroken(
        "回盘文件可能不完整，整份未接收。请银行重发。",
        "The return file may be cut off, so nothing of it was taken. Ask the bank for it again.",
        faults=[Fault("cut_off", zh, en, "file")],
    )


def _is_filled(raw: Raw) -> bool:
    return any(raw) if isinstance(raw, tuple) else bool(raw.strip())

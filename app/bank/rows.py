"""A bank's file as rows of cells, whatever the family of its format."""

from collections.abc import Sequence
from typing import TypeAlias

from app.bank import delimited, fixed, sheet
from app.bank.errors import ReturnFileBroken
from app.bank.layout import DelimitedFormat, FixedFormat, RowFormat
from app.bank.parts import Column
from app.bank.text import check_size, text_of
from app.core.errors import Fault

Row: TypeAlias = tuple[Sequence[Column], Sequence[str]]
Raw: TypeAlias = str | bytes | tuple[str, ...]
"""A row as its family reads it, not yet told apart into cells."""

_BETWEEN_CELLS = "\t"  # in the examples of a sheet


def write_rows(fmt: RowFormat, rows: Sequence[Row]) -> bytes:
    """The file of these rows."""
    if isinstance(fmt, FixedFormat):
        return fixed.write(fmt, rows)
    cells = [row[1] for row in rows]
    return delimited.write(fmt, cells) if isinstance(fmt, DelimitedFormat) else sheet.write(cells)


def read_rows(fmt: RowFormat, data: bytes) -> list[tuple[int, Raw]]:
    """The file's rows with their numbers from 1, blank last ones left out.

    Raises ReturnFileTooLarge, ReturnFileEncoding, ReturnFileBroken for one that may be cut off, or
    for a sheet what `sheet.read` raises.
    """
    check_size(data)
    found: list[Raw]
    if isinstance(fmt, FixedFormat):
        text_of(fmt, data)
        found = [*fixed.lines(data)]
    elif isinstance(fmt, DelimitedFormat):
        text = text_of(fmt, data)
        _refuse_cut_off(fmt, text)
        found = [*delimited.lines(text)]
    else:
        found = [*sheet.read(data, rows_max=fmt.returned.rows_max)]
    rows = list(enumerate(found, start=1))
    while rows and not _is_filled(rows[-1][1]):
        rows.pop()
    return rows


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


def _refuse_cut_off(fmt: DelimitedFormat, text: str) -> None:
    # A row that ends in a delimiter shows itself whether it is whole; another needs its line end.
    if fmt.trailing_delimiter or not text.strip() or text.endswith("\n"):
        return
    zh, en = "末行没有换行，可能被截断", "the last line has no line end and may be cut off"
    raise ReturnFileBroken(
        "回盘文件可能不完整，整份未接收。请银行重发。",
        "The return file may be cut off, so nothing of it was taken. Ask the bank for it again.",
        faults=[Fault("cut_off", zh, en, "file")],
    )


def _is_filled(raw: Raw) -> bool:
    return any(raw) if isinstance(raw, tuple) else bool(raw.strip())

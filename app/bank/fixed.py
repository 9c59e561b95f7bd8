"""Rows of text in columns of so many bytes each: counted in bytes, for that is how banks count."""

from collections.abc import Iterable, Sequence
from io import BytesIO

from app.bank.layout import FixedFormat, newline
from app.bank.parts import Column


def join(fmt: FixedFormat, columns: Sequence[Column], cells: Sequence[str]) -> bytes:
    """One row, without its line ending. Raises ValueError for a cell wider than its column."""
    return b"".join(
        _padded(column, cell.encode(fmt.encoding))
        for column, cell in zip(columns, cells, strict=True)
    )


def split(fmt: FixedFormat, row: bytes, columns: Sequence[Column]) -> list[str] | None:
    """The cells of one row, or None when its bytes are not these columns'."""
    if len(row) != sum(column.width or 0 for column in columns):
        return None
    cells, start = [], 0
    for column in columns:
        end = start + (column.width or 0)
        try:
            cell = row[start:end].decode(fmt.encoding)
        except UnicodeDecodeError:  # the column begins or ends inside a character
            return None
        cells.append(_stripped(column, cell))
        start = end
    return cells


def write(fmt: FixedFormat, rows: Iterable[tuple[Sequence[Column], Sequence[str]]]) -> bytes:
    """The file of these rows."""
    end, out = newline(fmt).encode(), BytesIO()
    out.writelines(join(fmt, columns, cells) + end for columns, cells in rows)
    return out.getvalue()


def fits(fmt: FixedFormat, column: Column, cell: str) -> bool:
    """Whether the cell goes into its column."""
    return len(cell.encode(fmt.encoding)) <= (column.width or 0)


def _padded(column: Column, cell: bytes) -> bytes:
    width, pad = column.width or 0, column.pad.encode()
    if len(cell) > width:
        raise ValueError(f"{len(cell)} bytes do not fit into {column.title}: it has {width}")
    return cell.ljust(width, pad) if column.align == "left" else cell.rjust(width, pad)


def _stripped(column: Column, cell: str) -> str:
    if column.align == "left":
        return cell.rstrip(" ")
    if column.pad == " ":
        return cell.lstrip(" ")
    return cell.lstrip("0") or "0"

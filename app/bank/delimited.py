"""Rows of text with a character between the cells, quoted or not."""

import csv
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO
from typing import Literal

from app.bank.layout import DelimitedFormat, newline


def join(fmt: DelimitedFormat, cells: Sequence[str]) -> str:
    """One row, without its line ending."""
    if fmt.quoting == "none":
        end = fmt.delimiter if fmt.trailing_delimiter else ""
        return fmt.delimiter.join(cells) + end
    out = StringIO()
    rule: Literal[0, 1] = csv.QUOTE_ALL if fmt.quoting == "all" else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=fmt.delimiter, quoting=rule, lineterminator="").writerow(cells)
    return out.getvalue()


def split(fmt: DelimitedFormat, row: str, *, columns: int) -> list[str] | None:
    """The cells of one row, or None when it has not this many."""
    if fmt.quoting == "none":
        cells = row.split(fmt.delimiter)
        # Without its last delimiter a row may have been cut off, so it is not taken.
        if fmt.trailing_delimiter and cells.pop() != "":
            return None
    else:
        try:
            [cells] = csv.reader([row], delimiter=fmt.delimiter, strict=True)
        except (csv.Error, ValueError):
            return None
    return cells if len(cells) == columns else None


def write(fmt: DelimitedFormat, rows: Iterable[Sequence[str]]) -> bytes:
    """The file of these rows."""
    end, out = newline(fmt), BytesIO()  # not a list: of many rows it takes more than they do
    out.writelines((join(fmt, cells) + end).encode(fmt.encoding) for cells in rows)
    return out.getvalue()

"""Payment files: lines checked for the bank's rules, split over files, written byte for byte alike.

No layout with rows has a column for a reference of ours. A payout is therefore known to the bank
by its file and 序号, the line's number in that file; a reply counts for it only when account and
amount agree as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from app.bank.errors import LinesUnfit
from app.bank.layout import Format, RowFormat, titles
from app.bank.line_faults import LinesOfFile, PaymentLine, cells_of_line, check_lines
from app.bank.records import Figures, record_cells
from app.bank.rows import Row, cells_of, read_rows, shown, write_rows
from app.bank.totals import ControlTotals, control_totals
from app.core.errors import Fault
from app.core.money import parse_yuan


class FileSplit(NamedTuple):
    """How many lines each file takes; `below_minimum` when even one file is too short."""

    sizes: tuple[int, ...]
    below_minimum: bool


@dataclass(frozen=True)
class PaymentFile:
    """The bytes to hand in, their digest, and the totals a reply must have."""

    content: bytes
    sha256: bytes
    totals: ControlTotals


def split_into_files(lines: int, fmt: Format) -> FileSplit:
    """So many lines over as few files as the bank allows, balanced: 1,003 lines are 502 + 501.

    A run with fewer lines than the bank's minimum goes as one file and says so. Raises ValueError
    for no lines at all.
    """
    if lines < 1:
        raise ValueError("there is nothing to split: a file has at least one line")
    files = -(-lines // fmt.rows.max)
    each, odd = divmod(lines, files)
    sizes = (each + 1,) * odd + (each,) * (files - odd)
    return FileSplit(sizes, below_minimum=lines < fmt.rows.min)


def write_payment_file(fmt: RowFormat, lines: LinesOfFile, *, number: str = "") -> PaymentFile:
    """One file of the lines in the order given; the same lines always give the same bytes.

    `number` is our own of the file, for a head that tells the bank. Raises LinesUnfit with every
    fault before anything is written.
    """
    refuse_unfit(fmt, lines)
    totals = control_totals(lines)
    content = write_rows(fmt, payment_rows(fmt, lines, number=number, totals=totals))
    return PaymentFile(content, sha256(content).digest(), totals)


def refuse_unfit(fmt: Format, lines: LinesOfFile) -> None:
    """Raises LinesUnfit with every fault of every line of one file-to-be."""
    if not len(lines):
        raise LinesUnfit("没有可写入的发放明细。", "There are no lines to write.")
    if faults := check_lines(fmt, lines):
        raise LinesUnfit(
            f"有 {len(faults)} 处不合银行格式，文件未生成。请逐行更正后重试。",
            f"{len(faults)} faults against the bank's format, so no file was made. "
            "Correct each line and try again.",
            faults=[Fault(f.code, f.zh, f.en, f"line {f.seq}") for f in faults],
        )


def payment_rows(
    fmt: RowFormat, lines: LinesOfFile, *, number: str, totals: ControlTotals
) -> Iterator[Row]:
    """The file's rows: titles, head, a row a line, trailer, each where the format has it."""
    layout = fmt.payment
    figures: Figures = {
        "file_number": number,
        "count": totals.count,
        "sum": totals.sum_fen,
        "accounts": totals.accounts_sha256.hex(),
    }
    if fmt.header:
        yield layout.columns, titles(layout.columns)
    if layout.head:
        yield layout.head.columns, record_cells(layout.head, fmt.sums, figures)
    for line in lines:
        yield _row(fmt, line)
    if layout.trailer:
        yield layout.trailer.columns, record_cells(layout.trailer, fmt.sums, figures)


def read_payment_file(fmt: RowFormat, data: bytes) -> list[PaymentLine]:
    """The lines of a file of ours as its bank reads them.

    The made-up city and the tests play the bank with it. Raises ValueError.
    """
    layout = fmt.payment
    rows = [raw for _, raw in read_rows(fmt, data)]
    above = int(fmt.header) + (layout.head is not None)
    below = len(rows) - (layout.trailer is not None)
    return [_line(fmt, cells_of(fmt, raw, layout.columns)) for raw in rows[above:below]]


def _line(fmt: RowFormat, found: list[str] | None) -> PaymentLine:
    if found is None:
        raise ValueError("a line is not of the format's columns")
    cells = {c.field: cell for c, cell in zip(fmt.payment.columns, found, strict=True)}
    amount = cells["amount"]
    return PaymentLine(
        int(cells["seq"]),
        cells["name"],
        cells["account"],
        parse_yuan(amount) if fmt.amount == "yuan-2" else int(amount),
        cells.get("resident_id", ""),
        cells.get("summary", ""),
        cells.get("bank_name", ""),
    )


def render(fmt: RowFormat, line: PaymentLine) -> str:
    """One line as it stands in the file, without its line ending."""
    return shown(fmt, _row(fmt, line))


def _row(fmt: RowFormat, line: PaymentLine) -> Row:
    cells = cells_of_line(fmt, line)
    columns = fmt.payment.columns
    return columns, [column.text or cells.get(column.field, "") for column in columns]


__all__ = [
    "FileSplit",
    "PaymentFile",
    "PaymentLine",
    "check_lines",
    "payment_rows",
    "read_payment_file",
    "refuse_unfit",
    "render",
    "split_into_files",
    "write_payment_file",
]

"""Return files: what the bank says of each line it was sent; read whole or refused whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import polars as pl

from app.bank.closing import check_figures, refuse_as_bank_did, take_records
from app.bank.errors import ReturnFileBroken, ReturnFileEmpty, ReturnFileTooLarge
from app.bank.layout import RowFormat, titles
from app.bank.line_faults import PaymentLine, cells_of_line
from app.bank.parts import FileKind
from app.bank.records import Figures, RecordField, record_cells
from app.bank.return_lines import (
    NOT_LISTED,
    Reading,
    Rest,
    ReturnLine,
    any_word_known,
    find_twice,
    lines_of,
    read_line,
    read_lines,
)
from app.bank.rows import Raw, Row, cells_of, raw_of, read_rows, shown, write_rows
from app.bank.text import refuse_misread
from app.bank.totals import ControlTotals, control_totals, totals_of
from app.bank.vocabulary import FileSays
from app.core.errors import Fault


@dataclass(frozen=True)
class ReturnFile:
    """A return file as read, with the totals to hold against its payment file.

    `table` has a row a line and the columns of ReturnLine; `said` is what the file's head and
    trailer say of the whole. Where there is a `rest`, the lines are a part of what the file speaks
    of, which is all that was sent.
    """

    table: pl.DataFrame
    totals: ControlTotals
    sha256: bytes
    said: Figures
    rest: Rest | None = None

    @property
    def lines(self) -> tuple[ReturnLine, ...]:
        """The lines, for whoever looks at them one by one."""
        return tuple(lines_of(self.table))


class BankAnswer(NamedTuple):
    """What a bank would say of one payment line, in the words of its format."""

    line: PaymentLine
    result: str
    reason: str = ""


def read_return_file(fmt: RowFormat, data: bytes, *, kind: FileKind = "reply") -> ReturnFile:
    """The bank's word on each line; `kind` says whether it answers a file or sends money back.

    Lines may stand in any order. A word the format does not list is `unknown`, never failed.
    Raises ReturnFileTooLarge, ReturnFileEmpty, ReturnFileEncoding, BankRefusedFile,
    FileCodeUnknown, or ReturnFileBroken with every line that is wrong; of a sheet what
    `sheet.read` raises.
    """
    rows = read_rows(fmt, data)
    if fmt.header and len(rows):
        _check_header(fmt, rows.take_first()[1])
    if not len(rows):
        raise _empty()
    said = take_records(fmt, rows)
    refuse_as_bank_did(fmt, kind, said)
    _check_extent(fmt, kind, len(rows))
    reading = Reading(fmt, kind)
    table = read_lines(reading, rows)
    faults = [*reading.faults, *find_twice(table)]
    refuse_misread(fmt, data, any_word_known=any_word_known(table))
    totals = totals_of(table)
    if not reading.faults:
        faults += check_figures(fmt, kind, said, table=table, totals=totals)
    _refuse(faults)
    rest = NOT_LISTED if kind == "reply" and fmt.returned.replies == "failures_only" else None
    return ReturnFile(table, totals, sha256(data).digest(), said, rest)


def read_return_line(fmt: RowFormat, text: str, *, kind: FileKind) -> ReturnLine:
    """One line as it would stand in a file. Raises ReturnFileBroken."""
    reading = Reading(fmt, kind)
    line = read_line(reading, (1, raw_of(fmt, text)))
    if line is None:
        raise _broken(reading.faults)
    return line


def write_return_file(
    fmt: RowFormat,
    answers: Sequence[BankAnswer],
    *,
    number: str = "",
    sent: ControlTotals | None = None,
) -> bytes:
    """The bank's side of the format: a return file as its bank would write it.

    `sent` are the totals of the payment file, where the format lists the failures alone. The
    service itself only reads such files; the made-up city and the tests play the bank with it.
    """
    layout = fmt.returned
    figures = _figures(fmt, answers, number, sent)
    rows: list[Row] = [(layout.columns, titles(layout.columns))] if fmt.header else []
    if layout.head:
        rows.append((layout.head.columns, record_cells(layout.head, fmt.sums, figures)))
    for line, result, reason in answers:
        cells = {**cells_of_line(fmt, line), "result": result, "reason": reason}
        row = [column.text or cells.get(column.field, "") for column in layout.columns]
        rows.append((layout.columns, row))
    if layout.trailer:
        rows.append((layout.trailer.columns, record_cells(layout.trailer, fmt.sums, figures)))
    return write_rows(fmt, rows)


def _figures(
    fmt: RowFormat, answers: Sequence[BankAnswer], number: str, sent: ControlTotals | None
) -> Figures:
    listed = control_totals([answer.line for answer in answers])
    whole = sent if sent and fmt.returned.replies == "failures_only" else listed
    says = _says(fmt, answers)
    codes = [code.texts[0] for code in fmt.returned.file_code if code.says == says]
    figures: dict[RecordField, int | str] = {
        "file_number": number,
        "count": whole.count,
        "sum": whole.sum_fen,
        "accounts": listed.accounts_sha256.hex(),
        "paid_count": whole.count - listed.count,
        "paid_sum": whole.sum_fen - listed.sum_fen,
        "failed_count": listed.count,
        "failed_sum": listed.sum_fen,
        "file_code": codes[0] if codes else "",
    }
    return figures


def _says(fmt: RowFormat, answers: Sequence[BankAnswer]) -> FileSays:
    outcomes = {fmt.returned.meaning(result, reason)[0] for _, result, reason in answers}
    if outcomes == {"paid"}:
        return "all_paid"
    return "part_paid" if "paid" in outcomes else "all_failed"


def _check_extent(fmt: RowFormat, kind: FileKind, count: int) -> None:
    if not count and not (kind == "reply" and fmt.returned.replies == "failures_only"):
        raise _empty()
    if count > fmt.returned.rows_max:
        raise ReturnFileTooLarge(
            f"回盘文件有 {count} 行，最多 {fmt.returned.rows_max} 行。请按代发文件分别上传。",
            f"The return file has {count} lines and may have {fmt.returned.rows_max}. "
            "Hand in one file for each payment file.",
        )


def _empty() -> ReturnFileEmpty:
    return ReturnFileEmpty(
        "回盘文件没有任何明细行。请确认是否选错文件，或请银行重发。",
        "The return file has no line. Check that it is the right file, or ask the bank again.",
    )


def _check_header(fmt: RowFormat, raw: Raw) -> None:
    columns = fmt.returned.columns
    if cells_of(fmt, raw, columns) == titles(columns):
        return
    expected = shown(fmt, (columns, titles(columns)))
    raise ReturnFileBroken(
        "回盘文件的表头不符，整份未接收。请确认银行格式是否选对。",
        "The return file's header differs, so nothing was taken. Check that the format is right.",
        faults=[
            Fault(
                "header_differs",
                f"表头应为「{expected}」",
                f"The header must be {expected!r}",
                "line 1",
            )
        ],
    )


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise _broken(faults)


def _broken(faults: list[Fault]) -> ReturnFileBroken:
    return ReturnFileBroken(
        f"回盘文件有 {len(faults)} 处错误，整份未接收。请银行更正后重发。",
        f"The return file has {len(faults)} faults, so nothing of it was taken. "
        "Ask the bank for a corrected file.",
        faults=faults,
    )

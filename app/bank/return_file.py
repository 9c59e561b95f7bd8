"""Return files: what the bank says of each line it was sent; read whole or refused whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from app.bank.errors import (
    ReturnFileBroken,
    ReturnFileEmpty,
    ReturnFileEncoding,
    ReturnFileTooLarge,
)
from app.bank.layout import UNLISTED, FileKind, Format, Outcome
from app.bank.payment_file import PaymentLine
from app.bank.totals import ControlTotals, control_totals
from app.core.errors import Fault
from app.core.money import parse_yuan, show_yuan

BYTES_MAX = 64 * 2**20
REASON_CHARS_MAX = 120  # shown to people; the whole stands in the stored file


class ReturnLine(NamedTuple):
    """One line of a return file, `line_no` counting the file's own lines from 1.

    `reason_code` is None for paid; `reason_text` is the bank's own words.
    """

    line_no: int
    seq: int
    name: str
    account: str
    amount_fen: int
    resident_id: str
    outcome: Outcome
    reason_code: str | None
    reason_text: str


@dataclass(frozen=True)
class ReturnFile:
    """A return file as read, with the totals to hold against its payment file."""

    lines: tuple[ReturnLine, ...]
    totals: ControlTotals
    sha256: bytes


class BankAnswer(NamedTuple):
    """What a bank would say of one payment line, in the words of its format."""

    line: PaymentLine
    result: str
    reason: str = ""


def read_return_file(fmt: Format, data: bytes, *, kind: FileKind = "reply") -> ReturnFile:
    """The bank's word on each line; `kind` says whether it answers a file or sends money back.

    Lines may stand in any order. A word the format does not list is `unknown`, never failed.
    Raises ReturnFileTooLarge, ReturnFileEmpty, ReturnFileEncoding, or ReturnFileBroken with every
    line that is wrong.
    """
    rows = _numbered_rows(fmt, _text_of(fmt, data))
    faults: list[Fault] = []
    lines = [line for row in rows if (line := _read_line(fmt, row, kind, faults))]
    _find_twice(lines, faults)
    _refuse_misread(fmt, data, lines)
    if faults:
        raise ReturnFileBroken(
            f"回盘文件有 {len(faults)} 处错误，整份未接收。请银行更正后重发。",
            f"The return file has {len(faults)} faults, so nothing of it was taken. "
            "Ask the bank for a corrected file.",
            faults=faults,
        )
    return ReturnFile(tuple(lines), control_totals(lines), sha256(data).digest())


def write_return_file(fmt: Format, answers: Sequence[BankAnswer]) -> bytes:
    """The bank's side of the format: a return file as its bank would write it.

    The service itself only reads such files; the made-up city and the tests play the bank with it.
    """
    rows = [fmt.join([c.title for c in fmt.returned.columns])] if fmt.header else []
    for line, result, reason in answers:
        cells = {
            "seq": str(line.seq),
            "name": line.name,
            "account": line.account,
            "amount": show_yuan(line.amount_fen),
            "resident_id": line.resident_id,
            "result": result,
            "reason": reason,
        }
        rows.append(fmt.join([cells[column.field] for column in fmt.returned.columns]))
    return "".join(row + fmt.newline for row in rows).encode(fmt.encoding)


_UTF8_SIGNATURE = b"\xef\xbb\xbf"
_SHOWN_CHARS = 40
_ASCII_LAST = 0x7F


def _text_of(fmt: Format, data: bytes) -> str:
    if len(data) > BYTES_MAX:
        raise ReturnFileTooLarge(
            "回盘文件超过 64 MiB，未读取。请确认是否选错文件。",
            "The return file is over 64 MiB and was not read. Check that it is the right file.",
        )
    if (nul := data.find(b"\0")) >= 0:
        raise _encoding_refusal(fmt, data, nul)
    # A signature says outright that the text is UTF-8, whatever the bank usually writes.
    encoding = "utf-8" if data.startswith(_UTF8_SIGNATURE) else fmt.encoding
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _encoding_refusal(fmt, data, error.start) from error


def _numbered_rows(fmt: Format, text: str) -> list[tuple[int, str]]:
    rows = list(enumerate(text.replace("\r\n", "\n").split("\n"), start=1))
    while rows and not rows[-1][1].strip():
        rows.pop()
    if fmt.header and rows:
        _check_header(fmt, rows.pop(0)[1])
    if not rows:
        raise ReturnFileEmpty(
            "回盘文件没有任何明细行。请确认是否选错文件，或请银行重发。",
            "The return file has no line. Check that it is the right file, or ask the bank again.",
        )
    if len(rows) > fmt.returned.rows_max:
        raise ReturnFileTooLarge(
            f"回盘文件有 {len(rows)} 行，最多 {fmt.returned.rows_max} 行。请按代发文件分别上传。",
            f"The return file has {len(rows)} lines and may have {fmt.returned.rows_max}. "
            "Hand in one file for each payment file.",
        )
    return rows


def _check_header(fmt: Format, row: str) -> None:
    expected = fmt.join([column.title for column in fmt.returned.columns])
    if row == expected:
        return
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


_SEQ = re.compile(r"[0-9]{1,7}", re.ASCII)


def _read_line(
    fmt: Format, row: tuple[int, str], kind: FileKind, faults: list[Fault]
) -> ReturnLine | None:
    number, text = row
    columns = fmt.returned.columns
    found = fmt.split(text, columns=len(columns))
    if found is None:
        faults.append(_columns_fault(fmt, number))
        return None
    cells = {column.field: cell for column, cell in zip(columns, found, strict=True)}
    before = len(faults)
    result, reason = cells["result"].strip(), cells.get("reason", "").strip()
    outcome, code = fmt.returned.meaning(result, reason)
    seq = _read_seq(cells["seq"], number, faults)
    amount_fen = _read_amount(cells["amount"], number, faults)
    if not cells["account"].strip():
        faults.append(_fault("account_empty", number, "账号为空", "the account is empty"))
    if outcome != "unknown" and (outcome == "returned") != (kind == "reversal"):
        faults.append(_kind_fault(number, kind, result))
    if len(faults) > before:
        return None
    said = f"{result} {reason}".strip() if outcome == "unknown" else reason
    return ReturnLine(
        number,
        seq,
        cells.get("name", ""),
        cells["account"],
        amount_fen,
        cells.get("resident_id", ""),
        outcome,
        code,
        said[:REASON_CHARS_MAX],
    )


def _read_seq(cell: str, number: int, faults: list[Fault]) -> int:
    if _SEQ.fullmatch(cell) and (seq := int(cell)):
        return seq
    faults.append(
        _fault(
            "seq_format",
            number,
            f"序号「{cell[:_SHOWN_CHARS]}」不是正整数",
            f"{cell[:_SHOWN_CHARS]!r} is no line number",
        )
    )
    return 0


def _read_amount(cell: str, number: int, faults: list[Fault]) -> int:
    try:
        fen = parse_yuan(cell)
    except ValueError:
        fen = 0
    if fen <= 0:
        shown = cell[:_SHOWN_CHARS]
        faults.append(
            _fault(
                "amount_format",
                number,
                f"金额「{shown}」应为大于零、带两位小数的元，如 312.50",
                f"{shown!r} is no amount in yuan above zero with two decimals, such as 312.50",
            )
        )
    return fen


def _find_twice(lines: list[ReturnLine], faults: list[Fault]) -> None:
    first: dict[int, int] = {}
    for line in lines:
        at = first.setdefault(line.seq, line.line_no)
        if at != line.line_no:
            faults.append(
                _fault(
                    "seq_twice",
                    line.line_no,
                    f"序号 {line.seq} 已在第 {at} 行出现",
                    f"number {line.seq} stands on line {at} already",
                )
            )


def _refuse_misread(fmt: Format, data: bytes, lines: list[ReturnLine]) -> None:
    # UTF-8 bytes often pass for GB18030 and come out as other characters: then no word is known,
    # and the bank's own words stand there once the bytes are read as UTF-8.
    if fmt.encoding == "utf-8" or any(line.reason_code != UNLISTED for line in lines):
        return
    try:
        rows = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return
    words = {cell for row in rows for cell in row.split(fmt.delimiter) if not cell.isascii()}
    if words & fmt.returned.results_by_text.keys():
        odd = next(place for place, byte in enumerate(data) if byte > _ASCII_LAST)
        raise _encoding_refusal(fmt, data, odd)


def _encoding_refusal(fmt: Format, data: bytes, offset: int) -> ReturnFileEncoding:
    line = data.count(b"\n", 0, offset) + 1
    return ReturnFileEncoding(
        f"回盘文件不是 {fmt.encoding} 文本，整份未接收。请银行按约定编码重发。",
        f"The return file is not {fmt.encoding} text, so nothing of it was taken. "
        "Ask the bank for it in the agreed encoding.",
        faults=[
            Fault(
                "bad_byte",
                f"第 {line} 行，文件第 {offset} 字节（自 0 起）不是 {fmt.encoding} 文字",
                f"Line {line}: the byte at offset {offset} is no {fmt.encoding} text",
                f"line {line}",
                {"byte_offset": offset},
            )
        ],
    )


def _columns_fault(fmt: Format, number: int) -> Fault:
    titles = fmt.join([column.title for column in fmt.returned.columns])
    return _fault(
        "columns",
        number,
        f"列数不符，应为「{titles}」",
        f"the columns differ; they must be {titles!r}",
    )


def _kind_fault(number: int, kind: FileKind, result: str) -> Fault:
    if kind == "reply":
        return _fault(
            "not_a_reply",
            number,
            f"「{result}」应以退汇文件上传",
            f"{result!r} belongs in a reversal; hand the file in as one",
        )
    return _fault(
        "not_a_reversal",
        number,
        f"「{result}」应以回盘文件上传",
        f"{result!r} belongs in a reply; hand the file in as one",
    )


def _fault(code: str, number: int, zh: str, en: str) -> Fault:
    return Fault(code, f"第 {number} 行：{zh}", f"Line {number}: {en}", f"line {number}")

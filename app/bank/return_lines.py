"""One line of a return file: what the bank repeats of a payment, and what it says of it.

A file has up to a million. They are read a few thousand at a time into a frame: as so many records
they would take ten times the file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, get_args

import polars as pl

from app.bank.layout import RowFormat, titles
from app.bank.parts import FileKind, Outcome
from app.bank.rows import Raw, cells_of, shown
from app.bank.vocabulary import UNLISTED
from app.core.errors import Fault
from app.core.money import FEN_MAX, parse_yuan

REASON_CHARS_MAX = 120  # shown to people; the whole stands in the stored file
_SHOWN_CHARS = 40
_SEQ = re.compile(r"[0-9]{1,7}", re.ASCII)
_FEN = re.compile(r"[0-9]{1,15}", re.ASCII)
_LINES_AT_ONCE = 10_000
_SHAPE: Mapping[str, pl.DataType] = {
    "line_no": pl.Int32(),
    "seq": pl.Int32(),
    "name": pl.String(),
    "account": pl.String(),
    "amount_fen": pl.Int64(),
    "resident_id": pl.String(),
    "outcome": pl.Enum(get_args(Outcome)),
    "reason_code": pl.Categorical(),
    "reason_text": pl.String(),
    "number": pl.String(),
}


class ReturnLine(NamedTuple):
    """One line of a return file, `line_no` counting the file's own lines from 1.

    `reason_code` is None for paid; `reason_text` is the bank's own words. A message names the
    payout's `number` instead of `seq` and account, and its `amount_fen` is 0 where the bank does
    not repeat it.
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
    number: str = ""


class Rest(NamedTuple):
    """What became of the lines that the bank did not list."""

    outcome: Outcome
    reason_code: str | None
    reason: str


NOT_LISTED = Rest("paid", None, "未列入失败清单，即已入账 / not listed as failed, so it was paid")


@dataclass
class Reading:
    """How lines are read: the format, the kind of file, and what is wrong."""

    fmt: RowFormat
    kind: FileKind
    faults: list[Fault] = field(default_factory=list)
    fields: tuple[str, ...] = field(init=False)
    marks: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        columns = self.fmt.returned.columns
        self.fields = tuple(column.field for column in columns)
        self.marks = tuple((each.field, each.text) for each in columns if each.text is not None)


def read_lines(reading: Reading, rows: Iterable[tuple[int, Raw]]) -> pl.DataFrame:
    """The lines without a fault, a column each field of ReturnLine; the faults are noted."""
    return table_of(line for row in rows if (line := read_line(reading, row)))


def table_of(lines: Iterable[ReturnLine]) -> pl.DataFrame:
    """The lines as a frame, a column each field; made some thousands at a time."""
    left = iter(lines)
    pieces = [pl.DataFrame(schema=_SHAPE)]
    while taken := list(islice(left, _LINES_AT_ONCE)):
        named = dict(zip(_SHAPE, zip(*taken, strict=True), strict=True))
        pieces.append(pl.DataFrame(named, schema=_SHAPE))
    return pl.concat(pieces)


def lines_of(table: pl.DataFrame) -> Iterator[ReturnLine]:
    """The lines of a frame, one after the other."""
    return (ReturnLine(*row) for row in table.iter_rows())


def read_line(reading: Reading, row: tuple[int, Raw]) -> ReturnLine | None:
    """One line, or None where its faults were noted."""
    number, raw = row
    fmt, faults = reading.fmt, reading.faults
    columns = fmt.returned.columns
    found = cells_of(fmt, raw, columns)
    if found is None:
        faults.append(_columns_fault(fmt, number))
        return None
    cells = dict(zip(reading.fields, found, strict=True))
    before = len(faults)
    for mark, its_text in reading.marks:
        if cells[mark] != its_text:
            faults.append(_columns_fault(fmt, number))
    result, reason = cells["result"].strip(), cells.get("reason", "").strip()
    outcome, code = fmt.returned.meaning(result, reason)
    seq = _read_seq(cells["seq"], number, faults)
    amount_fen = _read_amount(fmt, cells["amount"], number, faults)
    if not cells["account"].strip():
        faults.append(_fault("account_empty", number, "账号为空", "the account is empty"))
    if outcome != "unknown" and (outcome == "returned") != (reading.kind == "reversal"):
        faults.append(_kind_fault(number, reading.kind, result))
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


def find_twice(table: pl.DataFrame) -> list[Fault]:
    """A fault for every line whose number stands on an earlier one."""
    twice = table.select("seq", "line_no").filter(pl.col("seq").is_duplicated())
    again = twice.with_columns(at=pl.col("line_no").first().over("seq")).filter(
        pl.col("at") != pl.col("line_no")
    )
    return [_twice(seq, line_no, at) for seq, line_no, at in again.iter_rows()]


def is_unlisted() -> pl.Expr:
    """Whether a line's words are none of the format's."""
    return pl.col("reason_code").eq_missing(pl.lit(UNLISTED))


def any_word_known(table: pl.DataFrame) -> bool:
    """Whether the bank's words on some line are known."""
    return bool(table.select((~is_unlisted()).any()).item())


def _twice(seq: int, line_no: int, at: int) -> Fault:
    zh, en = f"序号 {seq} 已在第 {at} 行出现", f"number {seq} stands on line {at} already"
    return _fault("seq_twice", line_no, zh, en)


def _read_seq(cell: str, number: int, faults: list[Fault]) -> int:
    if _SEQ.fullmatch(cell) and (seq := int(cell)):
        return seq
    shown_cell = cell[:_SHOWN_CHARS]
    zh, en = f"序号「{shown_cell}」不是正整数", f"{shown_cell!r} is no line number"
    faults.append(_fault("seq_format", number, zh, en))
    return 0


def _read_amount(fmt: RowFormat, cell: str, number: int, faults: list[Fault]) -> int:
    fen = _yuan(cell) if fmt.amount == "yuan-2" else _fen(cell)
    if 0 < fen <= FEN_MAX:
        return fen
    shown_cell = cell[:_SHOWN_CHARS]
    zh = f"金额「{shown_cell}」应为大于零、带两位小数的元，如 312.50"
    en = f"{shown_cell!r} is no amount in yuan above zero with two decimals, such as 312.50"
    if fmt.amount == "fen":
        zh = f"金额「{shown_cell}」应为大于零的分，如 31250"
        en = f"{shown_cell!r} is no amount in fen above zero, such as 31250"
    faults.append(_fault("amount_format", number, zh, en))
    return 0


def _yuan(cell: str) -> int:
    try:
        return parse_yuan(cell)
    except ValueError:
        return 0


def _fen(cell: str) -> int:
    return int(cell) if _FEN.fullmatch(cell) else 0


def _columns_fault(fmt: RowFormat, number: int) -> Fault:
    named = " ".join(titles(fmt.returned.columns))
    if fmt.kind != "fixed":
        named = shown(fmt, (fmt.returned.columns, titles(fmt.returned.columns)))
    return _fault(
        "columns",
        number,
        f"列数不符，应为「{named}」",
        f"the columns differ; they must be {named!r}",
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

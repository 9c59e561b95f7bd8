"""Statement files described as data: read whole or refused whole."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from io import StringIO

from app.bank.errors import StatementBroken
from app.bank.return_lines import REASON_CHARS_MAX
from app.bank.statement_layout import StatementFormat
from app.bank.statements import Direction, Statement, StatementLine, check_balanced
from app.bank.text import BYTES_MAX
from app.core.errors import Fault
from app.core.money import parse_yuan

CELL_CHARS_MAX = 120
NUMBER_MAX = 2**31 - 1
HEAD_ROWS = 3

_Cells = Mapping[str, str]


def read_statement(fmt: StatementFormat, data: bytes) -> Statement:
    """The statement in a file. Raises StatementBroken with all that is wrong, StatementUnbalanced.

    The last line must end in a line break: without one it may have been cut off.
    """
    rows = _rows(fmt, _text_of(fmt, data))
    faults: list[Fault] = []
    head = _head(fmt, rows)
    account, count = head["account"], head["count"]
    days = [_day(fmt, head, field, "line 2", faults) for field in ("opened_on", "closed_on")]
    sums = [_fen(head, field, "line 2", faults) for field in ("opening", "closing")]
    number = _number(head["number"], faults)
    if not account:
        faults.append(_fault("account_empty", "line 2", "账号为空", "the account is empty"))
    if head["currency"] not in fmt.currencies:
        faults.append(_fault("currency", "line 2", "币种不是人民币", "the currency is not yuan"))
    if days[0] > days[1]:
        faults.append(_fault("days_turned", "line 2", "起始晚于截止", "it closes before it opens"))
    lines = [_line(fmt, row, number, faults) for number, row in enumerate(rows[HEAD_ROWS:], 1)]
    if count != str(len(lines)):
        zh, en = f"笔数为 {count}，明细为 {len(lines)} 行", f"it says {count} and has {len(lines)}"
        faults.append(_fault("count_differs", "line 2", zh, en))
    faults += [*_outside(lines, days[0], days[1]), *_twice(lines)]
    _refuse(faults)
    statement = Statement(
        account=account,
        number=number,
        opened_on=days[0],
        closed_on=days[1],
        opening_fen=sums[0],
        closing_fen=sums[1],
        lines=tuple(lines),
    )
    check_balanced(statement)
    return statement


def read_statement_line(fmt: StatementFormat, text: str) -> StatementLine:
    """One line as it would stand in a file. Raises StatementBroken."""
    faults: list[Fault] = []
    (row,) = _rows(fmt, text)
    line = _line(fmt, row, 1, faults)
    _refuse(faults)
    return line


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise StatementBroken(
            f"对账单有 {len(faults)} 处错误，整份未接收。请确认格式，或请银行重发。",
            f"The statement has {len(faults)} faults, so nothing of it was taken. "
            "Check the format, or ask the bank for it again.",
            faults=faults,
        )


def _text_of(fmt: StatementFormat, data: bytes) -> str:
    faults = []
    if len(data) > BYTES_MAX:
        faults.append(_fault("too_large", "file", "超过 64 MiB", "it is over 64 MiB"))
    elif b"\0" in data:
        faults.append(_fault("bad_byte", "file", "含空字节", "it has a NUL byte"))
    elif not data.endswith(b"\n"):
        zh, en = "末行没有换行，可能被截断", "the last line has no line break and may be cut off"
        faults.append(_fault("cut_off", "file", zh, en))
    _refuse(faults)
    encoding = "utf-8" if data.startswith(b"\xef\xbb\xbf") else fmt.encoding
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        zh, en = f"第 {error.start} 字节不是 {encoding} 文字", f"byte {error.start}: no {encoding}"
        raise StatementBroken(
            "对账单编码不符，整份未接收。请银行按约定编码重发。",
            "The statement is not in the agreed encoding, so nothing was taken. Ask for it again.",
            faults=[_fault("bad_byte", "file", zh, en)],
        ) from error


def _rows(fmt: StatementFormat, text: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(StringIO(text, newline=""), delimiter=fmt.delimiter, strict=True):
            rows.append([cell.strip() for cell in row])
            if len(rows) > fmt.lines_max + HEAD_ROWS:
                zh, en = f"超过 {fmt.lines_max} 行", f"it has over {fmt.lines_max} lines"
                _refuse([_fault("too_many_lines", "file", zh, en)])
    except csv.Error:
        row_no = f"line {len(rows) + 1}"
        _refuse([_fault("quotes", row_no, "引号不成对", "its quotes do not pair")])
    return rows


def _head(fmt: StatementFormat, rows: list[list[str]]) -> dict[str, str]:
    titles = [column.title for column in fmt.head], [column.title for column in fmt.line]
    if len(rows) < HEAD_ROWS or rows[0] != titles[0] or rows[2] != titles[1]:
        zh = f"前三行应为「{'、'.join(titles[0])}」、其值、「{'、'.join(titles[1])}」"
        en = f"The first three rows must be {titles[0]}, their values, and {titles[1]}"
        _refuse([_fault("header_differs", "line 1", zh, en)])
    if len(rows[1]) != len(fmt.head):
        _refuse([_fault("columns", "line 2", "列数不符", "the columns differ")])
    return {column.field: cell for column, cell in zip(fmt.head, rows[1], strict=True)}


def _line(fmt: StatementFormat, row: list[str], line_no: int, faults: list[Fault]) -> StatementLine:
    where = f"line {line_no + HEAD_ROWS}"
    if len(row) != len(fmt.line):
        faults.append(_fault("columns", where, "列数不符", "the columns differ"))
        row = [""] * len(fmt.line)
    cells: dict[str, str] = {column.field: cell for column, cell in zip(fmt.line, row, strict=True)}
    if any(len(cell) > CELL_CHARS_MAX for cell in row):
        zh, en = f"单元格超过 {CELL_CHARS_MAX} 字", f"a cell is over {CELL_CHARS_MAX} characters"
        faults.append(_fault("cell_long", where, zh, en))
    direction = _direction(fmt, cells["direction"], where, faults)
    amount_fen = _fen(cells, "amount", where, faults)
    if amount_fen == 0:
        faults.append(_fault("amount_zero", where, "金额应大于零", "the amount must be above zero"))
    return StatementLine(
        line_no=line_no,
        booked_on=_day(fmt, cells, "booked_on", where, faults),
        sequence=cells.get("sequence") or None,
        reference=cells.get("reference") or None,
        counter_account=cells.get("counter_account") or None,
        counter_name=cells.get("counter_name") or None,
        amount_fen=amount_fen,
        direction=direction,
        is_return=direction == "credit" and cells.get("kind") in fmt.returns,
        text=cells.get("text", "")[:REASON_CHARS_MAX],
    )


def _direction(fmt: StatementFormat, cell: str, where: str, faults: list[Fault]) -> Direction:
    if cell not in (*fmt.debit, *fmt.credit):
        zh, en = f"「{cell[:9]}」不是借或贷", f"{cell[:9]!r} is neither debit nor credit"
        faults.append(_fault("direction", where, zh, en))
    return "credit" if cell in fmt.credit else "debit"


def _day(fmt: StatementFormat, cells: _Cells, field: str, where: str, faults: list[Fault]) -> date:
    try:
        return datetime.strptime(cells[field], fmt.date).date()  # noqa: DTZ007 a civil day
    except ValueError:
        shown = cells[field][:20]
        faults.append(_fault("day", where, f"「{shown}」不是日期", f"{shown!r} is no day"))
        return date.min


def _fen(cells: _Cells, field: str, where: str, faults: list[Fault]) -> int:
    cell = cells[field]
    try:
        if field != "amount" and cell.startswith("-"):  # a balance may be overdrawn
            return -parse_yuan(cell[1:])
        return parse_yuan(cell)
    except ValueError:
        zh = f"「{cell[:20]}」应为带两位小数的元，如 312.50"
        en = f"{cell[:20]!r} is no amount in yuan with two decimals, such as 312.50"
        faults.append(_fault("amount_format", where, zh, en))
        return -1


def _number(cell: str, faults: list[Fault]) -> int:
    if cell.isascii() and cell.isdigit() and 0 < int(cell[:11]) <= NUMBER_MAX:
        return int(cell[:11])
    faults.append(_fault("number", "line 2", "对账单号应为正整数", "the number is no number"))
    return 0


def _outside(lines: list[StatementLine], opened: date, closed: date) -> Iterator[Fault]:
    for line in lines:
        if not opened <= line.booked_on <= closed:
            where = f"line {line.line_no + HEAD_ROWS}"
            zh, en = "记账日期不在对账单期间内", "it is booked outside the statement's days"
            yield _fault("day_outside", where, zh, en)


def _twice(lines: list[StatementLine]) -> Iterator[Fault]:
    first: dict[object, int] = {}
    for line in lines:
        key = _line_key(line)
        if key is None:
            continue
        at = first.setdefault(key, line.line_no)
        if at != line.line_no:
            where = f"line {line.line_no + HEAD_ROWS}"
            zh = f"与第 {at + HEAD_ROWS} 行相同"
            yield _fault("line_twice", where, zh, f"it is line {at + HEAD_ROWS} again")


def _line_key(line: StatementLine) -> tuple[object, ...] | None:
    """What a line is known by on its account; None where the bank gives it nothing of its own."""
    if line.sequence:
        return (line.booked_on, line.sequence)
    if line.reference:
        account = line.counter_account
        return (line.booked_on, line.reference, line.amount_fen, line.direction, account)
    return None


def _fault(code: str, where: str, zh: str, en: str) -> Fault:
    return Fault(code, f"{where}：{zh}", f"{where}: {en}", where)

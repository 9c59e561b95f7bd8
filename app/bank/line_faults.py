"""What the bank's rules have against a payment line, told before any file is written."""

import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from app.bank import fixed
from app.bank.layout import DelimitedFormat, FixedFormat, Format, RowFormat
from app.core.money import FEN_MAX, show_yuan


class PaymentLine(NamedTuple):
    """One payment as the bank gets it; `seq` counts from 1 within its file.

    `summary` is what the payee reads beside the money, `bank_name` the bank of the account.
    """

    seq: int
    name: str
    account: str
    amount_fen: int
    resident_id: str = ""
    summary: str = ""
    bank_name: str = ""


class LinesOfFile(Protocol):
    """The lines of one file-to-be, gone through as often as it takes."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[PaymentLine]: ...


class LineFault(NamedTuple):
    """Why one line cannot go into the file."""

    seq: int
    code: str
    zh: str
    en: str


def cells_of_line(fmt: RowFormat, line: PaymentLine) -> dict[str, str]:
    """What stands in the columns of one payment, by field."""
    return {
        "seq": str(line.seq),
        "name": line.name,
        "account": line.account,
        "amount": show_yuan(line.amount_fen) if fmt.amount == "yuan-2" else str(line.amount_fen),
        "resident_id": line.resident_id,
        "summary": line.summary,
        "bank_name": line.bank_name,
    }


_Said = tuple[str, str, str]  # code, zh, en

_SPACE = re.compile(r"\s")
# Control and invisible characters: a bank's program drops them, and then the name differs.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_ACCOUNT = re.compile(r"[0-9]{8,32}", re.ASCII)
_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}", re.ASCII)


def check_lines(fmt: Format, lines: LinesOfFile) -> list[LineFault]:
    """Every fault of every line of one file-to-be; empty when the bank can take them all."""
    faults = [LineFault(0, *_rows_fault(fmt, len(lines)))] if len(lines) > fmt.rows.max else []
    of_name: dict[str, list[_Said]] = {}  # pupils share names
    for position, line in enumerate(lines, start=1):
        if line.seq != position:
            faults.append(LineFault(line.seq, *_seq_fault(position)))
        if line.name not in of_name:
            of_name[line.name] = name_faults(fmt, line.name)
        faults.extend(LineFault(line.seq, *fault) for fault in of_name[line.name])
        faults.extend(LineFault(line.seq, *fault) for fault in _number_faults(fmt, line))
        faults.extend(LineFault(line.seq, *fault) for fault in _text_faults(fmt, line))
    return faults


def name_faults(fmt: Format, name: str) -> list[_Said]:
    """Every rule of the bank that a payee's name breaks, as (code, zh, en)."""
    if not name:
        return [("name_empty", "户名为空；请补填", "The name is empty; fill it in")]
    faults: list[_Said] = []
    if _SPACE.search(name):
        faults.append(
            (
                "name_space",
                f"户名「{name}」含空格；请删除",
                f"The name {name!r} has a space; take it out",
            )
        )
    if _INVISIBLE.search(name):
        faults.append(
            (
                "name_invisible",
                f"户名 {name!r} 含不可见字符；请重新录入",
                f"The name {name!r} has an invisible character; type it anew",
            )
        )
    if isinstance(fmt, DelimitedFormat) and fmt.quoting == "none" and fmt.delimiter in name:
        faults.append(
            (
                "name_delimiter",
                f"户名「{name}」含分隔符 {fmt.delimiter}；请更正",
                f"The name {name!r} has the separator {fmt.delimiter}; correct it",
            )
        )
    if name[0] in fmt.name_rules.leading_forbidden:
        faults.append(
            (
                "name_leading",
                f"户名「{name}」以「{name[0]}」开头；请更正",
                f"The name {name!r} begins with {name[0]}; correct it",
            )
        )
    return faults + _encoded_faults(fmt, name)


def _encoded_faults(fmt: Format, name: str) -> list[_Said]:
    try:
        size = len(name.encode(fmt.encoding))
    except UnicodeEncodeError as error:
        odd = ascii(name[error.start : error.end])
        return [
            (
                "name_unencodable",
                f"户名中的 {odd} 不能以 {fmt.encoding} 写出；请更正",
                f"{odd} in the name cannot be written in {fmt.encoding}; correct it",
            )
        ]
    faults: list[_Said] = []
    if odd := _not_in(fmt.name_rules.charset, name):
        faults.append(
            (
                "name_charset",
                f"户名「{name}」中的「{odd}」银行系统显示不了；请登记该账户在银行的户名",
                (
                    f"The bank's programs cannot show {odd} of the name {name!r}; "
                    "record the name as the bank has it"
                ),
            )
        )
    most = fmt.name_rules.bytes_max
    if size > most:
        faults.append(
            (
                "name_too_long",
                f"户名「{name}」占 {size} 字节，最多 {most} 字节；请与银行核对户名",
                (
                    f"The name {name!r} takes {size} bytes and the bank takes {most}; "
                    "ask the bank how it writes the name"
                ),
            )
        )
    return faults


def _not_in(charset: str, text: str) -> str:
    """The characters that a character set has not."""
    if text.isascii() or _holds_all(charset, text):
        return ""
    return "".join(letter for letter in text if not _is_in(charset, letter))


def _holds_all(charset: str, text: str) -> bool:
    """Whether the whole text can be written at once, which most can."""
    if charset == "gb2312":
        return False
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _is_in(charset: str, letter: str) -> bool:
    if charset != "gb2312":
        return bool(letter.encode(charset, "ignore"))
    # By its place in the table: the middle dot of names has one there, and Python's codec of that
    # name takes it for a Japanese one.
    place = letter.encode("gbk", "ignore")
    return bool(place) and "\ufffd" not in place.decode("gb2312", "replace")


def _number_faults(fmt: Format, line: PaymentLine) -> list[_Said]:
    faults: list[_Said] = []
    if not _ACCOUNT.fullmatch(line.account):
        faults.append(
            (
                "account_format",
                "账号应为 8 至 32 位数字；请更正",
                "An account has 8 to 32 digits; correct it",
            )
        )
    if not 0 < line.amount_fen <= FEN_MAX:
        faults.append(
            (
                "amount_range",
                f"金额 {show_yuan(line.amount_fen)} 元不可发放；应大于零",
                (f"{show_yuan(line.amount_fen)} yuan cannot be paid; an amount is above zero"),
            )
        )
    needed = bool(line.resident_id) or fmt.resident_id_required
    if needed and not _RESIDENT_ID.fullmatch(line.resident_id):
        faults.append(
            (
                "resident_id_format",
                "身份证号应为 18 位或 15 位；请更正",
                "A resident id has 18 or 15 characters; correct it",
            )
        )
    return faults


def _text_faults(fmt: Format, line: PaymentLine) -> list[_Said]:
    faults: list[_Said] = []
    if fmt.bank_name_required and not line.bank_name:
        faults.append(
            (
                "bank_name_missing",
                "未登记开户银行；请在账户中补填",
                "The account's bank is not recorded; enter it with the account",
            )
        )
    if odd := _not_in(fmt.name_rules.charset, line.summary):
        faults.append(
            (
                "summary_charset",
                f"摘要中的「{odd}」银行系统显示不了；请更正项目的摘要名称",
                (
                    f"The bank's programs cannot show {odd} of the summary; "
                    "correct what the programme is called on statements"
                ),
            )
        )
    if isinstance(fmt, FixedFormat):
        faults += _width_faults(fmt, line)
    return faults


def _width_faults(fmt: FixedFormat, line: PaymentLine) -> list[_Said]:
    cells = cells_of_line(fmt, line)
    # A name's bytes are counted apart, and the mark is the format's own.
    columns = [each for each in fmt.payment.columns if each.field not in {"name", "mark"}]
    return [
        (
            "cell_too_wide",
            f"「{column.title}」超过 {column.width} 字节；请更正",
            f"{column.title} is wider than its {column.width} bytes; correct it",
        )
        for column in columns
        if not fixed.fits(fmt, column, cells[column.field])
    ]


def _seq_fault(position: int) -> _Said:
    return (
        "seq_order",
        f"第 {position} 行的序号应为 {position}；请按顺序编号",
        f"Line {position} of the file must bear the number {position}; number the lines in order",
    )


def _rows_fault(fmt: Format, count: int) -> _Said:
    most = fmt.rows.max
    return (
        "rows_too_many",
        f"共 {count} 行，银行每份文件最多收 {most} 行；请分为多份",
        f"There are {count} lines and the bank takes {most} a file; split them",
    )

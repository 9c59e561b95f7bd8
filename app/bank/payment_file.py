"""Payment files: lines checked for the bank's rules, split over files, written byte for byte alike.

The layout has no column for a reference of ours. A payout is therefore known to the bank by its
file and 序号, the line's number in that file; a reply counts for it only when account and amount
agree as well.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from app.bank.errors import LinesUnfit
from app.bank.layout import Format
from app.bank.totals import ControlTotals, control_totals
from app.core.errors import Fault
from app.core.money import FEN_MAX, show_yuan


class PaymentLine(NamedTuple):
    """One payment as the bank gets it; `seq` counts from 1 within its file."""

    seq: int
    name: str
    account: str
    amount_fen: int
    resident_id: str = ""


class FileSplit(NamedTuple):
    """How many lines each file takes; `below_minimum` when even one file is too short."""

    sizes: tuple[int, ...]
    below_minimum: bool


class LineFault(NamedTuple):
    """Why one line cannot go into the file."""

    seq: int
    code: str
    zh: str
    en: str


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


def check_lines(fmt: Format, lines: Sequence[PaymentLine]) -> list[LineFault]:
    """Every fault of every line of one file-to-be; empty when the bank can take them all."""
    faults = [LineFault(0, *_rows_fault(fmt, len(lines)))] if len(lines) > fmt.rows.max else []
    for position, line in enumerate(lines, start=1):
        if line.seq != position:
            faults.append(LineFault(line.seq, *_seq_fault(position)))
        faults.extend(LineFault(line.seq, *fault) for fault in name_faults(fmt, line.name))
        faults.extend(LineFault(line.seq, *fault) for fault in _number_faults(fmt, line))
    return faults


def write_payment_file(fmt: Format, lines: Sequence[PaymentLine]) -> PaymentFile:
    """One file of the lines in the order given; the same lines always give the same bytes.

    Raises LinesUnfit with every fault before anything is written.
    """
    if not lines:
        raise LinesUnfit("没有可写入的发放明细。", "There are no lines to write.")
    if faults := check_lines(fmt, lines):
        raise LinesUnfit(
            f"有 {len(faults)} 处不合银行格式，文件未生成。请逐行更正后重试。",
            f"{len(faults)} faults against the bank's format, so no file was made. "
            "Correct each line and try again.",
            faults=[Fault(f.code, f.zh, f.en, f"line {f.seq}") for f in faults],
        )
    rows = [fmt.join([column.title for column in fmt.payment.columns])] if fmt.header else []
    rows.extend(render(fmt, line) for line in lines)
    content = "".join(row + fmt.newline for row in rows).encode(fmt.encoding)
    return PaymentFile(content, sha256(content).digest(), control_totals(lines))


def render(fmt: Format, line: PaymentLine) -> str:
    """One line as it stands in the file, without its line ending."""
    cells = {
        "seq": str(line.seq),
        "name": line.name,
        "account": line.account,
        "amount": show_yuan(line.amount_fen),
        "resident_id": line.resident_id,
    }
    return fmt.join([cells[column.field] for column in fmt.payment.columns])


_Said = tuple[str, str, str]  # code, zh, en

_SPACE = re.compile(r"\s")
# Control and invisible characters: a bank's program drops them, and then the name differs.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_ACCOUNT = re.compile(r"[0-9]{8,32}", re.ASCII)
_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}", re.ASCII)


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
    if fmt.delimiter in name:
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
    most = fmt.name_rules.bytes_max
    if size <= most:
        return []
    return [
        (
            "name_too_long",
            f"户名「{name}」占 {size} 字节，最多 {most} 字节；请与银行核对户名",
            (
                f"The name {name!r} takes {size} bytes and the bank takes {most}; "
                "ask the bank how it writes the name"
            ),
        )
    ]


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

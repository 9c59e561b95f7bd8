"""What a return file's head and trailer say of the whole, held against its lines."""

from collections.abc import Callable, Iterator

import polars as pl

from app.bank.errors import BankRefusedFile, FileCodeUnknown, ReturnFileBroken
from app.bank.layout import RowFormat, titles
from app.bank.parts import FileKind
from app.bank.records import Figures, Record, RecordField, is_record, read_record
from app.bank.return_lines import is_unlisted
from app.bank.rows import Rows, cells_of
from app.bank.totals import ControlTotals
from app.bank.vocabulary import FileSays
from app.core.errors import Fault
from app.core.money import show_yuan

_SHOWN_CHARS = 40


def take_records(fmt: RowFormat, rows: Rows) -> Figures:
    """Takes head and trailer off the rows; what they say.

    Raises ReturnFileBroken where one is missing or cut off.
    """
    said: dict[RecordField, int | str] = {}
    layout = fmt.returned
    for record, first, zh in ((layout.head, True, "首行"), (layout.trailer, False, "末行")):
        if record is not None:
            said |= _take(fmt, rows, record, zh, first=first)
    return said


def refuse_as_bank_did(fmt: RowFormat, kind: FileKind, said: Figures) -> None:
    """Raises BankRefusedFile where the bank says it has not taken the payment file.

    Raises FileCodeUnknown where a reply does not say whether it has in a code that is known.
    """
    if "file_code" not in said:
        return
    code = str(said["file_code"])
    known = fmt.returned.file_codes_by_text.get(code)
    if known is None and kind == "reply":
        raise FileCodeUnknown(code[:_SHOWN_CHARS])
    if known and known.says == "refused":
        raise BankRefusedFile(code, known.zh, known.en)


def check_figures(
    fmt: RowFormat, kind: FileKind, said: Figures, *, table: pl.DataFrame, totals: ControlTotals
) -> list[Fault]:
    """Every figure that differs from the lines, both figures in it."""
    failures = kind == "reply" and fmt.returned.replies == "failures_only"
    found: dict[RecordField, int | str] = {
        "failed_count" if failures else "count": totals.count,
        "failed_sum" if failures else "sum": totals.sum_fen,
        "accounts": totals.accounts_sha256.hex(),
    }
    faults = [*_not_closing(said), *_listed_as_paid(table)] if failures else []
    faults += [_differs(field, said[field], of) for field, of in found.items()
               if field in said and said[field] != of]  # fmt: skip
    if kind == "reply" and "file_code" in said:
        faults += _file_code_faults(fmt, str(said["file_code"]), table)
    return faults


def _take(
    fmt: RowFormat, rows: Rows, record: Record, zh: str, *, first: bool
) -> dict[RecordField, int | str]:
    number, raw = (1, "") if not len(rows) else rows.take_first() if first else rows.take_last()
    cells = cells_of(fmt, raw, record.columns) if raw else None
    if cells is None or not is_record(record, cells):
        named = " ".join(titles(record.columns))
        en = f"the {'first' if first else 'last'} line must be its record of {named}"
        raise _broken([_fault("record_missing", number, f"{zh}应为「{named}」记录", en)])
    read, unread = read_record(record, fmt.sums, cells)
    if unread:
        raise _broken(
            [
                _fault(
                    "record_unread", number, f"「{one.title}」读不出", f"{one.title} is unreadable"
                )
                for one in unread
            ]
        )
    return read


def _not_closing(said: Figures) -> Iterator[Fault]:
    shows: tuple[tuple[RecordField, RecordField, RecordField, Callable[[int], str]], ...] = (
        ("paid_count", "failed_count", "count", str),
        ("paid_sum", "failed_sum", "sum", show_yuan),
    )
    for paid, failed, whole, show in shows:
        together, all_sent = int(said[paid]) + int(said[failed]), int(said[whole])
        if together != all_sent:
            yield Fault(
                "not_closing",
                f"成功与失败合计 {show(together)}，总数为 {show(all_sent)}",
                f"paid and failed come to {show(together)} and the whole is {show(all_sent)}",
                whole,
            )


def _listed_as_paid(table: pl.DataFrame) -> Iterator[Fault]:
    for line_no in table.filter(pl.col("outcome") == "paid")["line_no"]:
        zh, en = "失败清单中列有成功明细", "a list of failures holds a paid line"
        yield _fault("paid_listed", line_no, zh, en)


def _differs(field: RecordField, said: int | str, found: int | str) -> Fault:
    ours, theirs = found, said
    if field.endswith("sum") and isinstance(said, int) and isinstance(found, int):
        ours, theirs = show_yuan(found), show_yuan(said)
    return Fault(
        "record_differs",
        f"合计记录的 {field} 为 {theirs}，明细为 {ours}",
        f"the record says {field} {theirs} and the lines come to {ours}",
        field,
        {"said": theirs, "found": ours},
    )


def _file_code_faults(fmt: RowFormat, code: str, table: pl.DataFrame) -> Iterator[Fault]:
    known = fmt.returned.file_codes_by_text[code]
    if not _agrees(known.says, table):
        zh = f"整份返回码「{code}」（{known.zh}）与明细不符"
        en = f"the code {code!r} for the whole file ({known.en}) is not what the lines say"
        yield Fault("file_code_differs", zh, en, "file_code")


def _agrees(says: FileSays, table: pl.DataFrame) -> bool:
    # A line whose word is not known may turn out to be either.
    counts = table.select((pl.col("outcome") == "paid").sum(), unheard=is_unlisted().sum())
    paid, unheard = (int(count) for count in counts.row(0))
    not_paid = table.height - paid - unheard
    if says == "all_paid":
        return not_paid == 0
    if says == "all_failed":
        return paid == 0
    return paid + unheard > 0 and not_paid + unheard > 0


def _broken(faults: list[Fault]) -> ReturnFileBroken:
    return ReturnFileBroken(
        "回盘文件的首尾记录不符或被截断，整份未接收。请确认格式，或请银行重发。",
        "The return file's head or trailer is wrong or cut off, so nothing of it was taken. Check "
        "that the format is right, or ask the bank for the file again.",
        faults=faults,
    )


def _fault(code: str, number: int, zh: str, en: str) -> Fault:
    return Fault(code, f"第 {number} 行：{zh}", f"Line {number}: {en}", f"line {number}")

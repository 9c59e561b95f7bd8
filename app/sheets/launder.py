"""From what a school typed to a typed value, or to a fault that says what to write instead.

Folding is narrow on purpose: full-width letters, digits and signs (U+FF01–FF5E) and the
ideographic space. Unicode's own compatibility folding would change characters of rare names.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal

ColumnKind = Literal["text", "identity", "card", "integer", "money", "yes_no", "grade", "date"]
Laundered = str | int | bool | date | None


@dataclass(frozen=True)
class CellFault:
    """What is wrong with one cell; `code` is stable, the sentences are shown to the school."""

    code: str
    zh: str
    en: str


_SPACES = r"\s\u00a0\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\u3000\ufeff"
_SPACE = re.compile(f"[{_SPACES}]+")
_LEADING = re.compile(f"^[{_SPACES}'‘’＇`]+")
_TRAILING = re.compile(f"[{_SPACES}]+$")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_HAN = r"㐀-䶿一-鿿豈-﫿𠀀-𳑿〇"
_SHORT_HAN = re.compile(f"[{_HAN}]{{2,4}}")
_DOTS = str.maketrans(dict.fromkeys("•・‧∙⋅･●", "·"))
_BETWEEN_DOTS = re.compile(f"[{_SPACES}]*·[{_SPACES}]*")
_WIDE_SPACE = 0x3000
_ALL_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {_WIDE_SPACE: ord(" ")}
# In running text full-width brackets and commas are proper Chinese; only these are slips.
_WIDE_WORDS = {
    code: plain for code, plain in _ALL_WIDE.items() if chr(plain).isalnum() or code == _WIDE_SPACE
}
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?[eE]\+?[0-9]+", re.ASCII)
_DIGITS_KEPT = 15  # so many digits a numeric cell keeps
_CLEAN_TEXT = re.compile(f"[{_HAN}A-Za-z0-9]*")

CONTROL = CellFault(
    "control_character",
    "单元格中有看不见的控制字符；请删去后重新输入",
    "The cell holds invisible control characters; clear it and type it again",
)
_AS_NUMBER_ZH = "按数值保存，末尾几位已被 Excel 改掉；请把该列设为文本后重新录入"
_AS_NUMBER_EN = (
    "is kept as a number, whose last digits Excel has already changed; "
    "format the column as text and type it again"
)
ID_SCIENTIFIC = CellFault("id_scientific", f"证件号码{_AS_NUMBER_ZH}", f"The id {_AS_NUMBER_EN}")
CARD_SCIENTIFIC = CellFault(
    "card_scientific", f"银行账号{_AS_NUMBER_ZH}", f"The account number {_AS_NUMBER_EN}"
)


def is_number(cell: object) -> bool:
    """Whether the sheet kept the cell as a number (with or without a point)."""
    return not isinstance(cell, str | bool | date | time | timedelta) and cell is not None


def number_text(cell: object) -> str:
    """A numeric cell as plain digits: 2.0 → ``2``, 4100.5 → ``4100.5``."""
    written = str(cell)
    whole = written.removesuffix(".0")
    if whole.isdigit() and len(whole) <= _DIGITS_KEPT:  # most cells, without the long way
        return whole
    value = Decimal(written)
    if not value.is_finite():
        return str(cell)
    rounded = value.quantize(Decimal("1e-6")) if abs(value) < 10**_DIGITS_KEPT else value
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(cell: object) -> str:
    """Any cell as text, as the school sees it; dates in ISO form."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return "" if cell is None else number_text(cell)


def text(cell: object) -> Laundered | CellFault:
    """Text without padding: spaces inside short Chinese names go, other runs become one space."""
    if isinstance(cell, str) and _CLEAN_TEXT.fullmatch(cell):
        return cell or None
    value = _trim(plain(cell).translate(_WIDE_WORDS).translate(_DOTS))
    if _CONTROL.search(value):
        return CONTROL
    value = _BETWEEN_DOTS.sub("·", value)
    joined = _SPACE.sub("", value)
    if _SHORT_HAN.fullmatch(joined):
        return joined
    return _SPACE.sub(" ", value) or None


def _trim(value: str) -> str:
    return _TRAILING.sub("", _LEADING.sub("", value))


def _tight(cell: object) -> str:
    """Folded, with no space or leading apostrophe anywhere: for numbers and marks."""
    value = cell if isinstance(cell, str) else plain(cell)
    if value.isascii() and value.isalnum():
        return value
    return _LEADING.sub("", _SPACE.sub("", value.translate(_ALL_WIDE)))


def _number_like(cell: object, fault: CellFault) -> str | CellFault:
    if not isinstance(cell, str):
        return fault
    value = _tight(cell)
    if _CONTROL.search(value):
        return CONTROL
    return fault if _SCIENTIFIC.fullmatch(value) else value


def identity(cell: object) -> Laundered | CellFault:
    """An id without spaces, its x in upper case; a numeric cell is `id_scientific`.

    Digits are not checked here: `app.core.identity` does that for whoever stores them.
    """
    value = _number_like(cell, ID_SCIENTIFIC)
    return value if isinstance(value, CellFault) else value.upper() or None


def card(cell: object) -> Laundered | CellFault:
    """An account number without spaces or hyphens; a numeric cell is `card_scientific`."""
    value = _number_like(cell, CARD_SCIENTIFIC)
    if isinstance(value, CellFault):
        return value
    digits = value.replace("-", "")
    return CARD_SCIENTIFIC if _SCIENTIFIC.fullmatch(digits) else digits or None


_INTEGER = re.compile(r"[+-]?[0-9]{1,15}(\.0+)?", re.ASCII)
_CHINESE = {word: number for number, word in enumerate("零一二三四五六七八九十")} | {
    "十一": 11,
    "十二": 12,
    "两": 2,
}
_COUNTED = "人口个名"


def integer(cell: object) -> Laundered | CellFault:
    """2.0, ``"２"``, ``"二"`` and ``"4人"`` → an int."""
    value = _tight(cell)
    if not value:
        return None
    value = value.rstrip(_COUNTED)
    if value in _CHINESE:
        return _CHINESE[value]
    if isinstance(cell, bool) or not _INTEGER.fullmatch(value):
        return CellFault("integer_format", "应填整数，例如 4", "Write a whole number, such as 4")
    return int(value.split(".")[0])


_YUAN = re.compile(r"[+-]?(?:[0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]+)?", re.ASCII)
_MONEY = CellFault(
    "money_format",
    "应填以元为单位的金额，最多两位小数，例如 4100.00",
    "Write an amount in yuan with at most two decimals, such as 4100.00",
)


def money(cell: object) -> Laundered | CellFault:
    """Yuan → fen: 4100.0, ``"4,100"``, ``"¥4100.50元"``; negative amounts pass."""
    value = _tight(cell)
    if not value:
        return None
    value = value.lstrip("¥￥").removesuffix("元")
    if isinstance(cell, bool) or not _YUAN.fullmatch(value):
        return _MONEY
    try:
        fen = Decimal(value.replace(",", "")) * 100
    except InvalidOperation:
        return _MONEY
    return int(fen) if fen == int(fen) else _MONEY


_TRUE = frozenset({"√", "✓", "✔", "☑", "是", "有", "对", "y", "yes", "true", "1", "住校", "寄宿"})
_FALSE = frozenset(
    {"×", "✗", "✘", "✕", "☒", "否", "无", "没有", "不是", "n", "no", "false", "0", "x"}
)


def yes_no(cell: object) -> Laundered | CellFault:
    """√ 是 有 Y → True, × 否 无 N → False, blank → missing; anything else is unclear."""
    value = _tight(cell).lower()
    if not value:
        return None
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    return CellFault("yes_no_unclear", "应填「是」或「否」（或 √、×）", "Write 是 or 否 (or √, ×)")


_GRADE = re.compile(
    r"(小学|小|初中|初|普高|高中|高|中职|职高|中专|职)?([0-9]{1,2}|[一二三四五六七八九十]{1,2})"
    r"(?:年级|年)?"
)
_JUNIOR = frozenset({"初中", "初"})
_PRIMARY = frozenset({"小学", "小"})
_GRADES_OF_STAGE = 3
_FIRST_JUNIOR_GRADE = 7


def grade(cell: object) -> Laundered | CellFault:
    """A grade as an int: ``"2"``, ``"二年级"`` → 2; ``"七年级"`` → 7; 初二 → 8; 高一, 职一 → 10.

    A bare number stays as it is written, be it counted within the school or from primary on.
    """
    value = _tight(cell)
    if not value:
        return None
    found = _GRADE.fullmatch(value.removesuffix(".0"))
    number = _grade_number(found) if found else None
    if number is not None:
        return number
    return CellFault(
        "grade_unclear", "年级看不懂；应填例如 3、三年级、初二", "Write a grade such as 3 or 三年级"
    )


def _grade_number(found: re.Match[str]) -> int | None:
    stage, word = found.groups()
    number = int(word) if word.isdigit() else _CHINESE.get(word)
    if number is None or stage is None or stage in _PRIMARY:
        return number
    if number <= _GRADES_OF_STAGE:
        return number + (6 if stage in _JUNIOR else 9)
    # 初中七年级 is 7; but 初四, of schools with five primary years, could be either of two.
    return number if number >= _FIRST_JUNIOR_GRADE else None


_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:T?[0:]+)?", re.ASCII)
_COMPACT_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def day(cell: object) -> Laundered | CellFault:
    """2008-4-20, 2008年4月20日, 20080420 or a date of Excel → a date."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    value = _tight(cell)
    if not value:
        return None
    found = _DAY.fullmatch(value) or _COMPACT_DAY.fullmatch(value)
    if found:
        year, month, number = map(int, found.groups())
        try:
            if _FIRST_YEAR <= year <= _LAST_YEAR:
                return date(year, month, number)
        except ValueError:
            pass
    return CellFault(
        "date_unclear", "日期看不懂；应填例如 2008-04-20", "Write a date such as 2008-04-20"
    )


LAUNDERERS: dict[ColumnKind, Callable[[object], Laundered | CellFault]] = {
    "text": text,
    "identity": identity,
    "card": card,
    "integer": integer,
    "money": money,
    "yes_no": yes_no,
    "grade": grade,
    "date": day,
}

"""Figures as ISO 20022 writes them."""

import re
from datetime import date

from app.bank.iso.streaming import broken
from app.core.money import FEN_MAX

_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,5}))?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,15}", re.ASCII)
_SHOWN_CHARS = 40


def read_yuan(text: str, line: int | None) -> int:
    """`312.5`, `312` or `312.50000` yuan as fen; the standard allows five decimals.

    Raises MessageBroken for anything else, also for a part of a fen.
    """
    found = _AMOUNT.fullmatch(text)
    decimals = (found[2] or "").ljust(2, "0") if found else ""
    if not found or decimals[2:].strip("0") or int(found[1]) > FEN_MAX // 100:
        shown = text[:_SHOWN_CHARS]
        raise broken(line, f"「{shown}」不是以分计的金额", f"{shown!r} is no amount in whole fen")
    return int(found[1]) * 100 + int(decimals[:2])


def read_count(text: str, line: int | None) -> int:
    """A count of payments. Raises MessageBroken."""
    if not _COUNT.fullmatch(text):
        shown = text[:_SHOWN_CHARS]
        raise broken(line, f"「{shown}」不是笔数", f"{shown!r} is no count")
    return int(text)


def read_day(text: str, line: int | None) -> date:
    """A day, also of a moment such as `2008-04-01T10:00:00+08:00`. Raises MessageBroken."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        shown = text[:_SHOWN_CHARS]
        raise broken(line, f"「{shown}」不是日期", f"{shown!r} is no day") from None

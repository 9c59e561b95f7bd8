"""Money is whole fen inside, yuan as a decimal string (``"312.50"``) outside; never a float."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

FEN_MAX = 10**15 - 1  # above any budget, far below BIGINT's end, and 13 digits of yuan
BASIS_POINTS = 10_000

_YUAN = re.compile(r"-?(0|[1-9][0-9]{0,12})\.[0-9]{2}", re.ASCII)


def parse_yuan(text: str) -> int:
    """``"312.50"`` → 31250 fen. Raises ValueError unless digits, a dot and two decimals."""
    if not _YUAN.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount in yuan with two decimals, such as 312.50")
    return int(text.replace(".", ""))


def show_yuan(fen: int) -> str:
    """31250 fen → ``"312.50"``."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole}.{rest:02d}"


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "兆")


def in_capitals(fen: int) -> str:
    """31250 fen → `叁佰壹拾贰元伍角整`, as a payment order is written (支付结算办法附件一).

    Raises ValueError below zero.
    """
    if fen < 0:
        raise ValueError("an amount below zero is not written out")
    yuan, (jiao, odd) = fen // 100, divmod(fen % 100, 10)
    text = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not odd:
        return f"{text or '零元'}整"
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif yuan:
        text += "零"
    return f"{text}{_DIGITS[odd]}分" if odd else f"{text}整"


def _whole(number: int) -> str:
    """The digits by groups of four; zeros in a row are read once, and none before 元."""
    text, gap = "", False
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _PLACES[place % 4]
            gap = False
        else:
            gap = True
        if place % 4 == 0 and number // 10**place % 10_000:
            text += _GROUPS[place // 4]
    return text


def split(fen: int, parts: int) -> list[int]:
    """The amount in equal parts that sum to it; the earlier parts take the odd fen."""
    if parts < 1 or fen < 0:
        raise ValueError("a split needs at least one part and an amount that is not negative")
    each, odd = divmod(fen, parts)
    return [each + 1] * odd + [each] * (parts - odd)


def split_by_basis_points(fen: int, basis_points: Sequence[int]) -> list[int]:
    """Shares of an amount that sum to it; each is rounded down and the first shares take the rest.

    Raises ValueError when the basis points do not sum to 10 000.
    """
    if sum(basis_points) != BASIS_POINTS or any(part < 0 for part in basis_points):
        raise ValueError("shares must sum to 10000 basis points")
    shares = [fen * part // BASIS_POINTS for part in basis_points]
    taking = [place for place, part in enumerate(basis_points) if part]
    for place in taking[: fen - sum(shares)]:
        shares[place] += 1
    return shares


def _read(value: Any) -> Any:  # pydantic hands over whatever the caller sent
    if isinstance(value, str):
        return parse_yuan(value)
    # ValueError, for pydantic turns no other kind into a refusal of the field.
    raise ValueError('an amount is a string such as "312.50", not a number')


def _from_fen(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return _read(value)


_SCHEMA = {
    "type": "string",
    "pattern": r"^-?(0|[1-9][0-9]{0,12})\.[0-9]{2}$",
    "examples": ["312.50"],
}

Yuan = Annotated[
    int,
    BeforeValidator(_read),
    PlainSerializer(show_yuan, return_type=str),
    WithJsonSchema(_SCHEMA),
]
"""A request's amount: a string of yuan in, fen in Python, a string of yuan out."""

YuanOut = Annotated[
    int,
    BeforeValidator(_from_fen),
    PlainSerializer(show_yuan, return_type=str),
    WithJsonSchema(_SCHEMA),
]
"""A reply's amount: built from fen, written as a string of yuan."""

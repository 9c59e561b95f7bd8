"""Resident ids, bank cards and passbooks: their check digits, what they say, how they are masked.

Every check exists for one value and as a polars expression over a column; both give one answer.
Letters are expected folded (half-width, upper-case X) and free of spaces.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl
from stdnum.cn.ric import calc_check_digit, get_birth_date
from stdnum.exceptions import InvalidComponent

Sex = Literal["male", "female"]
AccountKind = Literal["card", "passbook", "social_card"]

_LONG = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_SHORT = re.compile(r"[1-9][0-9]{14}", re.ASCII)
_CARD = re.compile(r"[0-9]{12,19}", re.ASCII)
_PASSBOOK = re.compile(r"[0-9]{10,25}", re.ASCII)
_EARLIEST_YEAR = 1900
_SHOWN = 4
SHORTEST_ID = 15


@dataclass(frozen=True)
class IdentityFault:
    """Why a number cannot be what it claims to be; `code` is stable, the sentences are shown."""

    code: str
    zh: str
    en: str


ID_FORMAT = IdentityFault(
    "id_format",
    "居民身份证号应为 18 位（或旧式 15 位）且含有效的出生日期；请对照户口簿或身份证更正",
    "A resident id has 18 digits (or 15 of the old kind) with a real birth date; "
    "correct it from the household register or the card",
)
ID_CHECKSUM = IdentityFault(
    "id_checksum",
    "居民身份证号的校验码不对，至少有一位写错；请对照户口簿或身份证更正",
    "The resident id's check digit does not fit, so at least one digit is wrong; "
    "correct it from the household register or the card",
)
CARD_LUHN = IdentityFault(
    "card_luhn",
    "银行卡号的校验位不对，至少有一位写错；请对照卡面更正",
    "The card number's check digit does not fit, so at least one digit is wrong; "
    "correct it from the card itself",
)
CARD_FORMAT = IdentityFault(
    "card_format",
    "银行卡号应为 12 至 19 位数字；请对照卡面更正",
    "A card number has 12 to 19 digits; correct it from the card itself",
)
PASSBOOK_FORMAT = IdentityFault(
    "passbook_format",
    "存折账号应为 10 至 25 位数字；请对照存折更正",
    "A passbook number has 10 to 25 digits; correct it from the passbook",
)


def check_resident_id(text: str) -> str | IdentityFault:
    """The 18-digit form of a resident id (GB 11643), or what is wrong with it.

    Fifteen digits become eighteen (19 before the year). Regions are not looked up: the lists at
    hand lack counties that real people come from.
    """
    number = text.upper()
    if _SHORT.fullmatch(number):
        body = number[:6] + "19" + number[6:]
        number = body + calc_check_digit(body + "0")
    elif not _LONG.fullmatch(number):
        return ID_FORMAT
    if not _is_born(number):
        return ID_FORMAT
    return number if number[-1] == calc_check_digit(number) else ID_CHECKSUM


def _is_born(number: str) -> bool:
    try:
        return get_birth_date(number).year >= _EARLIEST_YEAR
    except InvalidComponent:
        return False


def birth_date_of(resident_id: str) -> date:
    """The birth date inside a checked 18-digit id. Raises ValueError when there is none."""
    try:
        return get_birth_date(resident_id)
    except InvalidComponent as error:
        raise ValueError("the id holds no birth date") from error


def sex_of(resident_id: str) -> Sex:
    """What the seventeenth digit of a checked 18-digit id says: odd is male."""
    return "male" if int(resident_id[16]) % 2 else "female"


def luhn_ok(number: str) -> bool:
    """Whether a string of digits ends in its Luhn check digit (ISO/IEC 7812)."""
    if not (number.isascii() and number.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def check_account(number: str, kind: AccountKind) -> str | IdentityFault:
    """The account number itself, or what is wrong with it: cards need Luhn, passbooks have none."""
    if kind == "passbook":
        return number if _PASSBOOK.fullmatch(number) else PASSBOOK_FORMAT
    if not _CARD.fullmatch(number):
        return CARD_FORMAT
    return number if luhn_ok(number) else CARD_LUHN


# Vectorised: the same answers over a column, for sheets of a hundred thousand rows.


def resident_id_long(column: pl.Expr) -> pl.Expr:
    """Ids in their 18-digit form: 15 digits are lengthened, all else is left as it is."""
    body = column.str.slice(0, 6) + pl.lit("19") + column.str.slice(6, 9)
    lengthened = body + _check_digit(body)
    short = column.str.contains(r"^[1-9][0-9]{14}$")
    return pl.when(short).then(lengthened).otherwise(column.str.to_uppercase())


def resident_id_shaped(column: pl.Expr) -> pl.Expr:
    """True where an 18-digit id has the digits and a birth date; false there is `id_format`."""
    shape = column.str.contains(r"^[1-9][0-9]{16}[0-9X]$")
    born = column.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
    plausible = (born >= pl.date(_EARLIEST_YEAR, 1, 1)).fill_null(value=False)
    return _where_given(column, shape & plausible)


def resident_id_ok(column: pl.Expr) -> pl.Expr:
    """True where an 18-digit id is shaped and its check digit fits; null stays null."""
    body = column.str.slice(0, 17)
    fits = column.str.slice(17, 1) == _check_digit(body)
    return _where_given(column, resident_id_shaped(column) & fits.fill_null(value=False))


def _where_given(column: pl.Expr, answer: pl.Expr) -> pl.Expr:
    return pl.when(column.is_not_null()).then(answer)


def _check_digit(body: pl.Expr) -> pl.Expr:
    # ISO 7064 MOD 11-2, position weights 2^(17 - place) mod 11.
    total = pl.lit(0, dtype=pl.Int64)
    for place in range(17):
        digit = body.str.slice(place, 1).cast(pl.Int64, strict=False)
        total = total + digit * (pow(2, 17 - place, 11))
    return ((12 - total % 11) % 11).replace_strict(
        list(range(11)), [*"0123456789X"], return_dtype=pl.String, default=None
    )


def luhn_ok_expr(column: pl.Expr) -> pl.Expr:
    """True where a column of digits (at most 25) ends in its Luhn check digit; null stays null."""
    # Padding on the left with zeros changes no sum and gives every digit a fixed place.
    padded = column.str.zfill(25)
    total = pl.lit(0, dtype=pl.Int64)
    for place in range(25):
        digit = padded.str.slice(place, 1).cast(pl.Int64, strict=False)
        doubled = digit * 2 // 10 + digit * 2 % 10
        total = total + (doubled if place % 2 else digit)
    fits = (total % 10 == 0).fill_null(value=False)
    return _where_given(column, column.str.contains(r"^[0-9]{1,25}$") & fits)


def account_ok_expr(column: pl.Expr, kind: AccountKind) -> pl.Expr:
    """True where the number could be an account of that kind; null stays null."""
    if kind == "passbook":
        return column.str.contains(r"^[0-9]{10,25}$")
    return column.str.contains(r"^[0-9]{12,19}$") & luhn_ok_expr(column)


def birth_on_expr(column: pl.Expr) -> pl.Expr:
    """The birth dates inside 18-digit ids; null where there is none."""
    return column.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)


def sex_expr(column: pl.Expr) -> pl.Expr:
    """What the seventeenth digit of 18-digit ids says: odd is male; null where there is none."""
    digit = column.str.slice(16, 1).cast(pl.Int64, strict=False)
    return pl.when(digit % 2 == 1).then(pl.lit("male")).when(digit % 2 == 0).then(pl.lit("female"))


def mask_id(resident_id: str) -> str:
    """``"370811199208225872"`` → ``"3708**********5872"``; anything short is hidden whole."""
    if len(resident_id) < SHORTEST_ID:
        return "*" * len(resident_id)
    hidden = len(resident_id) - 2 * _SHOWN
    return resident_id[:_SHOWN] + "*" * hidden + resident_id[-_SHOWN:]


def mask_account(number: str) -> str:
    """All but the last four digits hidden; anything short is hidden whole."""
    if len(number) <= 2 * _SHOWN:
        return "*" * len(number)
    return "*" * (len(number) - _SHOWN) + number[-_SHOWN:]

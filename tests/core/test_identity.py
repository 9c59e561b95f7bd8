"""Resident ids and account numbers: one value and a column get the same answer."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.identity import (
    IdentityFault,
    account_ok_expr,
    birth_date_of,
    check_account,
    check_resident_id,
    luhn_ok,
    luhn_ok_expr,
    mask_account,
    mask_id,
    resident_id_long,
    resident_id_ok,
    resident_id_shaped,
    sex_of,
)

GOOD = "370811199208225872"
WRONG = {
    "370811199212062681": "id_checksum",
    "370811199202305872": "id_format",
    "370811189908225872": "id_format",
    "37081119920822587": "id_format",
    "3708111992082258722": "id_format",
    "37081119920822587２": "id_format",
    "070811199208225872": "id_format",
    "370811920230587": "id_format",
    "": "id_format",
}


def code(answer: object) -> str:
    return answer.code if isinstance(answer, IdentityFault) else ""


def test_a_good_id_is_itself_in_every_county() -> None:
    assert check_resident_id(GOOD) == GOOD
    assert check_resident_id("37081119950309879x") == "37081119950309879X"
    for county in ("370882", "370883"):
        long = check_resident_id(f"{county}920822587")
        assert isinstance(long, str)
        assert check_resident_id(long) == long


def test_fifteen_digits_become_eighteen() -> None:
    assert check_resident_id("370811920822587") == GOOD


@pytest.mark.parametrize(("number", "wanted"), WRONG.items())
def test_a_wrong_id_says_what_is_wrong(number: str, wanted: str) -> None:
    assert code(check_resident_id(number)) == wanted


NEAR_IDS = r"3708[0-9]{2}(19|20)[0-9]{2}(0[0-9]|1[0-3])[0-3][0-9]{4}[0-9X]"


@given(st.from_regex(NEAR_IDS, fullmatch=True))
def test_a_column_of_ids_gets_the_same_answer(number: str) -> None:
    answer = check_resident_id(number)
    frame = pl.DataFrame({"id": [number, None, number[:6] + number[8:17]]})
    long = frame.select(resident_id_long(pl.col("id")))
    ok = long.select(resident_id_ok(pl.col("id")))["id"].to_list()
    shaped = long.select(resident_id_shaped(pl.col("id")))["id"].to_list()
    assert ok[:2] == [isinstance(answer, str), None]
    assert shaped[0] == (code(answer) != "id_format")
    short = check_resident_id(number[:6] + number[8:17])
    assert ok[2] == isinstance(short, str)
    if isinstance(short, str):
        assert long["id"][2] == short


def test_wrong_ids_are_wrong_in_a_column_too() -> None:
    column = pl.DataFrame({"id": list(WRONG)}).select(resident_id_long(pl.col("id")))
    assert not column.select(resident_id_ok(pl.col("id")))["id"].any()


def test_birth_date_and_sex_are_read_from_the_id() -> None:
    assert birth_date_of(GOOD) == date(1992, 8, 22)
    assert sex_of(GOOD) == "male"
    assert sex_of("370811199901125888") == "female"
    with pytest.raises(ValueError, match="no birth date"):
        birth_date_of("370811199902305888")


@given(st.from_regex(r"[0-9]{1,25}", fullmatch=True))
def test_luhn_over_a_column_is_luhn_of_each(number: str) -> None:
    frame = pl.DataFrame({"n": [number, "12a", None]})
    assert frame.select(luhn_ok_expr(pl.col("n")))["n"].to_list() == [luhn_ok(number), False, None]


def test_accounts_by_kind() -> None:
    assert check_account("6228489282480527931", "card") == "6228489282480527931"
    assert code(check_account("6228489282480527932", "card")) == "card_luhn"
    assert code(check_account("6228489282480527932", "social_card")) == "card_luhn"
    assert code(check_account("62284892824", "card")) == "card_format"
    assert check_account("903730642279193", "passbook") == "903730642279193"
    assert code(check_account("1" * 9, "passbook")) == "passbook_format"
    assert check_account("1" * 10, "passbook") == "1" * 10
    assert check_account("1" * 25, "passbook") == "1" * 25
    assert code(check_account("1" * 26, "passbook")) == "passbook_format"
    frame = pl.DataFrame({"n": ["6228489282480527931", "6228489282480527932", "1" * 10]})
    cards = frame.select(account_ok_expr(pl.col("n"), "card"))["n"].to_list()
    books = frame.select(account_ok_expr(pl.col("n"), "passbook"))["n"].to_list()
    assert (cards, books) == ([True, False, False], [True, True, True])


def test_masks_show_only_the_ends() -> None:
    assert mask_id(GOOD) == "3708**********5872"
    assert mask_id("123") == "***"
    assert mask_account("6228489282480527931") == "***************7931"
    assert mask_account("12345678") == "********"

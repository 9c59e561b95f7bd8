"""A sealed column opens only in its own place, and equal texts can be found without opening."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from app.core import crypto, ids, settings

ID = "11010519491231002X"


@pytest.fixture(params=["aes-256-gcm", "sm4-gcm"])
def cipher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AID_CIPHER", request.param)
    settings.get.cache_clear()
    yield request.param
    settings.get.cache_clear()


def test_a_sealed_text_opens_in_its_place(cipher: str) -> None:
    record = ids.new()
    sealed = crypto.encrypt(ID, table="student", column="resident_id", record=record)
    assert ID.encode() not in sealed
    assert sealed[0] == (1 if cipher == "aes-256-gcm" else 2)
    opened = crypto.decrypt(sealed, table="student", column="resident_id", record=record)
    assert opened == ID


def test_many_sealed_at_once_open_one_by_one_and_back_at_once(cipher: str) -> None:
    assert cipher
    place = {"table": "student", "column": "resident_id"}
    records = ids.new_texts(3)
    sealed = crypto.encrypt_many([ID, None, "赵"], **place, records=records)
    assert sealed[1] is None
    there = [each for each in sealed if each is not None]
    assert len({each[:14] for each in there}) == 2  # each with a nonce of its own
    opened = [
        crypto.decrypt(each, **place, record=UUID(records[at]))
        for at, each in zip((0, 2), there, strict=True)
    ]
    assert opened == [ID, "赵"]
    assert crypto.decrypt_many(there, **place, records=[records[0], records[2]]) == opened
    with pytest.raises(crypto.CiphertextBroken):
        crypto.decrypt_many(there, **place, records=records[:2])


@pytest.mark.parametrize(
    ("table", "column", "same_record"),
    [
        ("student", "resident_id", False),
        ("student", "telephone", True),
        ("bank_account", "resident_id", True),
    ],
)
def test_a_ciphertext_moved_elsewhere_does_not_open(
    cipher: str, table: str, column: str, same_record: bool
) -> None:
    record = ids.new()
    sealed = crypto.encrypt(ID, table="student", column="resident_id", record=record)
    elsewhere: UUID = record if same_record else ids.new()
    with pytest.raises(crypto.CiphertextBroken):
        crypto.decrypt(sealed, table=table, column=column, record=elsewhere)


@pytest.mark.parametrize("place", [2, 14, -1])
def test_one_flipped_byte_is_noticed(cipher: str, place: int) -> None:
    record = ids.new()
    sealed = bytearray(crypto.encrypt(ID, table="t", column="c", record=record))
    sealed[place] ^= 1
    with pytest.raises(crypto.CiphertextBroken):
        crypto.decrypt(bytes(sealed), table="t", column="c", record=record)


def test_equal_texts_are_sealed_differently_and_indexed_alike() -> None:
    record = ids.new()
    once, twice = (crypto.encrypt(ID, table="t", column="c", record=record) for _ in range(2))
    assert once != twice
    first = crypto.blind_index(ID, table="t", column="c")
    assert first == crypto.blind_indexes([ID, None], table="t", column="c")[0]
    assert first != crypto.blind_index(ID, table="t", column="other")

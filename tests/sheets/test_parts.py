"""A file is read part by part: the same rows, and the same refusals, however it is cut."""

import io
from dataclasses import replace

import pytest

from app.sheets import delimited
from app.sheets.errors import SheetEmpty, SheetEncoding, SheetTooLarge
from app.sheets.limits import Limits
from app.sheets.parts import Taken, is_csv, lines_of, read_parts
from app.sheets.tables import Column

TAKEN = Taken(
    (Column("name", ("姓名",), required=True), Column("grade", ("年级",), kind="grade")),
    ("name", "grade"),
    csv=Limits(max_rows=50),
    workbook=Limits(max_bytes=100),
)
ROWS = [f"王{at},{at % 6 + 1}" for at in range(17)]
DATA = "\n".join(["某校花名册", "姓名,年级", *ROWS, ""]).encode()


def read(data: bytes, size: int = 20_000) -> list[tuple[int, str, int]]:
    return [
        (row + part.rows_before, name, grade)
        for part in read_parts(io.BytesIO(data), "a.csv", TAKEN, size=size)
        for row, name, grade in part.table.frame.select("row", "name", "grade").iter_rows()
    ]


@pytest.mark.parametrize("size", [2, 3, 17, 18, 19, 20])
def test_a_file_in_parts_has_the_rows_of_the_whole_at_their_own_numbers(size: int) -> None:
    whole = read(DATA)
    assert [row for row, _, _ in whole] == list(range(3, 20))
    assert read(DATA, size) == whole
    assert lines_of(io.BytesIO(DATA)) == 19


def test_too_many_rows_or_bytes_and_none_are_refused() -> None:
    with pytest.raises(SheetTooLarge):
        read(b"\n".join([DATA] * 3))
    small = replace(TAKEN, csv=Limits(max_bytes=len(DATA) - 1))
    with pytest.raises(SheetTooLarge):
        is_csv(io.BytesIO(DATA), "a.csv", small)
    with pytest.raises(SheetEmpty):
        is_csv(io.BytesIO(), "a.csv", TAKEN)
    with pytest.raises(SheetTooLarge):  # a workbook has the lower limit of one that is held whole
        is_csv(io.BytesIO(b"PK" + b"\x03\x04" + b"x" * 100), "a.xlsx", TAKEN)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1024])
def test_the_first_byte_that_is_no_text_is_named_wherever_a_piece_ends(
    monkeypatch: pytest.MonkeyPatch, piece: int, mark: bytes
) -> None:
    monkeypatch.setattr(delimited, "_PIECE", piece)
    good = mark + "姓名,年级\n王芳,1\n".encode()
    with pytest.raises(SheetEncoding) as refused:
        read(good + b"ab\xff,2\n")
    assert refused.value.facts == {"line": 3, "byte": len(good) + 3}

"""Reads a list from bytes, a chunk at a time: the good rows, and the others with their reason.

A CSV is never held whole, neither as text nor as rows. A workbook is: its reader knows no other
way, and its limit is lower.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from app.core import identity
from app.sheets.limits import Limits
from app.sheets.parts import CHUNK, Part, Taken, read_parts
from app.sheets.tables import Column

COLUMNS = (
    Column("seq", ("序号", "编号")),
    Column("householder", ("户主", "户主姓名")),
    Column(
        "name",
        ("成员姓名", "姓名", "家庭成员姓名", "残疾人姓名", "儿童姓名", "死者姓名", "学生姓名"),
        required=True,
    ),
    Column(
        "resident_id",
        (
            "身份证号码", "身份证号", "证件号码", "公民身份号码", "居民身份证号", "居民身份证号码",
            "身份证件号码", "成员身份证号", "成员身份证号码",
        ),
        required=True,
        kind="identity",
    ),
    Column("relation", ("与户主关系", "户主关系", "入户关系", "家庭关系")),
    Column("division", ("区县代码", "行政区划代码", "区划代码")),
    Column(
        "since",
        (
            "享受起始日期", "享受开始日期", "起始日期", "认定日期", "识别日期", "死亡日期",
            "批准日期", "发证日期", "录取日期",
        ),
        kind="date",
    ),
    Column("until", ("终止日期", "享受终止日期", "截止日期", "停发日期"), kind="date"),
)  # fmt: skip
USED = ("name", "resident_id", "relation", "since", "until")
"""What is looked at; the other columns are only known, so that a list's header is understood."""

LIST = Taken(COLUMNS, USED, csv=Limits(max_rows=1_100_000), workbook=Limits(max_rows=200_000))
RELATION_MAX = 20
SHEET_MAX = 80


@dataclass(frozen=True)
class Chunk:
    """Some rows of a list.

    `people` has `resident_id` (18 digits), `name`, `relation`, `since`, `until`; `refused` has
    `sheet`, `row_no` as the file counts, `code`.
    """

    people: pl.DataFrame
    refused: pl.DataFrame


def chunks(data: bytes, filename: str, *, as_of: date, size: int = CHUNK) -> Iterator[Chunk]:
    """The list's rows in its order; one without a beginning is there since the list's own day.

    `size` is how many rows of a CSV are held at once; the header stands within the first.

    Raises what `app.sheets` refuses of a whole file: type, size, encoding, header.
    """
    for part in read_parts(io.BytesIO(data), filename, LIST, size=size):
        yield _checked(part, as_of)


def _checked(part: Part, as_of: date) -> Chunk:
    table = part.table
    cells = [(each.row, each.code) for each in table.faults if each.column in USED]
    cells += [(row, "formula") for row in part.computed]
    told = pl.DataFrame(cells, schema={"row": pl.Int64, "cell": pl.String}, orient="row")
    frame = (
        table.frame.join(
            told.unique("row", keep="first"), on="row", how="left", maintain_order="left"
        )
        .filter(pl.any_horizontal(pl.col(*USED, "cell").is_not_null()))
        .with_columns(
            identity.resident_id_long(pl.col("resident_id")),
            pl.col("relation").str.slice(0, RELATION_MAX),
            pl.col("since").fill_null(as_of),
        )
        .with_columns(_wrong().alias("code"))
    )
    refused = frame.filter(pl.col("code").is_not_null()).select(
        pl.col("sheet").str.slice(0, SHEET_MAX),
        (pl.col("row") + part.rows_before).alias("row_no"),
        "code",
    )
    people = frame.filter(pl.col("code").is_null()).select(
        "resident_id", "name", "relation", "since", "until"
    )
    return Chunk(people, refused)


def _wrong() -> pl.Expr:
    """The first thing that is wrong with a row; null for a good one."""
    number = pl.col("resident_id")
    return (
        pl.when(pl.col("cell").is_not_null())
        .then(pl.col("cell"))
        .when(number.is_null())
        .then(pl.lit("id_missing"))
        .when(~identity.resident_id_shaped(number))
        .then(pl.lit(identity.ID_FORMAT.code))
        .when(~identity.resident_id_ok(number))
        .then(pl.lit(identity.ID_CHECKSUM.code))
        .when(pl.col("name").is_null())
        .then(pl.lit("name_missing"))
        .when(pl.col("until") < pl.col("since"))
        .then(pl.lit("dates_reversed"))
    )

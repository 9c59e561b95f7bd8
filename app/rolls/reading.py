"""Reads a roll part by part: the rows as the registry takes them, and what is wrong with others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from app.applications.checks import FAULTS_SCHEMA, at_schools, check
from app.imports import words
from app.registry.errors import StudentElsewhere
from app.registry.intake import INTAKE_SCHEMA, LENGTHS
from app.rolls.columns import SAID
from app.rolls.seen import Seen
from app.sheets.parts import CHUNK, Part, Taken, read_parts

TELEPHONE_MAX = LENGTHS["telephone"]
_SHEET_MAX = 80
_WORDS_MAX = 300
_TWICE = pl.DataFrame(
    {
        "code": "id_duplicate",
        "field": "resident_id",
        "zh": "这名学生在前面的行已出现；请只保留一行，或核对证件号码",
        "en": "This student stands in an earlier row already; keep one of them, or check the ids",
    }
)
_LONG = pl.DataFrame(
    {
        "code": "text_too_long",
        "field": "telephone",
        "zh": f"电话过长，最多 {TELEPHONE_MAX} 个字符",
        "en": f"The telephone number is too long: at most {TELEPHONE_MAX} characters",
    }
)
_FORMULA = pl.DataFrame(
    {
        "code": "formula",
        "field": "",
        "zh": "单元格是公式；请复制后选择性粘贴为数值",
        "en": "A cell holds a formula; copy and paste it as a value",
    }
)
_THERE = StudentElsewhere()
ELSEWHERE = pl.DataFrame(
    {"code": _THERE.code, "field": "resident_id", "zh": _THERE.zh, "en": _THERE.en}
)
"""What is said of each of these rows, whoever stands in them."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a roll; `row` is the file's own number.

    `good` is an intake frame; `wrong`, of WRONG_SCHEMA, has all that is wrong with the others.
    """

    sheet: str
    good: pl.DataFrame
    wrong: pl.DataFrame

    def wrong_with(self, rows: pl.DataFrame, what: pl.DataFrame) -> pl.DataFrame:
        """The same thing wrong with each of the rows."""
        return _placed(_each(rows, what), self.sheet)


def chunks(
    file: BinaryIO,
    filename: str,
    taken: Taken,
    schools: pl.DataFrame,
    *,
    alone: bool,
    size: int = CHUNK,
) -> Iterator[Chunk]:
    """The roll's rows in its order. Raises what `app.sheets` refuses of a whole file.

    `alone`: the scope is one school, which a roll that names none can only mean. `size` is how
    many rows of a CSV are held at once; the header stands within the first.
    """
    seen = Seen()
    fallback = schools["id"][0] if alone and schools.height == 1 else None
    for part in read_parts(file, filename, taken, size=size):
        yield _checked(part, schools, fallback, seen)


def _checked(part: Part, schools: pl.DataFrame, fallback: str | None, seen: Seen) -> Chunk:
    cells = _cells(part)
    written = part.table.frame.filter(
        pl.any_horizontal(pl.col(SAID).is_not_null())
        | pl.col("row").is_in(cells["row"].unique().implode())
    )
    spoken, strange = words.translate(written, words.SEX)
    placed = at_schools(_intake(_with_school(spoken, schools, fallback)), schools)
    long = placed.filter(pl.col("telephone").str.len_chars() > TELEPHONE_MAX)
    again = placed.filter(seen.before(placed))
    own = pl.concat([cells, _as_wrong(strange), _each(long, _LONG), _each(again, _TWICE)]).unique(
        ["row", "field"], keep="first", maintain_order=True
    )
    # A cell that could not be read is not also called missing.
    rest = _as_wrong(check(placed)).join(own, on=["row", "field"], how="anti")
    wrong = pl.concat([own, rest])
    good = placed.join(wrong, on="row", how="anti", maintain_order="left")
    moved = pl.col("row") + part.rows_before
    return Chunk(
        part.table.sheet[:_SHEET_MAX],
        good.with_columns(moved),
        _placed(wrong.with_columns(moved), part.table.sheet).sort("row", maintain_order=True),
    )


def _cells(part: Part) -> pl.DataFrame:
    """What could not be read, and what was computed."""
    told = pl.DataFrame(
        [(each.row, each.code, each.column, each.zh, each.en) for each in part.table.faults],
        schema=FAULTS_SCHEMA,
        orient="row",
    )
    computed = pl.DataFrame({"row": list(part.computed)}, schema={"row": pl.Int64})
    return pl.concat([_as_wrong(told.filter(pl.col("column") != "seq")), _each(computed, _FORMULA)])


def _as_wrong(faults: pl.DataFrame) -> pl.DataFrame:
    return faults.select("row", "code", pl.col("column").alias("field"), "zh", "en")


def _each(rows: pl.DataFrame, what: pl.DataFrame) -> pl.DataFrame:
    return rows.select("row").join(what, how="cross")


def _placed(wrong: pl.DataFrame, sheet: str) -> pl.DataFrame:
    return wrong.select(
        pl.lit(sheet[:_SHEET_MAX]).alias("sheet"),
        "row",
        "code",
        "field",
        pl.col("zh").str.slice(0, _WORDS_MAX),
        pl.col("en").str.slice(0, _WORDS_MAX),
    )


def _with_school(frame: pl.DataFrame, schools: pl.DataFrame, fallback: str | None) -> pl.DataFrame:
    """The rows with `school_id`: by code, else by a name that is one school's, else the own."""
    single = schools.filter(pl.col("name").is_unique())
    by_code = schools.select(school_code="code", coded="id")
    by_name = single.select(school_name="name", named="id")
    found = (
        pl.when(pl.col("school_code").is_not_null())
        .then("coded")
        .when(pl.col("school_name").is_not_null())
        .then("named")
        .otherwise(pl.lit(fallback, pl.String))
    )
    return (
        frame.join(by_code, on="school_code", how="left", maintain_order="left")
        .join(by_name, on="school_name", how="left", maintain_order="left")
        .with_columns(found.alias("school_id"))
    )


def _intake(frame: pl.DataFrame) -> pl.DataFrame:
    """The intake frame; what a roll does not say is null."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in INTAKE_SCHEMA.items()
    )

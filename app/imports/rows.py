"""From the tables of a workbook to the intake frame, with every fault of every row. Pure."""

import re
from dataclasses import dataclass

import polars as pl

from app.applications.checks import FAULTS_SCHEMA, Check, at_schools, check, faults_of
from app.imports import titles, words
from app.imports.columns import ACCOUNT_KINDS, COLUMNS
from app.registry.intake import INTAKE_SCHEMA
from app.sheets import launder
from app.sheets.tables import FaultyCell, Table, Tables
from app.sheets.workbook import Workbook

REASON = "学生本人未开户，由监护人账户代收"
GUARDIAN = "监护人"
TELEPHONE_MAX = 30
_NAME_SHOWN = 80
_PRINTED = frozenset({"seq", "school_code", "school_name", "grade", "class_name"})
_CLASS_GRADE = re.compile(
    r"^((?:小学|小|初中|初|高中|高|中职|职)?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2}))"
    r"(?:年级|[.．·-](?=[0-9]|[一二三四五六七八九十])|年|[(（](?=[0-9一二三四五六七八九十]+[)）]))"
)
_SHEET_GRADE = re.compile(
    r"((?:小学|小|初中|初|高中|高|中职|职)?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2}))年级"
    r"|((?:初|高|职)[一二三四])"
)
_OWN = (
    Check(
        "account_twice",
        "account_number",
        pl.sum_horizontal(pl.col(name).is_not_null() for name in ACCOUNT_KINDS) > 1,
        "同一行填了两个收款账号；请只保留一个",
        "The row has two accounts to pay to; keep one",
        of_nothing=True,
    ),
    Check(
        "text_too_long",
        "telephone",
        pl.col("telephone").str.len_chars() > TELEPHONE_MAX,
        f"联系电话过长，最多 {TELEPHONE_MAX} 个字符",
        f"The telephone number is too long: at most {TELEPHONE_MAX} characters",
    ),
)
"""What only a sheet can have wrong."""


@dataclass(frozen=True)
class Rows:
    """A sheet's rows as an intake frame; `row` counts through all tables.

    `places` has `row`, `sheet_no`, `sheet`, `row_no` and the `name` shown; `faults` is as
    `app.applications.checks` gives it, cells that could not be read among them.
    """

    frame: pl.DataFrame
    places: pl.DataFrame
    faults: pl.DataFrame

    @property
    def good(self) -> pl.DataFrame:
        """The rows nothing is wrong with."""
        return self.frame.join(self.faults, on="row", how="anti", maintain_order="left")


def read(workbook: Workbook, tables: Tables, schools: pl.DataFrame, *, alone: bool) -> Rows:
    """The rows of all tables at the schools of the uploader's scope.

    `alone`: the scope is one school, which a sheet that names none can only mean.
    """
    numbers = {sheet.name: at for at, sheet in enumerate(workbook.sheets, start=1)}
    parts = [
        _graded(table, _with_school(table, _written(table), schools, alone=alone))
        for table in tables.tables
    ]
    frame = pl.concat(parts).drop("seq", "remark").rename({"row": "row_no"})
    frame = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    places = frame.select(
        "row",
        pl.col("sheet").replace_strict(numbers, return_dtype=pl.Int64).alias("sheet_no"),
        "sheet",
        "row_no",
        pl.coalesce("name", "holder_name").fill_null("").str.slice(0, _NAME_SHOWN).alias("name"),
    )
    found = [_cells(tables.faults, places), faults_of(frame, _OWN)]
    for spoken in words.ALL:
        frame, strange = words.translate(frame, spoken)
        found.append(strange)
    placed = at_schools(_intake(frame), schools)
    return Rows(placed, places, _faults(found, check(placed)))


def _faults(found: list[pl.DataFrame], checked: pl.DataFrame) -> pl.DataFrame:
    """All faults, in the rows' order; a cell that could not be read is not also called missing."""
    own = pl.concat(found)
    rest = checked.join(own, on=["row", "column"], how="anti", maintain_order="left")
    return pl.concat([own, rest]).sort("row", maintain_order=True)


def _cells(faults: tuple[FaultyCell, ...], places: pl.DataFrame) -> pl.DataFrame:
    if not faults:
        return pl.DataFrame(schema=FAULTS_SCHEMA)
    told = pl.DataFrame(
        [
            (
                fault.sheet,
                fault.row,
                fault.code,
                "account_number" if fault.column in ACCOUNT_KINDS else fault.column,
                fault.zh,
                fault.en,
            )
            for fault in faults
        ],
        schema={"sheet": pl.String, "row_no": pl.Int64}
        | {name: kind for name, kind in FAULTS_SCHEMA.items() if name != "row"},
        orient="row",
    )
    return places.join(told, on=["sheet", "row_no"]).select(list(FAULTS_SCHEMA))


def _written(table: Table) -> pl.DataFrame:
    """The rows in which something is said of a student: forms come numbered to their last line."""
    said = [column.name for column in COLUMNS if column.name not in _PRINTED]
    faulty = pl.col("row").is_in([fault.row for fault in table.faults])
    return table.frame.filter(pl.any_horizontal(pl.col(said).is_not_null()) | faulty)


def _with_school(
    table: Table, frame: pl.DataFrame, schools: pl.DataFrame, *, alone: bool
) -> pl.DataFrame:
    """The table with `school_id`: by code, else by name, else by what stands above the table."""
    by_code = dict(zip(schools["code"], schools["id"], strict=True))
    single = schools.filter(pl.col("name").is_unique())
    by_name = dict(zip(single["name"], single["id"], strict=True))
    said = titles.school_said(table.titles, by_name)
    fallback = by_name.get(said) if said is not None else None
    if said is None and alone and schools.height == 1:
        fallback = schools["id"][0]
    code, name = pl.col("school_code"), pl.col("school_name")
    found = (
        pl.when(code.is_not_null())
        .then(code.replace_strict(by_code, default=None, return_dtype=pl.String))
        .when(name.is_not_null())
        .then(name.replace_strict(by_name, default=None, return_dtype=pl.String))
        .otherwise(pl.lit(fallback, pl.String))
    )
    return frame.with_columns(found.alias("school_id"))


def _graded(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The table with the grade told by the class, else by the sheet's name, if no column does."""
    if "grade" in table.letters:
        return frame
    classes = frame["class_name"].drop_nulls().unique().to_list()
    told = {name: _grade_in(_CLASS_GRADE, name) for name in classes}
    by_class = pl.col("class_name").replace_strict(told, default=None, return_dtype=pl.Int64)
    by_sheet = pl.lit(_grade_in(_SHEET_GRADE, table.sheet), pl.Int64)
    return frame.with_columns(pl.coalesce(by_class, by_sheet).alias("grade"))


def _grade_in(pattern: re.Pattern[str], words_of_it: str) -> int | None:
    found = pattern.search(words_of_it)
    told = launder.grade(next(filter(None, found.groups()), "")) if found else None
    return told if isinstance(told, int) else None


def _intake(frame: pl.DataFrame) -> pl.DataFrame:
    """The intake frame: one account a row, and whose it is."""
    kind = pl.coalesce(
        pl.when(pl.col(column).is_not_null()).then(pl.lit(value))
        for column, value in ACCOUNT_KINDS.items()
    )
    name, guardian = pl.col("name"), pl.col("guardian_name")
    relation, holder = pl.col("relation"), pl.col("holder_name")
    # A class sheet lists passbooks beside the guardian and how they are related: it is theirs.
    theirs = (kind == "passbook") & holder.is_null() & guardian.is_not_null()
    by_guardian = (theirs & relation.is_not_null()) | ((holder == guardian) & (holder != name))
    has = kind.is_not_null()
    by_guardian = has & by_guardian.fill_null(value=False)
    return frame.with_columns(
        kind.alias("account_kind"),
        pl.coalesce(*ACCOUNT_KINDS).alias("account_number"),
        pl.when(has)
        .then(pl.when(by_guardian).then(pl.lit("guardian")).otherwise(pl.lit("student")))
        .alias("holder"),
        pl.when(has)
        .then(pl.coalesce(holder, pl.when(by_guardian).then(guardian).otherwise(name)))
        .alias("holder_name"),
        pl.when(by_guardian).then(relation.fill_null(GUARDIAN)).alias("relation"),
        pl.when(by_guardian).then(pl.lit(REASON)).alias("reason"),
        pl.lit(None, pl.String).alias("county_id"),
        pl.lit(None, pl.String).alias("stage"),
        pl.col("hardship").cast(pl.Int64),
    ).select(pl.col(column).cast(kind_of) for column, kind_of in INTAKE_SCHEMA.items())

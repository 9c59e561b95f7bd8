"""A city's schools, and its roll as a file: the same in every run for the same number of rows."""

from pathlib import Path
from uuid import UUID

import polars as pl
import psycopg

from app.core import clock
from benchmarks.registers import people

COUNTIES = 14
PUPILS_A_SCHOOL = 465
SCHOOL_YEAR = "2007-2008"
WRONG_EVERY = 5_000
"""One row in so many has a resident id whose check digit does not fit."""

_GUARDIANS = 5_000_000  # so far from the pupils' places stand those of their guardians
_AT_ONCE = 100_000
_GRADES = ("一年级", "二年级", "三年级")  # which every stage has
_CLASSES = 4


def schools_of(rows: int) -> int:
    """How many schools a city of so many pupils has."""
    return max(1, -(-rows // PUPILS_A_SCHOOL))


def write(rows: int, file: Path) -> None:
    """The roll, school by school, as a national system writes it out."""
    with file.open("wb") as out:
        for start in range(0, rows, _AT_ONCE):
            at = pl.int_range(start, min(rows, start + _AT_ONCE), eager=True)
            out.write(_lines(at).write_csv(include_header=start == 0).encode("gb18030"))


def _lines(places: pl.Series) -> pl.DataFrame:
    pupils, guardians = people(places), people(places + _GUARDIANS)
    at = pl.col("at")
    within = at % PUPILS_A_SCHOOL
    frame = pl.DataFrame(
        {
            "at": places,
            "name": pupils["name"],
            "number": pupils["number"],
            "guardian": guardians["name"],
            "guardian_number": guardians["number"],
        }
    )
    wrong = pl.col("number").str.slice(0, 17) + pl.when(pl.col("number").str.ends_with("1")).then(
        pl.lit("2")
    ).otherwise(pl.lit("1"))
    return frame.select(
        (at // PUPILS_A_SCHOOL).map_elements(_code, return_dtype=pl.String).alias("学校标识码"),
        pl.col("name").alias("姓名"),
        pl.when(at % WRONG_EVERY == WRONG_EVERY - 1)
        .then(wrong)
        .otherwise("number")
        .alias("居民身份证号"),
        (pl.lit("G") + pl.col("number")).alias("学籍号"),
        pl.lit(pl.Series(_GRADES)).gather(within * len(_GRADES) // PUPILS_A_SCHOOL).alias("年级"),
        (within % _CLASSES + 1).cast(pl.String).add("班").alias("班级"),
        pl.when(at % 3 == 0).then(pl.lit("是")).otherwise(pl.lit("否")).alias("寄宿"),
        pl.col("guardian").alias("监护人姓名"),
        pl.col("guardian_number").alias("监护人身份证号"),
        (pl.lit("139") + (at % 10**8).cast(pl.String).str.zfill(8)).alias("联系电话"),
    )


def _code(school: int) -> str:
    return f"2137{school:06d}"


def make_schools(connection: psycopg.Connection[object], schools: int) -> None:
    """The offices and schools, in the database of the connection, which bypasses row security."""
    told = {"city": _key(0), "schools": schools, "counties": COUNTIES, "now": clock.now()}
    for statement in _MAKE:
        connection.execute(statement, told)
    connection.execute("ANALYZE")


def _key(at: int) -> UUID:
    return UUID(int=at)


_COUNTY = "(1 + at %% %(counties)s)"
_MAKE = (
    """INSERT INTO organisation (id, kind, code, name, made_at)
        VALUES (%(city)s, 'city_centre', '370800', '市学生资助管理中心', %(now)s)""",
    """INSERT INTO organisation (id, parent_id, kind, code, name, made_at)
        SELECT lpad(to_hex(at), 32, '0')::uuid, %(city)s, 'county_centre', (370800 + at)::text,
            '县区中心' || at, %(now)s FROM generate_series(1, %(counties)s) at""",
    f"""INSERT INTO organisation (id, parent_id, kind, code, name, made_at)
        SELECT lpad(to_hex(1000 + at), 32, '0')::uuid, lpad(to_hex({_COUNTY}), 32, '0')::uuid,
            'school', '2137' || lpad(at::text, 6, '0'), '第' || at || '学校', %(now)s
        FROM generate_series(0, %(schools)s - 1) at""",
    f"""INSERT INTO school (id, county_id, code, name, stage, school_area, run_by,
            division_code, active, made_at, version)
        SELECT lpad(to_hex(1000 + at), 32, '0')::uuid, lpad(to_hex({_COUNTY}), 32, '0')::uuid,
            '2137' || lpad(at::text, 6, '0'), '第' || at || '学校',
            (ARRAY['primary', 'junior', 'senior'])[1 + at %% 3], 'rural', 'county',
            (370800 + {_COUNTY})::text, true, %(now)s, 1
        FROM generate_series(0, %(schools)s - 1) at""",
)

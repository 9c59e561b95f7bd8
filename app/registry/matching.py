"""Which student a row of a sheet is: asked city-wide once, decided for all rows at once."""

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from app.core import db, ids
from app.core.actor import Actor
from app.registry import admission
from app.registry.sealing import hexed

_SOUGHT = (
    "DROP TABLE IF EXISTS pg_temp.registry_sought; CREATE TEMP TABLE registry_sought "
    "(place bigint, resident_id_index bytea, provisional_index bytea) ON COMMIT DROP"
)
_KEYS = ("place", "resident_id_index", "provisional_index")

# OFFSET keeps to the two unique indexes: of a registry that grows the planner would sooner read
# the whole for every part of a file.
_BY_INDEX = (
    "SELECT k.place, {numbered}, s.id::text, s.school_id::text FROM registry_sought k "
    "CROSS JOIN LATERAL (SELECT id, school_id FROM student WHERE {index} = k.{index} OFFSET 0) s"
)
_ANYWHERE = text(
    _BY_INDEX.format(numbered="true", index="resident_id_index")
    + " UNION ALL "
    + _BY_INDEX.format(numbered="false", index="provisional_index")
)

_OWN = text("""
SELECT id::text, school_id::text, resident_id_index IS NOT NULL, guardian_resident_id, telephone
FROM student WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY student.id FOR UPDATE
""")

_ANYWHERE_SCHEMA: dict[str, pl.DataType] = {
    "place": pl.Int64(),
    "numbered": pl.Boolean(),
    "known_id": pl.String(),
    "at_school": pl.String(),
}
"""The students whom the rows may mean, by the number (`numbered`) or the provisional identity."""

_OWN_SCHEMA: dict[str, pl.DataType] = {
    "known_id": pl.String(),
    "school_id": pl.String(),
    "documented": pl.Boolean(),
    "stored_guardian_resident_id": pl.Binary(),
    "stored_telephone": pl.Binary(),
}
"""Those of them who are at the row's school."""

_GRADUATE_SCHEMA: dict[str, pl.DataType] = {
    "place": pl.Int64(),
    "graduate_id": pl.String(),
    "graduate_guardian": pl.Binary(),
    "graduate_telephone": pl.Binary(),
}
_TOLD = tuple(name for name in _OWN_SCHEMA if name != "school_id")


def decided(session: Session, rows: pl.DataFrame, *, school_year: str, by: Actor) -> pl.DataFrame:
    """The rows with whose they are: five columns more.

    `student_id` (a new one's is made here), `standing` (`new`, `here`, `elsewhere`, `moved`),
    `documented`, and the sealed numbers that the registry has, as `stored_…`; null for a new one.
    """
    anywhere = _anywhere(session, rows, by)
    if anywhere.is_empty():
        return _all_new(rows)
    own = _own(session, rows, anywhere)
    graduates = admission.graduates(
        session, _of_others(rows, anywhere), school_year=school_year, by=by
    )
    found = pl.DataFrame(
        [
            (place, str(each.id), each.guardian_resident_id, each.telephone)
            for place, each in graduates.items()
        ],
        schema=_GRADUATE_SCHEMA,
        orient="row",
    )
    return _with_graduates(_decide(rows, own, anywhere), found)


def _all_new(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.Series("student_id", ids.new_texts(rows.height), pl.String),
        pl.lit("new").alias("standing"),
        *(pl.lit(None, _OWN_SCHEMA[name]).alias(name) for name in _TOLD if name != "known_id"),
    )


def _anywhere(session: Session, rows: pl.DataFrame, by: Actor) -> pl.DataFrame:
    session.connection().exec_driver_sql(_SOUGHT)
    keys = rows.select(
        "place", *(hexed(rows[name]) for name in ("resident_id_index", "provisional_index"))
    )
    # In the index's own order a part of a file reads each of its pages once.
    csv = keys.sort("resident_id_index").write_csv(include_header=False).encode()
    db.copy_rows(session, "registry_sought", _KEYS, csv)
    with db.city_scope(session, by):
        found = [tuple(row) for row in session.execute(_ANYWHERE)]
    return pl.DataFrame(found, schema=_ANYWHERE_SCHEMA, orient="row")


def _own(session: Session, rows: pl.DataFrame, anywhere: pl.DataFrame) -> pl.DataFrame:
    """Of those found who are at their row's school, held to the end of the transaction."""
    theirs = anywhere.join(rows.select("place", "school_id"), on="place").filter(
        pl.col("at_school") == pl.col("school_id")
    )
    asked = theirs["known_id"].unique()
    if asked.is_empty():
        return pl.DataFrame(schema=_OWN_SCHEMA)
    # One text: of a list the driver would look at every id for what must be escaped.
    found = session.execute(_OWN, {"ids": "{" + ",".join(asked) + "}"})
    return pl.DataFrame([tuple(row) for row in found], schema=_OWN_SCHEMA, orient="row")


def _of_others(rows: pl.DataFrame, anywhere: pl.DataFrame) -> pl.DataFrame:
    """The rows whose resident id another school than the row's has."""
    there = anywhere.filter("numbered")
    return rows.join(there, on="place", how="inner", maintain_order="left").filter(
        pl.col("at_school") != pl.col("school_id")
    )


def _decide(rows: pl.DataFrame, own: pl.DataFrame, anywhere: pl.DataFrame) -> pl.DataFrame:
    """The rows with the student whom their school has, and where they stand.

    By resident id first. By the provisional identity a row with a resident id finds only who has
    none yet: a documented namesake is somebody else.
    """
    told = rows
    for numbered, end in ((True, "_r"), (False, "_p")):
        there = anywhere.filter(pl.col("numbered") == numbered).select(
            "place", "known_id", there=pl.lit(value=True)
        )
        known = there.join(own, on="known_id", how="left", maintain_order="left").rename(
            {name: name + end for name in ("there", *_TOLD)} | {"school_id": "at" + end}
        )
        told = told.join(known, on="place", how="left", maintain_order="left")
    unnumbered = pl.col("resident_id_index").is_null()
    by_number = (pl.col("at_r") == pl.col("school_id")).fill_null(value=False)
    by_name = (pl.col("at_p") == pl.col("school_id")).fill_null(value=False) & (
        unnumbered | ~pl.col("documented_p")
    )
    standing = (
        pl.when(by_number)
        .then(pl.lit("here"))
        .when(pl.col("there_r").is_not_null())
        .then(pl.lit("elsewhere"))
        .when(by_name)
        .then(pl.lit("here"))
        .when(pl.col("there_p").is_not_null() & unnumbered)
        .then(pl.lit("elsewhere"))
        .otherwise(pl.lit("new"))
    )
    here = pl.col("standing") == "here"
    return (
        told.with_columns(standing.alias("standing"))
        .with_columns(
            pl.when(here & by_number).then(name + "_r").when(here).then(name + "_p").alias(name)
            for name in _TOLD
        )
        .drop([name + end for end in ("_r", "_p") for name in (*_TOLD, "there", "at")])
    )


def _with_graduates(rows: pl.DataFrame, graduates: pl.DataFrame) -> pl.DataFrame:
    moved = pl.col("graduate_id").is_not_null()
    new = pl.Series("new_id", ids.new_texts(rows.height), pl.String)
    return (
        rows.join(graduates, on="place", how="left", maintain_order="left")
        .with_columns(
            new,
            pl.when(moved).then(pl.lit("moved")).otherwise("standing").alias("standing"),
            pl.when(moved).then(pl.lit(value=True)).otherwise("documented").alias("documented"),
            pl.when(moved)
            .then("graduate_guardian")
            .otherwise("stored_guardian_resident_id")
            .alias("stored_guardian_resident_id"),
            pl.when(moved)
            .then("graduate_telephone")
            .otherwise("stored_telephone")
            .alias("stored_telephone"),
        )
        .with_columns(pl.coalesce("graduate_id", "known_id", "new_id").alias("student_id"))
        .drop("graduate_id", "graduate_guardian", "graduate_telephone", "known_id", "new_id")
    )

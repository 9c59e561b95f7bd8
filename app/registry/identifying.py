"""Who the rows of an intake frame are: blind indexes, and which rows are one person. Pure."""

import polars as pl

from app.core import crypto, identity


def with_indexes(frame: pl.DataFrame) -> pl.DataFrame:
    """The intake rows with blind indexes, a place, and the place of the same person's first row."""
    number = pl.col("resident_id")
    rows = frame.with_row_index("place").with_columns(
        pl.col("place").cast(pl.Int64),
        pl.coalesce(identity.birth_on_expr(number), "birth_on").alias("birth_on"),
        pl.coalesce(identity.sex_expr(number), "sex").alias("sex"),
    )
    keys = rows.select(key=provisional_key())["key"]
    rows = rows.with_columns(
        pl.Series("resident_id_index", _blind(rows["resident_id"], "resident_id"), pl.Binary),
        pl.Series("provisional_index", _blind(keys, "provisional"), pl.Binary),
    )
    # Two schools that bring one person are both heard: the registry decides which has the student.
    person = (pl.coalesce("resident_id_index", "provisional_index"), pl.col("school_id"))
    return rows.with_columns(pl.col("place").min().over(*person).alias("leader"))


def provisional_key() -> pl.Expr:
    """Who a student without a resident id is: school, name, birth date, guardian's id.

    With neither of the last two the class alone tells two of one name apart.
    """
    unknown = pl.col("birth_on").is_null() & pl.col("guardian_resident_id").is_null()
    born = pl.col("birth_on").dt.to_string("%Y-%m-%d").fill_null("")
    guardian = pl.col("guardian_resident_id").fill_null("")
    key = pl.concat_str("school_id", "name", born, guardian, separator="|")
    klass = pl.concat_str("grade", "class_name", separator="/", ignore_nulls=True).fill_null("")
    return pl.when(unknown).then(pl.concat_str(key, klass, separator="|")).otherwise(key)


def _blind(texts: pl.Series, column: str) -> list[bytes | None]:
    return crypto.blind_indexes(texts, table="student", column=column)

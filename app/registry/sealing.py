"""The numbers of a sheet's rows sealed for the records they will stand in."""

import polars as pl

from app.core import crypto, ids

NOT_SAID = "表中未填"
TAIL = 4


def sealed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as `staging.fill` takes them: every number sealed, every index in hex.

    A number that the registry has already is left out, and so are all of who is elsewhere.
    """
    stays = pl.col("standing") != "elsewhere"
    # A resident id once recorded is not overwritten: see ResidentIdCorrection.
    completes = stays & ~pl.col("documented").fill_null(value=False)
    kept = rows.with_columns(
        pl.when(completes).then("resident_id").alias("resident_id"),
        pl.when(completes).then("resident_id_index").alias("resident_id_index"),
        pl.when(pl.col("resident_id").is_null()).then("provisional_index"),
        *(
            pl.when(stays).then(name)
            for name in ("guardian_resident_id", "telephone", "account_number")
        ),
    )
    students = kept["student_id"].to_list()
    return kept.with_columns(
        _sealed(kept["resident_id"], students),
        *(_sealed(_unlike(kept, name), students) for name in ("guardian_resident_id", "telephone")),
        *_accounts(kept),
        hexed(kept["resident_id_index"]),
        hexed(kept["provisional_index"]),
    )


def hexed(data: pl.Series) -> pl.Series:
    """Bytes as `COPY` takes them for a bytea."""
    if data.null_count() == len(data):
        return data.cast(pl.String)
    return (r"\x" + data.bin.encode("hex")).alias(data.name)


def _sealed(
    numbers: pl.Series, records: list[str], *, table: str = "student", column: str = ""
) -> pl.Series:
    if numbers.null_count() == len(numbers):
        return numbers
    made = crypto.encrypt_many(numbers, table=table, column=column or numbers.name, records=records)
    return hexed(pl.Series(numbers.name, made, pl.Binary))


def _unlike(rows: pl.DataFrame, column: str) -> pl.Series:
    """The column's numbers without those that the registry has so already."""
    stored = f"stored_{column}"
    asked = rows.filter(pl.col(stored).is_not_null() & pl.col(column).is_not_null())
    if asked.is_empty():
        return rows[column]
    opened = crypto.decrypt_many(
        asked[stored], table="student", column=column, records=asked["student_id"]
    )
    same = asked.filter(asked[column] == pl.Series(opened, dtype=pl.String))["place"]
    return rows.select(pl.when(~pl.col("place").is_in(same.implode())).then(column))[column]


def _accounts(rows: pl.DataFrame) -> list[pl.Series | pl.Expr]:
    numbers, account_ids = rows["account_number"], ids.new_texts(rows.height)
    indexes = crypto.blind_indexes(numbers, table="bank_account", column="number")
    holder = pl.col("holder").fill_null("student")
    by_guardian = holder == "guardian"
    named = pl.when(by_guardian).then("guardian_name").otherwise("name")
    return [
        pl.Series("account_id", account_ids, pl.String),
        _sealed(numbers, account_ids, table="bank_account", column="number"),
        hexed(pl.Series("account_index", indexes, pl.Binary)),
        numbers.str.tail(TAIL).alias("account_tail"),
        pl.col("account_kind").fill_null("card"),
        holder.alias("holder"),
        pl.coalesce("holder_name", named).fill_null(NOT_SAID).alias("holder_name"),
        pl.when(by_guardian).then(pl.col("relation").fill_null(NOT_SAID)).alias("relation"),
        pl.when(by_guardian).then(pl.col("reason").fill_null(NOT_SAID)).alias("reason"),
    ]

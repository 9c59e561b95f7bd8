"""Outcomes into PostgreSQL: assess, write out and COPY, against the bare COPY of the same rows."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core import db, embedded
from app.policy.catalogue import Version
from app.policy.engine import assess, criterion_column
from benchmarks.measuring import Measure, alternately
from benchmarks.rule import FACTS_READ, six_criteria
from benchmarks.students import student_ids, students

BOUND = 5
TURNS = 3
COLUMNS = (
    "student_id",
    "policy_version_id",
    "programme",
    "outcomes",
    "failed",
    "missing",
    "eligible",
    "amount_fen",
)
_TABLE = """
CREATE TABLE outcome (
    student_id uuid NOT NULL,
    policy_version_id uuid NOT NULL,
    programme text NOT NULL,
    outcomes boolean[] NOT NULL,
    failed text[] NOT NULL,
    missing text[] NOT NULL,
    eligible boolean,
    amount_fen bigint CHECK (amount_fen >= 0),
    PRIMARY KEY (student_id, policy_version_id)
)
"""
_VERSION_ID = "00000000-0000-7000-8000-ffffffffffff"
_THREE = 3
_NAMES = ("f", "t", "NULL")


def main(rows: int) -> list[Measure]:
    """The one ratio: everything from the frame to the commit, over the bare COPY."""
    facts = students(rows).select(FACTS_READ)
    ids = student_ids(rows)
    version = six_criteria()
    prepared = csv_of(ids, assess(facts, version), version)
    with server() as engine:

        def stored() -> None:
            copy(engine, csv_of(ids, assess(facts, version), version))

        taken, bare = alternately(stored, lambda: copy(engine, prepared), turns=TURNS)
        _check(engine, rows)
    print(f"   {len(prepared) // 10**6} MB of rows, {rows / bare:,.0f} rows/s bare", flush=True)
    name = "six criteria stored: outcomes, reasons, fen"
    return [Measure(name, rows, taken, "bare COPY of the same rows", bare, BOUND)]


def csv_of(ids: pl.Series, result: pl.DataFrame, version: Version) -> memoryview:
    """The rows as the table takes them; an empty field is NULL."""
    met = [criterion_column(criterion.id) for criterion in version.criteria]
    rows = result.select(
        ids,
        pl.lit(_VERSION_ID).alias("policy_version_id"),
        pl.lit(version.programme).alias("programme"),
        _outcomes(result.select(met)),
        _listed("failed"),
        _listed("unknown").alias("missing"),
        "eligible",
        "amount_fen",
    )
    written = io.BytesIO()
    rows.write_csv(written, include_header=False)
    return written.getbuffer()


def _listed(name: str) -> pl.Expr:
    return pl.concat_str(pl.lit("{"), pl.col(name).list.join(","), pl.lit("}")).alias(name)


def _outcomes(met: pl.DataFrame) -> pl.Series:
    """The outcomes as one array a row; each array that can occur is written once."""
    number = pl.lit(0, pl.UInt32)
    for name in met.columns:
        number = number * _THREE + pl.col(name).cast(pl.UInt32).fill_null(2)
    texts = [""]
    for _ in met.columns:
        texts = [f"{begun},{name}" for begun in texts for name in _NAMES]
    table = pl.Series("outcomes", [f"{{{each[1:]}}}" for each in texts])
    return table.gather(met.select(number).to_series())


def copy(engine: Engine, csv: memoryview) -> None:
    """Empties the table and copies the rows in one committed transaction."""
    with Session(engine) as session, session.begin():
        session.execute(text("TRUNCATE outcome"))
        db.copy_rows(session, "outcome", COLUMNS, csv)


@contextmanager
def server() -> Iterator[Engine]:
    """A PostgreSQL with the service's own settings, gone afterwards; the table is in it."""
    home = Path(tempfile.mkdtemp(prefix="aid-bench-", dir="/tmp"))  # a short path, for the socket
    home.chmod(0o755)  # the server's user must be able to enter it
    try:
        cluster = embedded.start(home, durable=True)
        try:
            embedded.ensure_database(cluster, "bench")
            engine = db.connect(cluster.owner_url("bench"), pool_size=2)
            with Session(engine) as session, session.begin():
                session.execute(text(_TABLE))
            yield engine
            engine.dispose()
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _check(engine: Engine, rows: int) -> None:
    with Session(engine) as session:
        found = session.execute(text("SELECT count(*) FROM outcome")).scalar_one()
    if found != rows:
        raise RuntimeError(f"{found} of {rows} rows are in the table")

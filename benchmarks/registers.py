"""A list of a million rows against two hundred thousand students: taken in and matched.

Both are made in a PostgreSQL of its own. The floor is a bare `COPY` of the same rows into the same
table, past row security, and one join.
"""

import multiprocessing
import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

os.environ.setdefault("AID_MODE", "test")

import polars as pl
from sqlalchemy import text

from app.core import clock, crypto, db, embedded, ids, migrating
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.core.identity import _check_digit
from app.registers import queries, service
from app.registers.models import Basis, RegisterKind
from app.registers.service import Upload
from app.sheets.uploads import OnError
from benchmarks.measuring import Measure, timed

STUDENTS = 200_000
MOST = 1_000_000  # a list of more is larger than an upload may be
EVERY = 5  # one row in five is a student of ours
DATABASE = "aid_bench_registers"
_JOIN = """
INSERT INTO register_match (register_id, student_id, school_id, county_id, kind, name_agrees,
    since, matched_at)
SELECT r.register_id, s.id, s.school_id, s.county_id, 'minimum_living', true, r.since, now()
FROM outside_register_row r JOIN student s ON s.resident_id_index = r.resident_id_index
ON CONFLICT DO NOTHING
"""
NAMES = ("王", "李", "张", "刘", "陈"), ("芳", "伟", "娜", "敏", "静", "强"), ("", "华", "明", "玉")


def main(rows: int) -> list[Measure]:
    """One list of so many rows, at most MOST, kept, read, checked, stored and matched."""
    rows = min(rows, MOST)
    home = Path(tempfile.mkdtemp(prefix="aid-bench-", dir="/tmp"))
    home.chmod(0o755)
    cluster = embedded.start(home, durable=False)
    try:
        embedded.ensure_database(cluster, DATABASE)
        urls = cluster.owner_url(DATABASE), cluster.serving_url(DATABASE)
        migrating.upgrade(*urls)
        file = home / "list.csv"
        # Apart, so that the peak of memory is that of taking in and not of making things up.
        maker = multiprocessing.get_context("spawn").Process(
            target=_prepare, args=(urls[1], rows, file)
        )
        maker.start()
        maker.join()
        db.bind(db.connect(urls[1], pool_size=4))
        taken, bare = _run(cluster, file.read_bytes())
        db.engine().dispose()
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)
    name = f"a list taken in and matched to {STUDENTS:,} students"
    return [Measure(name, rows, taken, "bare COPY of the same rows, one join", bare)]


def _prepare(url: str, rows: int, file: Path) -> None:
    """The students in the database and the list in its file."""
    db.bind(db.connect(url, pool_size=4))
    _seed()
    file.write_bytes(_list(rows))
    db.engine().dispose()


def _run(cluster: Cluster, data: bytes) -> tuple[float, float]:
    """The seconds of taking the list in, its file stored too, and of the floor."""

    def take_in() -> None:
        with db.scoped_session(SYSTEM) as session:
            register_id = service.upload(session, _sent(data), by=SYSTEM).id
        with db.scoped_session(SYSTEM) as session:
            service.run_queued(session, register_id, by=SYSTEM, progress=lambda _: None)
            record = queries.one(session, register_id, SYSTEM)
            print(f"   {record.rows_kept:,} rows kept, {record.matched:,} students matched")

    taken = timed(take_in)
    return taken, _floor(cluster)


def _sent(data: bytes) -> Upload:
    return Upload(
        filename="低保.csv", data=data, kind=RegisterKind.MINIMUM_LIVING, issued_by="民政局",
        as_of=date(2008, 6, 30), basis=Basis.DUTY, basis_said="教财〔2018〕16号",
        on_error=OnError.ACCEPT_GOOD,
    )  # fmt: skip


def people(places: pl.Series) -> pl.DataFrame:
    """A resident id with its check digit and a name for each place."""
    at = pl.col("at")
    body = pl.concat_str(
        pl.lit("370811"),
        (at // 336_000 + 1990).cast(pl.String),
        (at // 28_000 % 12 + 1).cast(pl.String).str.zfill(2),
        (at // 1000 % 28 + 1).cast(pl.String).str.zfill(2),
        (at % 1000).cast(pl.String).str.zfill(3),
    )
    parts = [
        (at // step % len(words)).replace_strict(
            list(range(len(words))), list(words), return_dtype=pl.String
        )
        for step, words in zip((1, 7, 53), NAMES, strict=True)
    ]
    frame = pl.DataFrame({"at": places}).with_columns(
        body.alias("body"), pl.concat_str(parts).alias("name")
    )
    return frame.select((pl.col("body") + _check_digit(pl.col("body"))).alias("number"), "name")


def _list(rows: int) -> bytes:
    """A CSV in GB18030 as civil affairs writes it."""
    # One in EVERY is a student; the others stand beyond them.
    at = pl.int_range(rows, eager=True)
    place = pl.select(
        pl.when(at % EVERY == 0).then((at // EVERY) % STUDENTS).otherwise(STUDENTS + at)
    ).to_series()
    frame = people(place).select(
        pl.lit("王强").alias("户主"),
        pl.col("name").alias("成员姓名"),
        pl.col("number").alias("身份证号码"),
        pl.lit("子女").alias("与户主关系"),
        pl.lit("370811").alias("区县代码"),
        pl.lit("2007-07-01").alias("享受起始日期"),
    )
    return frame.write_csv().encode("gb18030")


def _seed() -> None:
    made = people(pl.int_range(STUDENTS, eager=True))
    indexes = crypto.blind_indexes(made["number"], table="student", column="resident_id")
    hexed = pl.Series(indexes, dtype=pl.Binary).bin.encode("hex")
    frame = made.select(
        "name", pl.Series("hex", r"\x" + hexed), pl.Series("id", map(str, ids.new_many(STUDENTS)))
    )
    with db.scoped_session(SYSTEM) as session:
        school = ids.new()
        given = {"id": school, "now": clock.now()}
        session.execute(
            text(
                "INSERT INTO organisation (id, kind, code, name, made_at) "
                "VALUES (:id, 'city_centre', '370800', '济宁市学生资助管理中心', :now)"
            ),
            given,
        )
        session.execute(text("CREATE TEMP TABLE seed (name text, hex bytea, id uuid)"))
        csv = frame.write_csv(include_header=False).encode()
        db.copy_rows(session, "seed", ("name", "hex", "id"), csv)
        session.execute(
            text(
                "INSERT INTO student (id, school_id, county_id, name, identity, resident_id, "
                "resident_id_index, made_at, made_by, version) SELECT id, :id, :id, name, "
                "'documented', hex, hex, :now, :id, 1 FROM seed"
            ),
            given,
        )
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _floor(cluster: Cluster) -> float:
    """Seconds for the same rows copied into the table and joined once, by who may copy."""
    columns = "register_id, county_id, resident_id_index, name_index, relation, since, until"
    with cluster.superuser(DATABASE) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY outside_register_row ({columns}) TO STDOUT (FORMAT csv)") as out:
            rows = b"".join(bytes(piece) for piece in out)
        cursor.execute("TRUNCATE outside_register_row, register_match")

        def bare() -> None:
            with cursor.copy(f"COPY outside_register_row ({columns}) FROM STDIN (FORMAT csv)") as c:
                c.write(rows)
            cursor.execute(_JOIN)

        return timed(bare)

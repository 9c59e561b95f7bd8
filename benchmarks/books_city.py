"""A city's payouts, made set-wise: one file sent to the bank, and runs that wait to be released.

Every payout has its student, case, award, plan, shares, account and enrolment, so that what the
service checks is there to be checked. Account and resident id are really sealed and indexed, each
once. The bank's answers are written beside them, as its programs would.
"""

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import psycopg

from app.bank import catalogue
from app.core import clock, crypto, db
from app.core.actor import SYSTEM
from app.policy.queries import version_for
from app.policy.service import load_catalogue
from benchmarks.registers import people

FORMAT = "generic-pipe"
PROGRAMME, PERIOD, SCHOOL_YEAR = "boarding-subsidy", "2008-spring", "2007-2008"
AMOUNT_FEN = 250_00
COUNTIES, SCHOOLS = 12, 240
RUNS = 3
"""How many runs wait to be released, each of a tenth of the lines that are with the bank."""

ROWS_MAX = 1_000_000
SENT_FILE = "F-2007-0001"
_CHUNK = 50_000
_CARD = 6217_0000_0000_0000
_SAID = (3, "失败", "户名不符"), (4, "失败", "账户不存在"), (7, "处理中", "")
_EVERY = 200
"""Of so many lines three, at these places, are not paid."""


@dataclass(frozen=True)
class Block:
    """Payouts that belong together: the file with the bank, or a run that waits."""

    run: int
    start: int
    count: int

    @property
    def run_id(self) -> UUID:
        """The run of these payouts."""
        return key(RUN, self.run)

    @property
    def file_id(self) -> UUID:
        """The file with the bank, where these payouts are in it."""
        return key(FILE, self.run)


ORGANISATION, STUDENT, CASE, AWARD, INSTALMENT, ACCOUNT, PAYOUT, RUN, FILE, OTHER = range(1, 11)


def blocks(lines: int) -> list[Block]:
    """The sent file first, then the runs that wait."""
    each = max(1, lines // 10)
    return [
        Block(0, 0, lines),
        *(Block(n, lines + (n - 1) * each, each) for n in range(1, 1 + RUNS)),
    ]


def widen_format(folder: Path) -> None:
    """The generic format with as many lines a file as the loader allows, in this process alone."""
    text = (catalogue.FOLDER / f"{FORMAT}.toml").read_text("utf-8")
    most = tomllib.loads(text)["rows"]["max"]
    folder.mkdir(exist_ok=True)
    wide = text.replace(f"max = {most}\n", f"max = {ROWS_MAX}\n")
    (folder / f"{FORMAT}.toml").write_text(wide, encoding="utf-8")
    catalogue.FOLDER = folder
    catalogue.formats.cache_clear()


def answer(place: Path, block: Block) -> Path:
    """Where the bank's answer to a block's file stands."""
    return place / f"reply-{block.run}.txt"


def make(connection: psycopg.Connection[Any], lines: int, place: Path) -> None:
    """Everything, in the database of the connection, which must bypass row security."""
    with db.scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        version = version_for(session, PROGRAMME, PERIOD).id
    made = blocks(lines)
    frame = people_of(made[-1].start + made[-1].count)
    for block in made:
        answer(place, block).write_bytes(_reply(frame, block))
    told = {
        "version": version, "programme": PROGRAMME, "period": PERIOD, "year": SCHOOL_YEAR,
        "fen": AMOUNT_FEN, "counties": COUNTIES, "schools": SCHOOLS, "lines": lines,
        "each": made[1].count, "format": FORMAT, "who": key(OTHER, 1), "now": clock.now(),
        "file": SENT_FILE, "runs": RUNS, "accounts": _accounts_sha256(frame, made[0]),
    }  # fmt: skip
    write(connection, frame, (*PEOPLE, *_SEED), told)


def write(
    connection: psycopg.Connection[Any],
    frame: pl.DataFrame,
    statements: Iterable[str],
    told: Mapping[str, object],
) -> None:
    """Runs the statements over the table `made`, which has a row for each of the frame's."""
    connection.execute("SET session_replication_role = replica")  # made to fit: nothing to check
    connection.execute(_STAGE)
    for piece in _sealed(frame):
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY made FROM STDIN (FORMAT csv)") as copy,
        ):
            copy.write(piece)
    for statement in statements:
        connection.execute(statement, told)
    connection.execute("DROP TABLE made")
    connection.execute("SET session_replication_role = DEFAULT")
    connection.execute("VACUUM ANALYZE")


def key(table: int, number: int) -> UUID:
    """The id of a made-up record; `sql_key` is the same in SQL."""
    return UUID(f"{table:08d}-0000-7000-8000-{number:012x}")


def people_of(total: int) -> pl.DataFrame:
    """A row a student: the place, name, resident id and account."""
    at = pl.int_range(total, eager=True)
    return pl.DataFrame({"at": at}).with_columns(
        (pl.col("at") + _CARD).cast(pl.String).alias("account"), *people(at)
    )


def _lines(frame: pl.DataFrame, block: Block) -> pl.DataFrame:
    return frame.slice(block.start, block.count).with_columns(
        (pl.col("at") - block.start + 1).alias("seq")
    )


def _reply(frame: pl.DataFrame, block: Block) -> bytes:
    return reply(_lines(frame, block), "250.00")


def reply(lines: pl.DataFrame, yuan: str) -> bytes:
    """The bank's answer in the format's columns: a few lines are not paid.

    Of a line: `at`, who it is; `seq`, its place in the file; name, account, resident id.
    """
    turn = pl.col("at") % _EVERY
    result, reason = pl.lit("成功"), pl.lit("")
    for place, word, why in _SAID:
        result = pl.when(turn == place).then(pl.lit(word)).otherwise(result)
        reason = pl.when(turn == place).then(pl.lit(why)).otherwise(reason)
    cells = ["seq", "name", "account", pl.lit(yuan), "number", result, reason, pl.lit("\r\n")]
    rows = lines.select(pl.concat_str(cells, separator="|").alias("row"))
    return "".join(rows.get_column("row").to_list()).encode("gb18030")


def _accounts_sha256(frame: pl.DataFrame, block: Block) -> bytes:
    cells = [pl.col("seq"), pl.col("account"), pl.lit(AMOUNT_FEN)]
    rows = _lines(frame, block).select(pl.concat_str(cells, separator="|").alias("row"))
    return sha256("".join(f"{row}\n" for row in rows.get_column("row")).encode()).digest()


def _sealed(frame: pl.DataFrame) -> Iterator[bytes]:
    for piece in frame.iter_slices(_CHUNK):
        accounts, numbers = piece["account"].to_list(), piece["number"].to_list()
        by_account = crypto.blind_indexes(accounts, table="bank_account", column="number")
        by_number = crypto.blind_indexes(numbers, table="student", column="resident_id")
        out = StringIO()
        writer = csv.writer(out)
        rows = zip(
            piece["at"], piece["name"], accounts, numbers, by_account, by_number, strict=True
        )
        for at, name, account, number, account_index, number_index in rows:
            sealed = crypto.encrypt(
                account, table="bank_account", column="number", record=key(ACCOUNT, at)
            )
            person = crypto.encrypt(
                number, table="student", column="resident_id", record=key(STUDENT, at)
            )
            indexes = (account_index or b"", number_index or b"")
            told = (f"\\x{each.hex()}" for each in (sealed, person, *indexes))
            writer.writerow((at, name, account[-4:], *told))
        yield out.getvalue().encode()


def sql_key(table: int, number: str) -> str:
    """The id of a made-up record, as an SQL expression of its number."""
    return f"('{table:08d}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


SCHOOL_OF = sql_key(ORGANISATION, "1000 + at %% %(schools)s")
COUNTY_OF = sql_key(ORGANISATION, "1 + at %% %(schools)s %% %(counties)s")
PLACE = f"{SCHOOL_OF}, {COUNTY_OF}"
_CITY = sql_key(ORGANISATION, "0")
_RUN = "CASE WHEN at < %(lines)s THEN 0 ELSE 1 + (at - %(lines)s) / %(each)s END"
_SENT = "at < %(lines)s"
_STAGE = """
    CREATE UNLOGGED TABLE made (at int PRIMARY KEY, name text, tail text, account bytea,
        person bytea, account_index bytea, person_index bytea)
"""
PEOPLE = (
    f"""INSERT INTO organisation (id, kind, code, name, parent_id, made_at)
        SELECT {_CITY}, 'city_centre', '370800', '济宁市学生资助管理中心', NULL, %(now)s
        UNION ALL SELECT {sql_key(ORGANISATION, "n")}, 'county_centre', (370800 + n)::text,
            '第' || n || '县', {_CITY}, %(now)s FROM generate_series(1, %(counties)s) n
        UNION ALL SELECT {SCHOOL_OF}, 'school', (2137000000 + at)::text, '第' || at || '学校',
            {COUNTY_OF}, %(now)s FROM generate_series(0, %(schools)s - 1) at""",
    f"""INSERT INTO school (id, county_id, code, name, stage, school_area, run_by, division_code,
            active, made_at, version)
        SELECT {PLACE}, (2137000000 + at)::text, '第' || at || '学校', 'junior', 'rural',
            'county', (370801 + at %% %(counties)s)::text, true, %(now)s, 1
        FROM generate_series(0, %(schools)s - 1) at""",
    f"""INSERT INTO enrolment_confirmation (id, school_id, county_id, term, students, absences,
            made_by, made_at)
        SELECT gen_random_uuid(), {PLACE}, %(period)s, 0, 0, %(who)s, %(now)s
        FROM generate_series(0, %(schools)s - 1) at""",
    f"""INSERT INTO fund_line (id, code, fiscal_year, programme, source, holder_id, county_id,
            made_at, payment_mode)
        SELECT {sql_key(OTHER, "100 + n")}, '2008/' || %(programme)s || '/county/' || 370800 + n,
            2008, %(programme)s, 'county', {sql_key(ORGANISATION, "n")},
            {sql_key(ORGANISATION, "n")}, %(now)s, 'treasury_direct'
        FROM generate_series(1, %(counties)s) n""",
    """INSERT INTO application_round (id, programme, period, opens_on, closes_on, opened_by,
            opened_at, version)
        VALUES (%(who)s, %(programme)s, %(period)s, '2008-02-01', '2008-06-30', %(who)s, %(now)s,
            1)""",
    f"""INSERT INTO student (id, school_id, county_id, name, identity, resident_id,
            resident_id_index, made_at, made_by, version)
        SELECT {sql_key(STUDENT, "at")}, {PLACE}, name, 'documented', person, person_index,
            %(now)s, %(who)s, 1 FROM made ORDER BY at""",
    f"""INSERT INTO enrolment (id, student_id, school_id, county_id, school_year, stage, grade,
            class_name, boards, entered_on, made_at, made_by, version)
        SELECT {sql_key(CASE, "at")}, {sql_key(STUDENT, "at")}, {PLACE}, %(year)s, 'junior',
            1, '1', true, '2007-09-01', %(now)s, %(who)s, 1 FROM made ORDER BY at""",
    f"""INSERT INTO bank_account (id, student_id, school_id, county_id, kind, number,
            number_index, number_tail, bank_name, holder, holder_name, state, made_at, made_by,
            confirmed_by, confirmed_at)
        SELECT {sql_key(ACCOUNT, "at")}, {sql_key(STUDENT, "at")}, {PLACE}, 'passbook',
            account, account_index, tail, '农村信用社', 'student', name, 'confirmed', %(now)s,
            %(who)s, {sql_key(OTHER, "2")}, %(now)s FROM made ORDER BY at""",
)
"""A city's offices and schools, a round, fund lines, and a student with account a row of `made`."""

_SEED = (
    f"""INSERT INTO application (id, number, student_id, school_id, county_id, round_id,
            programme, period, state, submission_no, student_name, grade, class_name, stage,
            hardship, eligible, amount_fen, failed, missing, uploaded_by, made_at, reported_at)
        SELECT {sql_key(CASE, "at")}, 'BS-2008S-' || lpad(at::text, 7, '0'),
            {sql_key(STUDENT, "at")}, {PLACE}, %(who)s, %(programme)s, %(period)s,
            'confirmed', 1, name, 1, '1', 'junior', 1, true, %(fen)s, '{{}}', '{{}}', %(who)s,
            %(now)s, %(now)s FROM made ORDER BY at""",
    f"""INSERT INTO award (id, application_id, student_id, school_id, county_id, programme,
            period, policy_version_id, hardship, amount_fen, state, decision_batch_id, made_at)
        SELECT {sql_key(AWARD, "at")}, {sql_key(CASE, "at")}, {sql_key(STUDENT, "at")},
            {PLACE}, %(programme)s, %(period)s, %(version)s, 1, %(fen)s, 'granted', %(who)s,
            %(now)s FROM made ORDER BY at""",
    f"""INSERT INTO instalment (id, award_id, school_id, county_id, seq, due_on, fiscal_year,
            amount_fen, state)
        SELECT {sql_key(INSTALMENT, "at")}, {sql_key(AWARD, "at")}, {PLACE}, 1, '2008-04-01',
            2008, %(fen)s, 'in_run' FROM made ORDER BY at""",
    f"""INSERT INTO instalment_share (instalment_id, fund_line_id, school_id, county_id,
            amount_fen)
        SELECT {sql_key(INSTALMENT, "at")},
            {sql_key(OTHER, "101 + at %% %(schools)s %% %(counties)s")}, {PLACE}, %(fen)s
        FROM made ORDER BY at""",
    f"""INSERT INTO payout_run (id, number, kind, programme, due_to, method, bank_format, state,
            opened_by, opened_at, released_by, released_at, version)
        SELECT {sql_key(RUN, "n")}, 'R-2007-000' || n, 'due', %(programme)s, '2008-04-01',
            'bank', %(format)s, CASE n WHEN 0 THEN 'released' ELSE 'open' END, %(who)s, %(now)s,
            CASE n WHEN 0 THEN {sql_key(OTHER, "2")} END, CASE n WHEN 0 THEN %(now)s END, 1
        FROM generate_series(0, %(runs)s) n""",
    f"""INSERT INTO document (id, kind, name, media_type, size, sha256, body, stored_by,
            stored_at)
        VALUES ({sql_key(FILE, "1")}, 'payment_file', %(file)s, 'text/plain', 0, '', '', %(who)s,
            %(now)s)""",
    f"""INSERT INTO payment_file (id, number, run_id, part, bank_format, document_id, sha256,
            line_count, amount_fen, accounts_sha256, made_at, banks)
        VALUES ({sql_key(FILE, "0")}, %(file)s, {sql_key(RUN, "0")}, 1, %(format)s,
            {sql_key(FILE, "1")}, '', %(lines)s, %(lines)s::bigint * %(fen)s, %(accounts)s,
            %(now)s, 'all')""",
    f"""INSERT INTO payout (id, number, run_id, student_id, school_id, county_id, account_id,
            amount_fen, state, file_id, file_line, made_at, sent_at, checks, checked_at)
        SELECT {sql_key(PAYOUT, "at")}, 'P-2007-' || lpad((at + 1)::text, 7, '0'),
            {sql_key(RUN, _RUN)}, {sql_key(STUDENT, "at")}, {PLACE},
            {sql_key(ACCOUNT, "at")}, %(fen)s, CASE WHEN {_SENT} THEN 'sent' ELSE 'ready' END,
            CASE WHEN {_SENT} THEN {sql_key(FILE, "0")} END, CASE WHEN {_SENT} THEN at + 1 END,
            %(now)s, CASE WHEN {_SENT} THEN %(now)s END, '{{}}', %(now)s FROM made ORDER BY at""",
    f"""INSERT INTO payout_part (payout_id, instalment_id, school_id, county_id, amount_fen, live)
        SELECT {sql_key(PAYOUT, "at")}, {sql_key(INSTALMENT, "at")}, {PLACE}, %(fen)s, true
        FROM made ORDER BY at""",
    # What was promised and sent stands in the books, a transfer a fund line instead of one a share.
    """CREATE TEMP TABLE moved AS
        SELECT l.id, l.code, sum(s.amount_fen)::bigint AS fen,
            coalesce(sum(s.amount_fen) FILTER (WHERE p.state = 'sent'), 0)::bigint AS sent
        FROM instalment_share s JOIN fund_line l ON l.id = s.fund_line_id
        JOIN payout_part part USING (instalment_id) JOIN payout p ON p.id = part.payout_id
        GROUP BY l.id""",
    """INSERT INTO ledger_account (code, fund_line, kind, debits_fen, credits_fen)
        SELECT code || '/' || kind, code, kind,
            CASE kind WHEN 'treasury' THEN fen WHEN 'available' THEN fen WHEN 'committed' THEN sent
                ELSE 0 END,
            CASE kind WHEN 'available' THEN fen WHEN 'committed' THEN fen
                WHEN 'in_transit' THEN sent ELSE 0 END
        FROM moved, unnest(ARRAY['treasury', 'available', 'committed', 'in_transit', 'paid',
            'recoverable', 'returned_to_treasury', 'written_off']) kind""",
    """INSERT INTO ledger_transfer (debit, credit, amount_fen, kind, refers_to, batch, office_day,
            posted_at, posted_by, occurred_on)
        SELECT code || '/' || debit, code || '/' || credit, n, kind, id, id, '2008-03-01',
            %(now)s, %(who)s, '2008-03-01'
        FROM moved CROSS JOIN LATERAL (VALUES ('treasury', 'available', fen, 'appropriate'),
            ('available', 'committed', fen, 'commit'), ('committed', 'in_transit', sent, 'send'))
            AS t (debit, credit, n, kind) WHERE n > 0""",
    "DROP TABLE moved",
)

"""A city before its round: every student known, and the sheets of those who apply in files.

Seven of ten who apply are in the registry already, at their schools and with what the sheet says
of them; the others are new. A few rows are wrong, lack a fact, or are not eligible.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from uuid import UUID

import polars as pl
import psycopg
from xlsxwriter import Workbook

from app.core import clock, crypto, db
from app.core.actor import SYSTEM, Actor, ActorKind, Scope
from app.core.identity import luhn_ok
from app.policy.service import load_catalogue
from benchmarks.books_city import key, sql_key
from benchmarks.registers import people

PROGRAMME, PERIOD, SCHOOL_YEAR = "boarding-subsidy", "2008-spring", "2007-2008"
COUNTIES, SCHOOLS = 12, 480
TENTHS = 10
SHARES = (5_000, 2_000, 1_500, 800, 400, 200, 50, 50)
"""How a tenth's rows are divided into sheets, in ten-thousandths: for 100,000 the sizes."""

LARGE = 3
"""So many sheets of a tenth, the largest, come from a county and hold many schools."""

BATCH = 1_000
ORGANISATION, STUDENT, ENROLMENT, ACCOUNT, HOUSEHOLD, OTHER = 1, 2, 3, 6, 9, 10
MAKER = key(OTHER, 1)
"""Who has made all that was there before the round."""

_WHOLE = 10_000
_HEADER = (
    "序号", "学校标识码", "学籍号", "姓名", "性别", "居民身份证号", "年级", "班级", "是否寄宿",
    "户口性质", "家庭人口", "家庭人均\n年收入（元）", "特殊群体类型", "困难等级", "监护人",
    "联系电话", "开户名", "银行卡号", "开户银行",
)  # fmt: skip
_BANKS = ("农业银行", "邮政储蓄", "农村信用社", "工商银行")
_GROUPS = (None, None, None, None, None, None, "低保", "孤儿", "烈士子女", "低保边缘")
_LEVELS = ("一般困难", "困难", "特别困难")
_STORED_GROUPS = (None, None, None, None, None, None, "minimum_living", "orphan", "martyr_child",
                  "low_income_margin")  # fmt: skip


@dataclass(frozen=True)
class Part:
    """The rows of one sheet, or of one batch: who hands them in, from which row how many."""

    number: int
    start: int
    count: int
    place: int
    """The number of the school, or of the county where `large`."""

    large: bool

    @property
    def by(self) -> Actor:
        """Who hands it in: a clerk of the school, or an officer of the county."""
        county = key(ORGANISATION, 1 + self.place % COUNTIES)
        school = None if self.large else key(ORGANISATION, 1000 + self.place)
        return Actor(
            id=key(OTHER, 1000 + self.number), kind=ActorKind.PERSON, name=f"经办{self.number}",
            scope=Scope.COUNTY if self.large else Scope.SCHOOL, organisation_id=school or county,
            school_id=school, county_id=county,
        )  # fmt: skip

    def file(self, home: Path) -> Path:
        """Where its workbook stands."""
        return home / f"sheet-{self.number}.xlsx"

    def cases(self, home: Path) -> Path:
        """Where the same rows stand as JSON, a batch a line."""
        return home / f"sheet-{self.number}.jsonl"


def parts(applications: int) -> list[Part]:
    """The sheets in their order; every tenth of them has the same sizes."""
    found: list[Part] = []
    start = 0
    each = applications // TENTHS
    for tenth in range(TENTHS):
        left = each
        for nth, share in enumerate(SHARES):
            count = left if nth == len(SHARES) - 1 else min(left, each * share // _WHOLE)
            left -= count
            if count == 0:
                continue
            large = nth < LARGE
            place = (tenth * LARGE + nth) % COUNTIES if large else (tenth * 8 + nth) * 7 % SCHOOLS
            found.append(Part(len(found), start, count, place, large))
            start += count
    return found


def first_tenth(made: list[Part]) -> int:
    """How many sheets the first tenth of the rows has."""
    total = sum(each.count for each in made)
    return sum(each.start + each.count <= total // TENTHS for each in made)


def make(connection: psycopg.Connection[object], students: int, made: list[Part]) -> None:
    """The city in the database of the connection, which must bypass row security."""
    with db.scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
    connection.execute("SET session_replication_role = replica")  # made to fit: nothing to check
    connection.execute(_STAGE)
    total = made[-1].start + made[-1].count
    for piece in _sealed(made):
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY made FROM STDIN (FORMAT csv)") as copy,
        ):
            copy.write(piece)
    told = {
        "programme": PROGRAMME, "period": PERIOD, "year": SCHOOL_YEAR, "counties": COUNTIES,
        "schools": SCHOOLS, "who": MAKER, "second": key(OTHER, 2), "now": clock.now(),
        "from": total, "to": max(total, students) - 1,
    }  # fmt: skip
    for statement in _SEED:
        connection.execute(statement, told)
    connection.execute("DROP TABLE made")
    connection.execute("SET session_replication_role = DEFAULT")
    connection.execute("VACUUM ANALYZE")


def write(home: Path, made: list[Part]) -> None:
    """The workbook of every part, and its rows once more as JSON batches."""
    for part in made:
        frame = rows(part)
        part.file(home).write_bytes(_workbook(frame))
        part.cases(home).write_text(_batches(frame), encoding="utf-8")


def rows(part: Part) -> pl.DataFrame:
    """What the school wrote of each row of a part, and what was known of its student before."""
    at = pl.int_range(part.start, part.start + part.count, eager=True)
    here = pl.col("at")
    school = pl.lit(part.place, pl.Int64)
    if part.large:
        school = part.place + COUNTIES * (here % (SCHOOLS // COUNTIES))
    frame = pl.DataFrame({"at": at}).with_columns(*people(at), school.alias("school"))
    own = pl.col("number")
    last = own.str.slice(17, 1)
    wrong = own.str.slice(0, 17) + pl.when(last == "1").then(pl.lit("2")).otherwise(pl.lit("1"))
    twice = (here % 200 == 35) & (here > part.start)
    return frame.with_columns(
        (here % 10 < 7).alias("known"),
        (here % 500 == 1).alias("elsewhere"),
        own.alias("own"),
        pl.when(here % 100 == 8).then(wrong).when(twice).then(own.shift()).otherwise(own)
        .alias("number"),
        _one_of(_LEVELS, here // 3).alias("level"),
        pl.when(here % 200 != 59).then(1 + here // 3 % len(_LEVELS)).alias("hardship"),
        _one_of(_GROUPS, here // 10).alias("group"),
        _one_of(_STORED_GROUPS, here // 10).alias("special_group"),
        _one_of(_BANKS, here // 7).alias("bank"),
        pl.when(here % 40 == 14).then(pl.lit("否")).when(here % 50 != 12).then(pl.lit("是"))
        .alias("boards"),
        (1 + here // 5 % 3).alias("grade"),
        (1 + here // 11 % 8).cast(pl.String).alias("class_name"),
        (2 + here // 13 % 6).alias("members"),
        (1000 + here * 37 % 4000).alias("income"),
        ("137" + here.cast(pl.String).str.zfill(8)).alias("telephone_before"),
        (pl.when(here % 20 == 2).then(pl.lit("139")).otherwise(pl.lit("137"))
         + here.cast(pl.String).str.zfill(8)).alias("telephone"),
        pl.Series("card_before", _cards(at), pl.String),
        (pl.col("name").str.slice(0, 1) + "建国").alias("guardian"),
        (pl.col("school") + 2137000000).cast(pl.String).alias("code"),
    ).with_columns(
        pl.when(here % 200 == 18).then(pl.col("card_before").str.slice(0, 18) + "0")
        .otherwise("card_before").alias("card")
    )  # fmt: skip


def _one_of(words: tuple[str | None, ...], at: pl.Expr) -> pl.Expr:
    return (at % len(words)).replace_strict(
        list(range(len(words))), list(words), return_dtype=pl.String
    )


def _cards(at: pl.Series) -> list[str]:
    bodies = (f"622848{number:012d}" for number in at)
    return [next(body + end for end in "0123456789" if luhn_ok(body + end)) for body in bodies]


def _workbook(frame: pl.DataFrame) -> bytes:
    """As a county keeps it: titles above, a blank row, words and numbers mixed, a total below."""
    out = BytesIO()
    with Workbook(out, {"constant_memory": True}) as book:
        page = book.add_worksheet("寄宿生补助申请表")
        page.write_string(0, 0, "2008年春季学期农村义务教育家庭经济困难寄宿生生活费补助申请汇总表")
        page.write_string(1, 0, "填报日期：2008年4月20日")
        for place, word in enumerate(_HEADER):
            page.write_string(2, place, word)
        at = 3
        for at, row in enumerate(frame.iter_rows(named=True), start=3):
            for place, cell in enumerate(_cells(row, at - 2)):
                if isinstance(cell, str):
                    page.write_string(at, place, cell)
                elif cell is not None:
                    page.write_number(at, place, cell)
        page.write_string(at + 1, 0, "合计")
    return out.getvalue()


def _cells(row: dict[str, object], seq: int) -> tuple[object, ...]:
    at = int(str(row["at"]))
    income = int(str(row["income"]))
    return (
        seq, row["code"], f"G{row['number']}", f" {row['name']}" if at % 30 == 3 else row["name"],
        "男" if int(str(row["number"])[16]) % 2 else "女", row["number"],
        row["grade"] if at % 3 else f"{'一二三'[int(str(row['grade'])) - 1]}年级",
        row["class_name"] if at % 4 else int(str(row["class_name"])),
        "√" if row["boards"] == "是" and at % 6 == 0 else row["boards"], "农村",
        row["members"] if at % 2 else str(row["members"]), float(income) if at % 2 else f"{income}",
        row["group"], row["level"] if row["hardship"] else None, row["guardian"], row["telephone"],
        row["name"], f"{row['card']}"[:4] + " " + f"{row['card']}"[4:] if at % 25 == 4
        else row["card"], row["bank"],
    )  # fmt: skip


def _batches(frame: pl.DataFrame) -> str:
    """The bodies of `POST /applications/batch`, as large as one may be, a line each."""
    bodies = (
        {
            "programme": PROGRAMME,
            "period": PERIOD,
            "cases": [_case(row) for row in piece.iter_rows(named=True)],
        }
        for piece in frame.iter_slices(BATCH)
    )
    return "".join(json.dumps(body, ensure_ascii=False) + "\n" for body in bodies)


def _case(row: dict[str, object]) -> dict[str, object]:
    return {
        "school_code": row["code"],
        "student": {
            "name": row["name"], "resident_id": row["number"], "register_no": f"G{row['number']}",
            "guardian_name": row["guardian"], "telephone": row["telephone"],
        },
        "enrolment": {
            "grade": row["grade"], "class_name": row["class_name"],
            "boards": None if row["boards"] is None else row["boards"] == "是",
        },
        "household": {
            "hukou": "rural", "household_size": row["members"],
            "income_per_head": f"{row['income']}.00",
        },
        "hardship": row["hardship"], "special_group": row["special_group"],
        "account": {
            "kind": "card", "number": row["card"], "bank_name": row["bank"],
            "holder_name": row["name"],
        },
    }  # fmt: skip


def _sealed(made: list[Part]) -> Iterator[bytes]:
    """The known students of each part, with the numbers sealed and indexed as the service does."""
    for part in made:
        frame = rows(part).filter("known").with_columns(
            pl.when("elsewhere").then((pl.col("school") + COUNTIES) % SCHOOLS)
            .otherwise("school").alias("school"),
        )  # fmt: skip
        people_ids = [key(STUDENT, at) for at in frame["at"]]
        accounts = [key(ACCOUNT, at) for at in frame["at"]]
        yield (
            frame.select(
                "at", "school", "name", ("G" + pl.col("own")).alias("register_no"), "guardian",
                "grade", "class_name", "members", pl.col("income") * 100, "special_group", "bank",
                pl.col("card_before").str.slice(-4).alias("tail"),
                _seal(frame["own"], "student", "resident_id", people_ids),
                _index(frame["own"], "student", "resident_id"),
                _seal(frame["telephone_before"], "student", "telephone", people_ids),
                _seal(frame["card_before"], "bank_account", "number", accounts),
                _index(frame["card_before"], "bank_account", "number"),
            )
            .write_csv(include_header=False)
            .encode()
        )  # fmt: skip


def _seal(texts: pl.Series, table: str, column: str, records: list[UUID]) -> pl.Series:
    sealed = (
        crypto.encrypt(text, table=table, column=column, record=record)
        for text, record in zip(texts, records, strict=True)
    )
    return pl.Series(f"{column}_sealed", [f"\\x{each.hex()}" for each in sealed], pl.String)


def _index(texts: pl.Series, table: str, column: str) -> pl.Series:
    found = crypto.blind_indexes(texts, table=table, column=column)
    return pl.Series(f"{column}_index", [f"\\x{(one or b'').hex()}" for one in found], pl.String)


_STAGE = """
    CREATE UNLOGGED TABLE made (at int PRIMARY KEY, school int, name text, register_no text,
        guardian text, grade int, class_name text, members int, income bigint,
        special_group text, bank text, tail text, resident bytea, resident_index bytea,
        telephone bytea, account bytea, account_index bytea)
"""
_CITY = sql_key(ORGANISATION, "0")
_SCHOOL, _COUNTY = (
    sql_key(ORGANISATION, f"1000 + {'{}'}"), sql_key(ORGANISATION, f"1 + {'{}'} %% %(counties)s")
)  # fmt: skip
_MADE = f"{_SCHOOL.format('school')}, {_COUNTY.format('school')}"
_REST = f"{_SCHOOL.format('at %% %(schools)s')}, {_COUNTY.format('at %% %(schools)s')}"
_STAGE_OF = "CASE {} %% 3 WHEN 0 THEN 'primary' ELSE 'junior' END"
_OTHERS = "generate_series(%(from)s::int, %(to)s::int) at"
# Nobody opens what is sealed of those who do not apply: bytes of the same length will do.
_JUNK = "sha256((at::text || '{}')::bytea)"
_SEED = (
    f"""INSERT INTO organisation (id, kind, code, name, parent_id, made_at)
        SELECT {_CITY}, 'city_centre', '370800', '济宁市学生资助管理中心', NULL, %(now)s
        UNION ALL SELECT {sql_key(ORGANISATION, "n")}, 'county_centre', (370800 + n)::text,
            '第' || n || '县', {_CITY}, %(now)s FROM generate_series(1, %(counties)s) n
        UNION ALL SELECT {_SCHOOL.format("at")}, 'school', (2137000000 + at)::text,
            '第' || at || '学校', {_COUNTY.format("at")}, %(now)s
        FROM generate_series(0, %(schools)s - 1) at""",
    f"""INSERT INTO school (id, county_id, code, name, stage, school_area, run_by, division_code,
            active, made_at, version)
        SELECT {_SCHOOL.format("at")}, {_COUNTY.format("at")}, (2137000000 + at)::text,
            '第' || at || '学校', {_STAGE_OF.format("at")}, 'rural', 'county',
            (370801 + at %% %(counties)s)::text, true, %(now)s, 1
        FROM generate_series(0, %(schools)s - 1) at""",
    """INSERT INTO application_round (id, programme, period, opens_on, closes_on, opened_by,
            opened_at, version)
        VALUES (%(who)s, %(programme)s, %(period)s, '2008-02-01', '2008-06-30', %(who)s, %(now)s,
            1)""",
    f"""INSERT INTO student (id, school_id, county_id, name, sex, birth_on, identity, resident_id,
            resident_id_index, register_no, guardian_name, telephone, made_at, made_by, version)
        SELECT {sql_key(STUDENT, "at")}, {_MADE}, name,
            CASE substr(register_no, 18, 1)::int %% 2 WHEN 1 THEN 'male' ELSE 'female' END,
            to_date(substr(register_no, 8, 8), 'YYYYMMDD'), 'documented', resident,
            resident_index, register_no, guardian, telephone, %(now)s, %(who)s, 1
        FROM made ORDER BY at""",
    f"""INSERT INTO student (id, school_id, county_id, name, sex, birth_on, identity, resident_id,
            resident_id_index, register_no, guardian_name, telephone, made_at, made_by, version)
        SELECT {sql_key(STUDENT, "at")}, {_REST}, '王' || at, 'female', '1995-01-01',
            'documented', {_JUNK.format("r")} || '\\x00112233445566778899aabbccddeeff',
            {_JUNK.format("r")}, 'G' || lpad(at::text, 18, '0'), '王建国',
            {_JUNK.format("t")} || '\\x001122334455667788', %(now)s, %(who)s, 1
        FROM {_OTHERS}""",
    f"""INSERT INTO enrolment (id, student_id, school_id, county_id, school_year, stage, grade,
            class_name, boards, entered_on, made_at, made_by, version)
        SELECT {sql_key(ENROLMENT, "at")}, {sql_key(STUDENT, "at")}, {_MADE}, %(year)s,
            {_STAGE_OF.format("school")}, grade, class_name, true, '2007-09-01', %(now)s,
            %(who)s, 1 FROM made ORDER BY at""",
    f"""INSERT INTO enrolment (id, student_id, school_id, county_id, school_year, stage, grade,
            class_name, boards, entered_on, made_at, made_by, version)
        SELECT {sql_key(ENROLMENT, "at")}, {sql_key(STUDENT, "at")}, {_REST}, %(year)s,
            {_STAGE_OF.format("at %% %(schools)s")}, 1 + at %% 3, '1', false, '2007-09-01',
            %(now)s, %(who)s, 1 FROM {_OTHERS}""",
    f"""INSERT INTO household (id, student_id, school_id, county_id, school_year, hukou, members,
            income_per_head_fen, special_group, made_at, made_by, version)
        SELECT {sql_key(HOUSEHOLD, "at")}, {sql_key(STUDENT, "at")}, {_MADE}, %(year)s,
            'rural', members, income, special_group, %(now)s, %(who)s, 1
        FROM made WHERE at %% 10 < 4 ORDER BY at""",
    f"""INSERT INTO bank_account (id, student_id, school_id, county_id, kind, number,
            number_index, number_tail, bank_name, holder, holder_name, state, made_at, made_by,
            confirmed_by, confirmed_at)
        SELECT {sql_key(ACCOUNT, "at")}, {sql_key(STUDENT, "at")}, {_MADE}, 'card', account,
            account_index, tail, bank, 'student', name, 'confirmed', %(now)s, %(who)s,
            %(second)s, %(now)s FROM made WHERE at %% 10 < 5 ORDER BY at""",
    f"""INSERT INTO bank_account (id, student_id, school_id, county_id, kind, number,
            number_index, number_tail, bank_name, holder, holder_name, state, made_at, made_by,
            confirmed_by, confirmed_at)
        SELECT {sql_key(ACCOUNT, "at")}, {sql_key(STUDENT, "at")}, {_REST}, 'card',
            {_JUNK.format("a")} || '\\x00112233445566778899aabbccddee', {_JUNK.format("i")},
            '0000', '农业银行', 'student', '王' || at, 'confirmed', %(now)s, %(who)s, %(second)s,
            %(now)s FROM {_OTHERS} WHERE at %% 10 < 3""",
)

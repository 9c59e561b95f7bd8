"""A city at the end of a term's round: a tenth of its students have applied, schools filled in.

Every case has its submission with its facts; every school's batch waits for its head. Accounts and
resident ids are really sealed and indexed. The money of the counties has come. One county has an
eleventh of the cases, ten others the rest: the same act of its cases and of the rest shows how
time and memory grow.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import psycopg

from app.core import clock, db
from app.core.actor import SYSTEM, Actor, ActorKind, Scope
from app.policy.queries import version_for
from app.policy.service import load_catalogue
from benchmarks import books_city
from benchmarks.books_city import (
    CASE,
    ORGANISATION,
    OTHER,
    PEOPLE,
    PERIOD,
    PLACE,
    PROGRAMME,
    SCHOOL_YEAR,
    STUDENT,
    key,
    sql_key,
)

COUNTIES = 11
"""So that the last county has a tenth of what the others have together."""

SCHOOLS_MAX, PUPILS_MIN = 220, 90

AMOUNT_FEN, AMOUNT = 375_00, "375.00"
DECIDED_ON, PAID_ON = date(2008, 3, 3), date(2008, 5, 15)
"""The office's days of this term: of deciding, and of granting and paying."""

FIRST_COUNTY = key(ORGANISATION, COUNTIES)


@dataclass(frozen=True)
class Part:
    """A part of the cases that an act falls on: of one county, or the rest."""

    county: UUID | None
    count: int


def parts(rows: int) -> tuple[Part, Part]:
    """One county's cases, and the rest: a tenth of the students, ten times as many."""
    total = _cases(rows)
    small = sum(1 for at in range(total) if at % COUNTIES == COUNTIES - 1)
    return Part(FIRST_COUNTY, small), Part(None, total - small)


def schools(rows: int) -> int:
    """How many schools there are; as many in each county."""
    return COUNTIES * max(1, min(SCHOOLS_MAX, rows // PUPILS_MIN) // COUNTIES)


def _cases(rows: int) -> int:
    return rows // 10 + rows // 100


def officer(number: int, scope: Scope, place: UUID | None = None) -> Actor:
    """A person of an office or a school; each number is another person."""
    return Actor(
        id=key(OTHER, number),
        kind=ActorKind.PERSON,
        name=f"officer {number}",
        scope=scope,
        school_id=place if scope is Scope.SCHOOL else None,
        county_id=place if scope is Scope.COUNTY else None,
    )


HEAD, COUNTY_OFFICER, CITY_OFFICER, MAKER, CHECKER = range(11, 16)
"""Numbers of persons; of schools and counties the same person serves for all."""


def make(connection: psycopg.Connection[Any], rows: int, _: Path) -> None:
    """Everything, in the database of the connection, which must bypass row security."""
    with db.scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        version = version_for(session, PROGRAMME, PERIOD).id
    told = {
        "version": version, "programme": PROGRAMME, "period": PERIOD, "year": SCHOOL_YEAR,
        "fen": AMOUNT_FEN, "counties": COUNTIES, "schools": schools(rows), "cases": _cases(rows),
        "who": key(OTHER, 1), "now": clock.now(), "day": DECIDED_ON,
    }  # fmt: skip
    books_city.write(connection, books_city.people_of(rows), (*PEOPLE, *_ROUND), told)


def reply(connection: psycopg.Connection[Any], file_id: UUID) -> bytes:
    """The bank's answer to a file that the service sent."""
    found = connection.execute(
        "SELECT p.file_line, ('x' || right(p.student_id::text, 12))::bit(48)::bigint "
        "FROM payout p WHERE p.file_id = %s ORDER BY 1",
        [file_id],
    ).fetchall()
    lines = pl.DataFrame(found, schema=["seq", "at"], orient="row")
    people = books_city.people_of(max(at for _, at in found) + 1)
    return books_city.reply(lines.join(people, on="at", maintain_order="left"), AMOUNT)


_ROUND = (
    f"""INSERT INTO application (id, number, student_id, school_id, county_id, round_id,
            programme, period, state, submission_no, student_name, grade, class_name, stage,
            hardship, eligible, amount_fen, failed, missing, uploaded_by, made_at)
        SELECT {sql_key(CASE, "at")}, 'BS-2008S-' || lpad(at::text, 7, '0'),
            {sql_key(STUDENT, "at")}, {PLACE}, %(who)s, %(programme)s, %(period)s,
            'submitted', 1, name, 1, '1', 'junior', 1 + at %% 3, true, %(fen)s, '{{}}', '{{}}',
            %(who)s, %(now)s FROM made WHERE at < %(cases)s ORDER BY at""",
    f"""INSERT INTO submission (application_id, submission_no, school_id, county_id,
            policy_version_id, facts, eligible, amount_fen, failed, missing, made_by, made_at)
        SELECT {sql_key(CASE, "at")}, 1, {PLACE}, %(version)s,
            (SELECT jsonb_object_agg(name, jsonb_build_object('value', value, 'source', source,
                'as_of', '2008-03-01'))
            FROM (VALUES ('stage', to_jsonb('junior'::text), 'registry'),
                ('school_area', to_jsonb('rural'::text), 'registry'),
                ('boards', to_jsonb(true), 'registry'),
                ('hardship', to_jsonb(1 + at %% 3), 'recognition'))
                AS fact (name, value, source)),
            true, %(fen)s, '{{}}', '{{}}', %(who)s, %(now)s
        FROM made WHERE at < %(cases)s ORDER BY at""",
    f"""INSERT INTO reporting_batch (id, round_id, school_id, county_id, state, zero, panel,
            panel_met_on, notice_from, notice_to, filled_by, version)
        SELECT {sql_key(OTHER, "10000 + at")}, %(who)s, {PLACE}, 'filling', false,
            ARRAY['甲', '乙', '丙'], '2008-02-20', '2008-02-22', '2008-03-01', %(who)s, 1
        FROM generate_series(0, %(schools)s - 1) at""",
    """INSERT INTO ledger_account (code, fund_line, kind, debits_fen, credits_fen)
        SELECT code || '/' || kind, code, kind,
            CASE kind WHEN 'treasury' THEN %(cases)s::bigint * %(fen)s ELSE 0 END,
            CASE kind WHEN 'available' THEN %(cases)s::bigint * %(fen)s ELSE 0 END
        FROM fund_line, unnest(ARRAY['treasury', 'available', 'committed', 'in_transit', 'paid',
            'recoverable', 'returned_to_treasury', 'written_off']) kind""",
    """INSERT INTO ledger_transfer (debit, credit, amount_fen, kind, refers_to, batch, office_day,
            posted_at, posted_by, occurred_on)
        SELECT code || '/treasury', code || '/available', %(cases)s::bigint * %(fen)s,
            'appropriate', id, id, %(day)s, %(now)s, %(who)s, %(day)s FROM fund_line""",
)

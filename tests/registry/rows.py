"""Rows of a sheet as intake sees them, and people with numbers that check out."""

import random
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import text
from sqlmodel import Session
from stdnum.cn.ric import calc_check_digit
from stdnum.luhn import calc_check_digit as luhn

from app.registry import presence
from app.registry.intake import INTAKE_SCHEMA
from app.registry.models import School
from app.registry.rules import school_year_of_term


def resident_id(seed: int) -> str:
    """A valid 18-digit id, another for each seed."""
    born = date.fromordinal(date(1992, 1, 1).toordinal() + seed % 3000)
    body = f"370811{born:%Y%m%d}{seed // 3000 % 1000:03d}"
    return body + calc_check_digit(body + "0")


def card(seed: int) -> str:
    """A valid card number, another for each seed."""
    body = f"622848{random.Random(seed).randrange(10**12):012d}"
    return body + luhn(body)


def row_of(school: School, **given: Any) -> dict[str, Any]:
    """One row at a school; everything not given is null but the name."""
    return {
        "row": 1,
        "school_id": str(school.id),
        "county_id": str(school.county_id),
        "name": "赵芳",
        **given,
    }


def frame_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """An intake frame, numbered from 1."""
    numbered = [{**row, "row": place} for place, row in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=INTAKE_SCHEMA)


def presence_of(session: Session, students: Sequence[UUID], term: str) -> list[str]:
    """Whether payments take each student for present, absent or unconfirmed in a term."""
    found = session.execute(
        text(
            f"SELECT asked.student_id, CASE WHEN {presence.ABSENT} THEN 'absent' "
            f"WHEN {presence.UNCONFIRMED} THEN 'unconfirmed' ELSE 'present' END "
            "FROM (SELECT student_id, CAST(:year AS text) AS school_year, "
            "CAST(:term AS text) AS term FROM unnest(CAST(:who AS uuid[])) who (student_id)) "
            f"asked {presence.JOINS}"
        ),
        {"who": list(students), "term": term, "year": school_year_of_term(term)},
    )
    by_student: dict[UUID, str] = dict(map(tuple, found))
    return [by_student[each] for each in students]

"""Cases as schools bring them, and a city in which a round is open."""

import random
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from sqlmodel import Session
from stdnum.cn.ric import calc_check_digit
from stdnum.luhn import calc_check_digit as luhn

from app.applications import checks, intake, rounds
from app.applications.models import ApplicationRound
from app.applications.rounds import Days
from app.core.actor import Actor
from app.registry.intake import INTAKE_SCHEMA
from app.registry.models import School
from app.registry.queries import schools_in_scope

PROGRAMME = "boarding-subsidy"
SPRING = "2008-spring"
OPEN_DAY = date(2008, 4, 20)
DAYS = Days(date(2008, 3, 1), date(2008, 4, 30))


@dataclass(frozen=True)
class Office:
    """Where a round is open: who hands in, at which school."""

    round: ApplicationRound
    clerk: Actor
    school: School


def resident_id(seed: int) -> str:
    """A valid 18-digit id, another for each seed."""
    born = date.fromordinal(date(1992, 1, 1).toordinal() + seed % 3000)
    body = f"370811{born:%Y%m%d}{seed // 3000 % 1000:03d}"
    return body + calc_check_digit(body + "0")


def card(seed: int) -> str:
    """A valid card number, another for each seed."""
    body = f"622848{random.Random(seed).randrange(10**12):012d}"
    return body + luhn(body)


def row_of(school: School, seed: int, **given: Any) -> dict[str, Any]:
    """An eligible boarder of a rural primary school; what a test is about is given."""
    row = {
        "school_id": str(school.id),
        "name": f"赵芳{seed}",
        "resident_id": resident_id(seed),
        "grade": 1,
        "class_name": "1",
        "boards": True,
        "hardship": 1,
        **given,
    }
    return {name: row.get(name) for name in INTAKE_SCHEMA}


def frame_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """An intake frame, numbered from 1."""
    numbered = [{**row, "row": place} for place, row in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=INTAKE_SCHEMA)


def open_round(session: Session, by: Actor, programme: str, period: str) -> ApplicationRound:
    """A round from March to the end of April 2008."""
    return rounds.open_round(session, programme=programme, period=period, days=DAYS, by=by)


def bring(
    session: Session, office: Office, *rows: dict[str, Any], **more: Any
) -> list[dict[str, Any]]:
    """Hands rows in as the clerk; answers the results as dicts."""
    frame = checks.at_schools(frame_of(*rows), schools_in_scope(session, office.clerk))
    assert checks.check(frame).is_empty()
    by = more.pop("by", office.clerk)
    return intake.take_in(session, frame, round_=office.round, by=by, **more).to_dicts()


def form(seed: int, **given: Any) -> dict[str, Any]:
    """The same case as the form of a client."""
    made: dict[str, Any] = {
        "programme": PROGRAMME,
        "period": SPRING,
        "student": {"name": f"赵芳{seed}", "resident_id": resident_id(seed)},
        "enrolment": {"grade": 1, "class_name": "1", "boards": True},
        "hardship": 1,
    }
    for name, value in given.items():
        made[name] = {**made[name], **value} if isinstance(value, dict) and name in made else value
    return made

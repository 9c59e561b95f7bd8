"""Pupils with a resident id, and lists that name them."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session
from stdnum.cn.ric import calc_check_digit

from app.core import clock, crypto, ids
from app.registry.models import Enrolment, IdentityState, School, Student

HEADER = "户主,成员姓名,身份证号码,与户主关系,区县代码,享受起始日期"
YEAR = "2007-2008"
ENTERED = date(2007, 9, 1)


def number(place: int) -> str:
    """A resident id whose check digit is right; another one for each place below 336 000."""
    month, rest = place // 1000 % 12 + 1, place % 1000
    body = (
        f"370811{1990 + place // 12_000 // 28}{month:02d}{place // 12_000 % 28 + 1:02d}{rest:03d}"
    )
    return str(body + calc_check_digit(body + "0"))


def make_pupils(
    session: Session,
    school: School,
    places: Sequence[int],
    *,
    name: str = "王芳",
    enrolled: bool = True,
    year: str = YEAR,
    boards: bool | None = True,
) -> list[UUID]:
    """A pupil for each place of `number`, on the school's roll; two statements."""
    keys, now = ids.new_many(len(places)), clock.now()
    where = {"school_id": school.id, "county_id": school.county_id}
    made: dict[str, Any] = {"made_at": now, "made_by": ids.new(), "version": 1}
    session.execute(
        insert(Student),
        [
            {
                "id": key, **where, **made, "name": name, "identity": IdentityState.DOCUMENTED,
                "resident_id": crypto.encrypt(
                    number(place), table="student", column="resident_id", record=key
                ),
                "resident_id_index": crypto.blind_index(
                    number(place), table="student", column="resident_id"
                ),
            }
            for key, place in zip(keys, places, strict=True)
        ],
    )  # fmt: skip
    if enrolled:
        enrol(session, school, keys, year=year, boards=boards)
    return keys


def enrol(
    session: Session,
    school: School,
    students: Sequence[UUID],
    *,
    year: str = YEAR,
    boards: bool | None = True,
    entered_on: date = ENTERED,
) -> None:
    """Puts students on the school's roll of a year."""
    session.execute(
        insert(Enrolment),
        [
            {
                "id": ids.new(), "student_id": student, "school_id": school.id,
                "county_id": school.county_id, "school_year": year, "stage": school.stage,
                "grade": 1, "class_name": "1", "boards": boards, "entered_on": entered_on,
                "made_at": clock.now(), "made_by": ids.new(), "version": 1,
            }
            for student in students
        ],
    )  # fmt: skip


def row(
    place: int | str, *, name: str = "王芳", relation: str = "子女", since: str = "2007-07-01"
) -> str:
    """One line under HEADER; a text stands as the number."""
    shown = number(place) if isinstance(place, int) else place
    return f"王强,{name},{shown},{relation},370811,{since}"


def sheet(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode("gb18030")

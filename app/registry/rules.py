"""What holds of students, whatever the database says."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal

from app.core import identity
from app.core.errors import Fault
from app.core.identity import IdentityFault

TERM_FORM = r"^[0-9]{4}-(spring|autumn)$"
SCHOOL_YEAR_FORM = r"^[0-9]{4}-[0-9]{4}$"


YEARS_OF_STAGE = {
    "preschool": 3,
    "primary": 6,
    "junior": 4,  # 初四 where primary school has five years
    "senior": 3,
    "vocational": 4,
    "undergraduate": 5,
    "postgraduate": 3,
}
"""The most years a stage has anywhere: no grade is above it."""

BEFORE_STAGE = {"junior": 6, "senior": 9, "vocational": 9}
"""The years of school before a stage, where grades are counted on from primary school."""

_USUAL_YEARS = YEARS_OF_STAGE | {"junior": 3, "vocational": 3, "undergraduate": 4}
_LAST_COUNTED_ON = {"junior": 9, "senior": 12, "vocational": 12}
_GRADE_MAX = 12

NEXT_STAGES = (
    ("preschool", "primary"),
    ("primary", "junior"),
    ("junior", "senior"),
    ("junior", "vocational"),
    ("senior", "undergraduate"),
    ("vocational", "undergraduate"),
    ("undergraduate", "postgraduate"),
)
"""Where a graduate of a stage goes on to."""

GRADUATES = 0
"""What stands for the grade after the last one."""


def grade_after(stage: str, grade: int, *, years: int | None = None) -> int | None:
    """The next school year's grade, GRADUATES after the last, None where there is no such grade.

    `years` is how many the stage takes at the school, if not the usual number. A grade may be
    counted within the stage or on from primary school: 3 and 9 are one at a junior school.
    """
    last = years or _USUAL_YEARS[stage]
    counted_on = _LAST_COUNTED_ON.get(stage)
    if counted_on is not None and max(last, counted_on - last) < grade <= counted_on:
        last = counted_on
    if not 1 <= grade <= last:
        return None
    return GRADUATES if grade == last else grade + 1


def grades_after() -> list[tuple[str, int, int, int]]:
    """Every (stage, years, grade, next grade) there is; years 0 stands for the usual number."""
    every = [
        (stage, years, grade, grade_after(stage, grade, years=years or None))
        for stage in YEARS_OF_STAGE
        for years in range(9)
        for grade in range(1, _GRADE_MAX + 1)
    ]
    return [(stage, years, grade, after) for stage, years, grade, after in every
            if after is not None]  # fmt: skip


def grade_within(stage: str, grade: int | None) -> int | None:
    """The year within the stage: a grade counted on from primary school (8) becomes 2."""
    before = BEFORE_STAGE.get(stage)
    if grade is None or before is None or not before < grade <= before + 3:
        return grade
    return grade - before


def school_year_after(school_year: str) -> str:
    """``"2007-2008"`` → ``"2008-2009"``."""
    last = int(school_year[5:])
    return f"{last:04d}-{last + 1:04d}"


def school_year_of_term(term: str) -> str:
    """``"2008-spring"`` → ``"2007-2008"``. Raises ValueError for anything that is no term."""
    if not re.fullmatch(TERM_FORM, term, re.ASCII):
        raise ValueError(f"{term!r} is no term such as 2008-spring")
    year = int(term[:4])
    first = year - 1 if term.endswith("spring") else year
    return f"{first:04d}-{first + 1:04d}"


def is_school_year(text: str) -> bool:
    """Whether a text is two years that follow each other, as ``"2007-2008"``."""
    if not re.fullmatch(SCHOOL_YEAR_FORM, text, re.ASCII):
        return False
    return int(text[5:]) == int(text[:4]) + 1


def checked_resident_id(text: str | None, where: str, faults: list[Fault]) -> str | None:
    """The 18-digit form; what is wrong with it goes to the faults, without the number."""
    if text is None:
        return None
    found = identity.check_resident_id(text)
    if isinstance(found, IdentityFault):
        faults.append(Fault(found.code, found.zh, found.en, where))
        return None
    return found


def checked_account(
    number: str, kind: Literal["card", "passbook", "social_card"], where: str, faults: list[Fault]
) -> str:
    """The account number; what is wrong with it goes to the faults."""
    found = identity.check_account(number, kind)
    if isinstance(found, IdentityFault):
        faults.append(Fault(found.code, found.zh, found.en, where))
        return number
    return found


def against_the_id(resident_id: str | None, given: Mapping[str, object]) -> list[Fault]:
    """Birth date or sex that contradict the resident id, which decides."""
    if resident_id is None:
        return []
    said: dict[str, object] = {
        "birth_on": identity.birth_date_of(resident_id),
        "sex": identity.sex_of(resident_id),
    }
    return [
        Fault(
            "id_contradicted",
            "与居民身份证号所示不一致；请更正此项，或核对身份证号。",
            "This contradicts the resident id; correct it, or check the id.",
            f"/{field}",
        )
        for field, value in said.items()
        if given.get(field) is not None and given[field] != value
    ]


def identity_faults(where: str, *, provisional: bool, facts: Mapping[str, object]) -> list[Fault]:
    """Why an officer cannot confirm who a student is; empty when they can."""
    if not provisional:
        return [
            Fault(
                "identity.not-provisional",
                "该学生的身份无须确认（已有身份证号，或已确认）。",
                "The identity of this student needs no confirming.",
                where,
            )
        ]
    words = {
        "birth_on": ("出生日期", "the birth date"),
        "guardian_resident_id": ("监护人居民身份证号", "the guardian's resident id"),
    }
    return [
        Fault(
            "identity.fact-missing",
            f"缺少{zh}，请先补全。",
            f"It lacks {en}; add it first.",
            where,
            {"fact": fact},
        )
        for fact, (zh, en) in words.items()
        if facts.get(fact) is None
    ]


def leaving_fault(
    student: str, *, entered_on: date | None, left_on: date, today: date
) -> Fault | None:
    """Why a student cannot have left on that day; None when they can."""
    if entered_on is None:
        return Fault(
            "enrolment.none-open",
            "该学生在本校没有在读记录。",
            "The student has no open enrolment here.",
            student,
        )
    if left_on < entered_on:
        return Fault(
            "enrolment.left-before-entered",
            f"离校日期早于入校日期 {entered_on.isoformat()}。",
            f"The student left before entering on {entered_on.isoformat()}.",
            student,
        )
    if left_on > today:
        return Fault(
            "enrolment.left-in-future",
            f"离校日期晚于今天 {today.isoformat()}；请在离校后登记。",
            f"The day is after today, {today.isoformat()}; record it once the student has left.",
            student,
        )
    return None

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

"""Why a student's aid goes on, does not, or has to be looked at. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from app.policy.facts import Words
from app.registry.rules import GRADUATES, grade_after

REASONS: Mapping[str, Words] = MappingProxyType(
    {
        "graduated": Words("已毕业", "has graduated"),
        "left": Words("已离开本校", "has left the school"),
        "award_elsewhere": Words(
            "新到本校，上期在他校享受本项资助", "new here, and had this aid at another school"
        ),
        "special_group": Words(
            "新入学，登记为特殊群体家庭", "new here, from a household of a special group"
        ),
        "not_enrolled_yet": Words(
            "新学年尚无在读记录；请先升级或登记入学",
            "not enrolled in the new school year yet; turn the year or enrol the student first",
        ),
        "identity_provisional": Words(
            "身份待核实；请先补居民身份证号或由县区确认身份",
            "identity provisional; add the resident id or have the county confirm who it is",
        ),
        "stage_changed": Words("学段有变化", "the stage of education has changed"),
        "grade_unknown": Words("年级不明；请先补全", "the grade is not known; fill it in first"),
        "grade_changed": Words(
            "年级与正常升级不符（留级、跳级或录入有误）",
            "the grade is not the one that follows (repeated, skipped, or mistaken)",
        ),
        "boards_unknown": Words(
            "新学年是否寄宿不明", "whether the student boards in the new year is not known"
        ),
        "hardship_old": Words(
            "困难认定早于本学年；请按新学年认定填写",
            "hardship was recognised before this school year; say the new year's level",
        ),
        "eligibility_flips": Words("按新政策或新情况不再符合条件", "no longer meets the criteria"),
        "facts_missing": Words("缺少事实", "facts are missing"),
        "fields_wrong": Words(
            "登记内容有误；请先更正", "what is recorded is wrong; correct it first"
        ),
    }
)
"""Every reason by its code, in words."""

ANSWERED_BY = MappingProxyType({"hardship_old": "hardship", "boards_unknown": "boards"})
"""The fact that a school has to say anew to settle a reason."""

SETTLED_FIRST = frozenset({"not_enrolled_yet", "identity_provisional", "grade_unknown",
                           "fields_wrong"})  # fmt: skip
"""Reasons that the working list cannot settle: the record itself is put right first."""


@dataclass(frozen=True)
class Before:
    """Where a student stood last time, and how many school years have turned since."""

    stage: str
    grade: int
    turns: int
    hardship_on: date | None
    boarding_known: bool


@dataclass(frozen=True)
class Now:
    """Where the student stands for the new period; the year begins on `first_day`."""

    stage: str
    grade: int | None
    boards: bool | None
    provisional: bool
    first_day: date
    years: int | None


def to_check(before: Before, now: Now) -> list[str]:
    """What has to be looked at before the aid goes on, whatever the policy says."""
    found = {
        "identity_provisional": now.provisional,
        "stage_changed": now.stage != before.stage,
        "grade_unknown": now.grade is None,
        "grade_changed": now.grade is not None
        and now.stage == before.stage
        and now.grade != expected_grade(before, years=now.years),
        "boards_unknown": now.boards is None and before.boarding_known,
        "hardship_old": before.turns > 0
        and before.hardship_on is not None
        and before.hardship_on < now.first_day,
    }
    return [reason for reason, so in found.items() if so]


def expected_grade(before: Before, *, years: int | None) -> int | None:
    """The grade that follows from the last one; None where the stage is over."""
    grade: int | None = before.grade
    for _ in range(before.turns):
        after = None if grade is None else grade_after(before.stage, grade, years=years)
        grade = None if after == GRADUATES else after
    return grade


def as_of(snapshot: Mapping[str, Mapping[str, Any]], fact: str) -> date | None:
    """The day on which a fact of a snapshot was learnt; None where it is not in it."""
    seen = snapshot.get(fact)
    return None if seen is None else date.fromisoformat(seen["as_of"])

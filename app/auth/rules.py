"""The rules of posts, of the tree of offices, and of lock-out: pure."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from app.auth.models import OrganisationKind, Role
from app.core.errors import Fault

FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(hours=12)

USERNAME = r"^[a-z0-9][a-z0-9._-]{2,63}$"

K, R = OrganisationKind, Role

ROLES_AT: dict[OrganisationKind, frozenset[Role]] = {
    K.CITY_CENTRE: frozenset({R.CITY_OFFICER, R.AUDITOR, R.ADMINISTRATOR}),
    K.COUNTY_CENTRE: frozenset({R.COUNTY_OFFICER}),
    K.SCHOOL: frozenset({R.CLASS_TEACHER, R.SCHOOL_CLERK, R.SCHOOL_HEAD}),
    K.CITY_FINANCE: frozenset({R.FINANCE_MAKER, R.FINANCE_CHECKER}),
    K.COUNTY_FINANCE: frozenset({R.FINANCE_MAKER, R.FINANCE_CHECKER}),
}
STANDS_ALONE = frozenset({R.ADMINISTRATOR, R.AUDITOR, R.CLASS_TEACHER})

PARENT_OF: dict[OrganisationKind, frozenset[OrganisationKind]] = {
    K.CITY_CENTRE: frozenset(),
    K.COUNTY_CENTRE: frozenset({K.CITY_CENTRE}),
    K.SCHOOL: frozenset({K.COUNTY_CENTRE, K.CITY_CENTRE}),
    K.CITY_FINANCE: frozenset({K.CITY_CENTRE}),
    K.COUNTY_FINANCE: frozenset({K.COUNTY_CENTRE}),
}
_DIVISION = re.compile(r"[0-9]{6}", re.ASCII)
_SCHOOL_CODE = re.compile(r"[0-9]{10}", re.ASCII)
_ANY_CODE = re.compile(r"[0-9A-Z][0-9A-Z-]{1,19}", re.ASCII)
CODE_FORMS = {K.CITY_CENTRE: _DIVISION, K.COUNTY_CENTRE: _DIVISION, K.SCHOOL: _SCHOOL_CODE}


def login_name(typed: str) -> str:
    """A username as typed, in the one form it is kept: half-width, small letters, no spaces."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def is_locked(locked_until: datetime | None, at: datetime) -> bool:
    """Whether a name is locked at a moment; at the end of the quarter hour it is free."""
    return locked_until is not None and at < locked_until


def after_failure(
    failures: int, locked_until: datetime | None, *, at: datetime
) -> tuple[int, datetime | None]:
    """Failures in a row and the lock after one more; a lock that has ended starts the count anew.

    The fifth failure locks for 15 minutes.
    """
    counted = (0 if locked_until is not None else failures) + 1
    return counted, at + LOCKED_FOR if counted >= FAILURES_MAX else None


def faults_of_post(
    roles: Collection[Role],
    kind: OrganisationKind,
    *,
    grade: int | None,
    class_name: str | None,
) -> list[Fault]:
    """Why these roles cannot be held at an organisation of this kind; empty when they can."""
    where, known = "/body/roles", _listed(ROLES_AT[kind])
    faults = [
        Fault(
            "staff.role-not-here",
            f"该类单位没有岗位 {role.value}，可选：{known}。",
            f"There is no {role.value} at such an organisation; there are {known}.",
            where,
        )
        for role in sorted(set(roles) - ROLES_AT[kind])
    ]
    alone = sorted(STANDS_ALONE & set(roles))
    if alone and len(set(roles)) > 1:
        faults.append(
            Fault(
                "staff.role-stands-alone",
                f"岗位 {_listed(alone)} 不得与其他岗位由一人兼任。",
                f"Whoever is {_listed(alone)} holds no other role.",
                where,
            )
        )
    teaches = R.CLASS_TEACHER in roles
    if teaches and (grade is None or class_name is None):
        faults.append(
            Fault(
                "staff.class-missing",
                "班主任须写明年级和班级。",
                "A class teacher has a grade and a class.",
                "/body/class_name",
            )
        )
    if not teaches and (grade is not None or class_name is not None):
        faults.append(
            Fault(
                "staff.class-not-wanted",
                "只有班主任才填写年级和班级。",
                "Only a class teacher has a grade and a class.",
                "/body/class_name",
            )
        )
    return faults


def faults_of_organisation(
    kind: OrganisationKind, code: str, *, parent: OrganisationKind | None
) -> list[Fault]:
    """Why an organisation does not fit the tree under a parent of that kind; empty when it does."""
    faults = []
    if not CODE_FORMS.get(kind, _ANY_CODE).fullmatch(code):
        faults.append(
            Fault(
                "organisation.code-form",
                f"代码 {code} 的格式不对：中心为 6 位区划代码，学校为 10 位标识码。",
                f"The code {code} has a wrong form: 6 digits for a centre, 10 for a school.",
                code,
            )
        )
    wanted = PARENT_OF[kind]
    if (parent is None) != (not wanted) or (parent is not None and parent not in wanted):
        faults.append(
            Fault(
                "organisation.parent-does-not-fit",
                f"{code} 的上级单位应为 {_listed(wanted) or '无'}。",
                f"The parent of {code} must be {_listed(wanted) or 'none'}.",
                code,
            )
        )
    return faults


def _listed(words: Collection[str] | Sequence[str]) -> str:
    return ", ".join(sorted(words))

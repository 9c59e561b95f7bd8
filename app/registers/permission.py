"""Which families allow which lists to be checked; told from above, for nobody here knows forms.

A list that no law orders is held only against students whose family has signed for its kind: who
signed for 低保 has not signed for 残疾. Whoever keeps the signatures names them once, when it is
loaded; until somebody does, such a list matches nobody.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, String, false, literal, select, union
from sqlmodel import col

from app.registry.models import Student

Students = Select[*tuple[Any, ...]]
"""A select of one column, the ids of students."""

Signed = Select[*tuple[Any, ...]]
"""A select of two columns: the id of a student, and a kind of list the family has signed for."""

_sources: list[Callable[[], Signed]] = []


def source(signed: Callable[[], Signed]) -> Callable[[], Signed]:
    """Registers who keeps signatures: a function that answers the select of what was signed."""
    if signed not in _sources:
        _sources.append(signed)
    return signed


def signed_for() -> Signed:
    """Who allows which kind of list, by every source together."""
    if not _sources:
        return select(col(Student.id), literal("", String)).where(false())
    student, kind = union(*(signed() for signed in _sources)).subquery("signed").c
    return select(student, kind)

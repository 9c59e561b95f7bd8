"""Which families allow their names to be checked; told from above, for nobody here knows forms.

A list that no law orders is held only against students whose family has signed. Whoever keeps the
signatures names them once, when it is loaded; until somebody does, such a list matches nobody.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, false, select, union
from sqlmodel import col

from app.registry.models import Student

Students = Select[*tuple[Any, ...]]
"""A select of one column, the ids of students."""

_sources: list[Callable[[], Students]] = []


def source(signed: Callable[[], Students]) -> Callable[[], Students]:
    """Registers who keeps signatures: a function that answers the select of the student ids."""
    if signed not in _sources:
        _sources.append(signed)
    return signed


def signed_for() -> Students:
    """The students whose family allows it, by every source together."""
    if not _sources:
        return select(col(Student.id)).where(false())
    return select(union(*(signed() for signed in _sources)).subquery().c[0])

"""Predicates of many queries, the scope first; row security is the second lock behind it."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, false, literal, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.actor import Actor, Scope


def visible(table: Any, actor: Actor) -> ColumnElement[bool]:
    """Rows of a table with `school_id` and `county_id` that the actor can see."""
    if actor.scope is Scope.CITY:
        return true()
    if actor.scope is Scope.COUNTY:
        return _equals(table, "county_id", actor.county_id)
    if actor.scope is Scope.SCHOOL:
        return _equals(table, "school_id", actor.school_id)
    return false()


def visible_class(table: Any, actor: Actor) -> ColumnElement[bool]:
    """As `visible`, narrowed for a class teacher by the table's `grade` and `class_name`."""
    scope = visible(table, actor)
    if not actor.own_class_only:
        return scope
    return (
        scope
        & _equals(table, "grade", actor.grade)
        & _equals(table, "class_name", actor.class_name)
    )


def among(column: Any, ids: Collection[UUID]) -> ColumnElement[bool]:
    """The column is one of the ids: one bound array, whatever its length."""
    found: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(Uuid())))
    return found


def _equals(table: Any, column: str, value: object) -> ColumnElement[bool]:
    found: ColumnElement[bool] = getattr(table, column) == value
    return found

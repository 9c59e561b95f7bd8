"""Whom a simulation looks at: the pupils of a school year, chunk by chunk, and what is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Select, Text, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from app.applications.models import Application, Submission
from app.applications.queries import as_it_stands
from app.assessment.facts import age_at
from app.core.actor import Actor
from app.core.scoping import visible
from app.policy.calendar import terms_of
from app.policy.facts import FACTS, Fact
from app.policy.frames import polars_schema
from app.recognition import queries as recognition
from app.registry.models import Enrolment, Household, School, Student
from app.registry.queries import school_visible
from app.simulation.pairs import Side

CHUNK = 100_000
"""Students a chunk: three statements, and some 200 MB while they are judged."""

_FAMILY = {
    "hukou": Household.hukou,
    "household_size": Household.members,
    "income_per_head_fen": Household.income_per_head_fen,
    "special_group": Household.special_group,
}
_NEVER_TOLD = {"stage", "school_area", "school_run_by", "age"}
"""Facts that are the register's alone; an age in a submission is that of another day."""

Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Roll:
    """Whose pupils, of which school year, there on which day, and the facts that are asked.

    No more of a child is read than the versions ask, and names only where they are wanted.
    """

    by: Actor
    school_year: str
    on: date
    asked: frozenset[str]
    names: bool


@dataclass(frozen=True)
class Chunk:
    """Some of the pupils, a row each, and what their submissions of the school year say.

    `people`: student_id, school_id, county_id, stage and what the registry knows; `told`: a row a
    submission, newest first, facts as text.
    """

    people: pl.DataFrame
    told: pl.DataFrame

    def facts(self, side: Side) -> pl.DataFrame:
        """The facts as that version would see them, in the vocabulary's columns, a row a pupil.

        What the registry does not know comes from the newest submission that says it, those of the
        same programme and period first. What the vocabulary does not allow is not known.
        """
        told = self._told_for(side)
        known = self.people.join(told, on="student_id", how="left", maintain_order="left")
        known = with_hardship(known)
        if "birth_on" in known.columns:
            known = known.with_columns(age_at(pl.col("birth_on"), side.first_day).alias("age"))
        return known.select(_fact(fact, known.columns) for fact in FACTS.values())

    def _told_for(self, side: Side) -> pl.DataFrame:
        names = [name for name in self.told.columns if name in FACTS]
        if not self._repeated:
            return self.told.select("student_id", pl.col(names).name.map(_told))
        own = (pl.col("programme") == side.programme.code) & (pl.col("period") == side.period)
        # The frame is in order, and so are its groups: what comes first goes before the rest.
        ordered = self.told.filter(own).vstack(self.told)
        first = [pl.col(name).drop_nulls().first().alias(_told(name)) for name in names]
        return ordered.group_by("student_id").agg(first)

    @cached_property
    def _repeated(self) -> bool:
        return bool(self.told.get_column("student_id").n_unique() < self.told.height)


def with_hardship(known: pl.DataFrame) -> pl.DataFrame:
    """The pupils with their hardship level: as recognised, else as the newest submission says.

    `known` has `told_hardship` as text where a version asks for the level, and `hardship` where
    `chunks` found a recognition of the school year; nothing else takes the level from anywhere.
    """
    if _told("hardship") not in known.columns:
        return known
    told = _parsed(FACTS["hardship"], pl.col(_told("hardship")))
    found = [pl.col("hardship"), told] if "hardship" in known.columns else [told]
    return known.with_columns(pl.coalesce(found).alias("hardship")).drop(_told("hardship"))


def school_year_for(session: Session, by: Actor, wanted: str) -> str:
    """The school year looked at: the one wanted where somebody is enrolled for it, else the newest.

    Where nobody is enrolled at all it is the one wanted.
    """
    mine = visible(Enrolment, by)
    there = select(col(Enrolment.id)).where(mine, col(Enrolment.school_year) == wanted).limit(1)
    if session.execute(there).first() is not None:
        return wanted
    newest: str | None = session.execute(
        select(func.max(col(Enrolment.school_year))).where(mine)
    ).scalar_one()
    return newest or wanted


def chunks(session: Session, roll: Roll, *, size: int = CHUNK) -> Iterator[Chunk]:
    """Everybody in the caller's scope, by student id; three statements a chunk."""
    schools = _read(session, _schools(roll.by)).rename({"run_by": "school_run_by"})
    after: str | None = None
    while True:
        people = _read(session, _people(roll, after, size))
        if people.height:
            ids = people.get_column("student_id")
            after = ids[-1]
            told = _read(session, _submissions(roll, (ids[0], ids[-1])))
            seen = people.join(schools, on="school_id", how="left", maintain_order="left")
            seen = _recognised(session, roll, _typed(seen), (ids[0], ids[-1]))
            yield Chunk(seen, told)
        if people.height < size:
            return


def _recognised(
    session: Session, roll: Roll, people: pl.DataFrame, ids: tuple[str, str]
) -> pl.DataFrame:
    """The pupils with their level as recognised on the day, and the group where none is kept."""
    if not roll.asked & {"hardship", "special_group"}:
        return people
    students = select(col(Enrolment.student_id)).where(
        visible(Enrolment, roll.by),
        col(Enrolment.student_id).between(UUID(ids[0]), UUID(ids[1])),
        col(Enrolment.school_year) == roll.school_year,
    )
    found = recognition.facts_for(
        session, students, school_year=roll.school_year, on=roll.on, by=roll.by
    ).select("student_id", "hardship", pl.col("special_group").alias("_group"))
    joined = people.join(found, on="student_id", how="left", maintain_order="left")
    if "special_group" in people.columns:
        group = pl.coalesce("special_group", "_group")
        joined = joined.with_columns(group.alias("special_group"))
    return joined.drop("_group")


def _schools(by: Actor) -> Rows:
    return select(
        col(School.id).label("school_id"), col(School.school_area), col(School.run_by)
    ).where(school_visible(by))


def _people(roll: Roll, after: str | None, size: int) -> Rows:
    e = Enrolment
    there = (
        select(e.student_id, e.school_id, e.county_id, e.stage, e.grade, e.boards, e.class_name)  # type: ignore[call-overload]
        .where(
            visible(e, roll.by),
            col(e.school_year) == roll.school_year,
            col(e.entered_on) <= roll.on,
            or_(col(e.left_on).is_(None), col(e.left_on) > roll.on),
        )
        .ext(distinct_on(col(e.student_id)))
        .order_by(col(e.student_id), col(e.entered_on).desc(), col(e.id).desc())
        .limit(size)
    )
    if after is not None:
        there = there.where(col(e.student_id) > UUID(after))
    page = there.subquery("page")
    shown = [page.c.student_id, page.c.school_id, page.c.county_id, page.c.stage, page.c.grade]
    shown += [page.c.boards, page.c.class_name]
    family = sorted(roll.asked & set(_FAMILY))
    shown += [col(_FAMILY[name]).label(name) for name in family]
    shown += [col(Student.birth_on)] if "age" in roll.asked else []
    shown += [col(Student.name)] if roll.names else []
    query = select(*shown).select_from(page).order_by(page.c.student_id)
    if family:
        of_year = and_(
            col(Household.student_id) == page.c.student_id,
            col(Household.school_year) == roll.school_year,
            visible(Household, roll.by),
        )
        query = query.outerjoin(Household, of_year)
    if roll.names or "age" in roll.asked:
        same = and_(col(Student.id) == page.c.student_id, visible(Student, roll.by))
        query = query.outerjoin(Student, same)
    return query


def _submissions(roll: Roll, ids: tuple[str, str]) -> Rows:
    asked = [name for name in FACTS if name in roll.asked - _NEVER_TOLD]
    facts = [
        func.jsonb_extract_path_text(col(Submission.facts), name, "value").label(name)
        for name in asked
    ]
    return (
        select(
            col(Application.student_id), col(Application.programme), col(Application.period), *facts
        )
        .join(Submission, as_it_stands())
        .where(
            visible(Application, roll.by),
            col(Application.student_id).between(UUID(ids[0]), UUID(ids[1])),
            col(Application.period).in_([roll.school_year, *terms_of(roll.school_year)]),
        )
        .order_by(
            col(Application.student_id), col(Submission.made_at).desc(), col(Application.id).desc()
        )
    )


def _read(session: Session, query: Rows) -> pl.DataFrame:
    """The rows of a select, all columns as texts, in its order.

    They come as one row of arrays: fetching a row a pupil costs more than judging them.
    """
    rows = query.subquery("seen")
    found = session.execute(select(*(func.array_agg(cast(each, Text)) for each in rows.c))).one()
    schema = {column.name: pl.String() for column in rows.c}
    columns = {name: values or [] for name, values in zip(schema, found, strict=True)}
    return pl.DataFrame(columns, schema=schema)


def _typed(people: pl.DataFrame) -> pl.DataFrame:
    """The registry's columns in the vocabulary's types; the year of study is the grade."""
    kinds = polars_schema()
    typed = people.with_columns(
        _parsed(FACTS[name], pl.col(name)).alias(name) for name in people.columns if name in kinds
    )
    if "birth_on" in typed.columns:
        typed = typed.with_columns(pl.col("birth_on").str.to_date("%Y-%m-%d"))
    return typed.with_columns(pl.col("grade").alias("year"))


def _told(name: str) -> str:
    return f"told_{name}"


def _fact(fact: Fact, there: list[str]) -> pl.Expr:
    """The registry's word, else the submission's; null where neither has one that is allowed."""
    found = [pl.col(fact.name)] if fact.name in there else []
    if _told(fact.name) in there:
        found.append(_parsed(fact, pl.col(_told(fact.name))))
    value = pl.coalesce(found) if found else pl.lit(None, polars_schema()[fact.name])
    if fact.type == "enum":
        value = pl.when(value.is_in(list(fact.listed))).then(value)
    if fact.type == "int":
        value = pl.when(value.is_between(fact.minimum, fact.maximum)).then(value)
    return value.alias(fact.name)


def _parsed(fact: Fact, text: pl.Expr) -> pl.Expr:
    if fact.type == "bool":
        return pl.when(text == "true").then(True).when(text == "false").then(False)
    return text.cast(polars_schema()[fact.name], strict=False)

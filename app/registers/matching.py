"""Holds lists against the registry: who on them is a student, by blind index, set-wise."""

from typing import Any

import polars as pl
from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    Table,
    case,
    delete,
    func,
    literal,
    not_,
    null,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as add
from sqlmodel import Session, col

from app.core import clock, db
from app.core.actor import Actor
from app.core.scoping import among, visible
from app.core.staging import count_rows, empty, stage
from app.registers.models import OutsideRegister, OutsideRegisterRow, RegisterKind, RegisterMatch
from app.registers.permission import Signed
from app.registers.queries import stands
from app.registers.rules import CHILD_OF, DISABLED_CHILD, DISABLED_PARENT, GROUPS, name_indexes
from app.registry.models import Student

NAMES_AT_ONCE = 50_000
_FOUND = (
    "register_id", "student_id", "school_id", "county_id", "kind", "special_group", "name",
    "name_index", "since", "until",
)  # fmt: skip

Registers = Select[*tuple[Any, ...]]
"""A select of one column, the ids of lists."""


def match(session: Session, registers: Registers, *, allowed: Signed | None, by: Actor) -> int:
    """Adds the students whom the lists name and no match knows yet; answers how many.

    `allowed` selects whom the family's signature lets be compared, with the kind of list it is
    for. None stands for all and every kind, for lists that a law or a document of the departments
    orders (deaths; the needy whom the departments must look for). A student of two
    rows counts by the one that lasts longest, then by the one that began first. A match made
    before follows its student to another school. The number of statements depends on neither.
    """
    now = clock.now()  # before any number is looked at: one corrected meanwhile is the later
    _follow(session, registers, by)
    found = stage(session, "register_found", _found(registers, allowed, by), _FOUND)
    names = _stage_names(session, found)
    agrees = found.c.name_index == names.c.name_index
    kept = [found.c[name] for name in _FOUND if name not in {"name", "name_index"}]
    target = [each.name for each in kept]
    chosen = select(*kept, agrees, literal(now)).join(names, names.c.name == found.c.name)
    made = session.connection().execute(
        add(RegisterMatch)
        .from_select([*target, "name_agrees", "matched_at"], chosen)
        .on_conflict_do_nothing()
        .inline(),
        execution_options={"preserve_rowcount": True},
    )
    _count(session, registers)
    return made.rowcount


def forget_mistaken(session: Session) -> None:
    """Deletes matches made by a number that was corrected since; the new one is matched anew."""
    gone = session.execute(
        delete(RegisterMatch)
        .where(not_(stands()))
        .returning(col(RegisterMatch.register_id))
        .execution_options(synchronize_session=False)
    )
    touched = set(gone.scalars())
    _count(session, select(col(OutsideRegister.id)).where(among(col(OutsideRegister.id), touched)))


def _found(registers: Registers, allowed: Signed | None, by: Actor) -> Any:
    """Who is on the lists and not matched yet, with what is to be compared."""
    row, known = OutsideRegisterRow, RegisterMatch
    before = (
        select(literal(1))
        .where(col(known.register_id) == row.register_id, col(known.student_id) == Student.id)
        .exists()
    )
    pair = tuple_(col(Student.id), col(OutsideRegister.kind))
    may: ColumnElement[bool] = true() if allowed is None else pair.in_(allowed)
    return (
        select(
            col(row.register_id),
            col(Student.id),
            col(Student.school_id),
            col(Student.county_id),
            col(OutsideRegister.kind),
            _group().label("special_group"),
            col(Student.name),
            col(row.name_index),
            col(row.since),
            col(row.until),
        )
        .join(Student, col(Student.resident_id_index) == row.resident_id_index)
        .join(OutsideRegister, col(OutsideRegister.id) == row.register_id)
        .where(col(row.register_id).in_(registers), visible(Student, by), may, ~before)
        .ext(distinct_on(col(row.register_id), col(Student.id)))
        .order_by(
            col(row.register_id), col(Student.id), col(row.until).desc().nulls_first(),
            col(row.since), col(row.id),
        )
    )  # fmt: skip


def _group() -> Any:
    """The special group of a row's person as an expression; null where the list makes none."""
    kind = col(OutsideRegister.kind)
    child = case(
        (col(OutsideRegisterRow.relation).in_(CHILD_OF), literal(DISABLED_PARENT)),
        else_=literal(DISABLED_CHILD),
    )
    return case(
        (kind == RegisterKind.DISABLED, child),
        *((kind == each, literal(group)) for each, group in GROUPS.items()),
        else_=null(),
    ).cast(String)


def _stage_names(session: Session, found: Table) -> Table:
    """What the found students' names are compared by: the key for it is not in the database."""
    names = empty(
        session, "register_name", [Column("name", String), Column("name_index", LargeBinary)]
    )
    asked = select(found.c.name).distinct()
    told = session.execute(asked, execution_options={"yield_per": NAMES_AT_ONCE})
    for part in told.scalars().partitions():
        frame = pl.DataFrame({"name": part, "name_index": name_indexes(part)})
        hexed = frame.select("name", (r"\x" + pl.col("name_index").bin.encode("hex")).alias("hex"))
        csv = hexed.write_csv(include_header=False, quote_style="non_numeric").encode()
        db.copy_rows(session, names.name, ("name", "name_index"), csv)
    count_rows(session, names)
    return names


def _follow(session: Session, registers: Registers, by: Actor) -> None:
    """Puts matches made before at the school where their student is now."""
    table = RegisterMatch
    moved = col(table.school_id) != Student.school_id
    session.execute(
        update(table)
        .where(
            col(table.register_id).in_(registers),
            col(table.student_id) == Student.id,
            visible(Student, by),
            moved,
        )
        .values(school_id=Student.school_id, county_id=Student.county_id)
        .execution_options(synchronize_session=False)
    )


def _count(session: Session, registers: Registers) -> None:
    counted = (
        select(func.count())
        .select_from(RegisterMatch)
        .where(col(RegisterMatch.register_id) == OutsideRegister.id)
        .scalar_subquery()
    )
    session.execute(
        update(OutsideRegister)
        .where(col(OutsideRegister.id).in_(registers))
        .values(matched=counted)
        .execution_options(synchronize_session=False)
    )

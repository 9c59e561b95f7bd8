"""Sets on their way through a verb: written once into a temporary table, gone at commit."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column, MetaData, Select, Table, insert, text
from sqlmodel import Session

from app.core import ids

Rows: TypeAlias = Select[*tuple[Any, ...]]
"""A select of any columns; the verb that takes it says which."""


def empty(session: Session, name: str, columns: Sequence[Column[Any]]) -> Table:
    """A temporary table of this transaction; its real name is the given one and a new id."""
    table = Table(
        f"{name}_{ids.new().hex}",
        MetaData(),
        *columns,
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    table.create(session.connection(), checkfirst=False)
    return table


def stage(session: Session, name: str, rows: Rows, columns: Sequence[str]) -> Table:
    """The rows of a select, read once, under the given column names in the select's order.

    Four statements, however many rows. The select's columns must carry types. The first column is
    indexed: a planner that takes a state to be rare asks here once for every row that has it.
    """
    chosen = list(rows.selected_columns)
    shape = [Column(name, each.type) for name, each in zip(columns, chosen, strict=True)]
    table = empty(session, name, shape)
    session.execute(insert(table).from_select(list(columns), rows).inline())
    session.execute(text(f"CREATE INDEX ON {table.name} ({columns[0]})"))
    count_rows(session, table)
    return table


def count_rows(session: Session, table: Table) -> None:
    """Tells the planner how many rows a staged table has: it would guess, and guess wrong."""
    session.execute(text(f"ANALYZE {table.name}"))

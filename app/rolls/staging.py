"""Writes what is wrong with a roll: `COPY` into a temporary table, one `INSERT … SELECT`."""

from typing import Any

import polars as pl
from sqlalchemy import Column, Integer, String, Uuid, insert, literal, select
from sqlmodel import Session

from app.core import db
from app.core.staging import empty
from app.rolls.models import Roll, RollRefusal

_SAID = ("sheet", "row_no", "code", "field", "zh", "en")


def keep_refused(session: Session, roll: Roll, wrong: pl.DataFrame) -> None:
    """Stores everything that is wrong with the rows that were not taken."""
    if wrong.is_empty():
        return
    columns: list[Column[Any]] = [Column("place", Integer)]
    columns += [Column(name, Integer if name == "row_no" else String) for name in _SAID]
    staged = empty(session, "roll_wrong", columns)
    placed = wrong.rename({"row": "row_no"}).with_row_index("place")
    # An empty text must not come out as none.
    csv = placed.select("place", *_SAID).write_csv(include_header=False, quote_style="non_numeric")
    db.copy_rows(session, staged.name, ("place", *_SAID), csv.encode())
    whose = [literal(each, Uuid) for each in (roll.id, roll.school_id, roll.county_id)]
    chosen: list[Any] = [*whose, *(staged.c[name] for name in _SAID)]
    lines = select(*chosen).order_by(staged.c.place)
    session.execute(
        insert(RollRefusal)
        .from_select(["roll_id", "school_id", "county_id", *_SAID], lines)
        .inline()
    )

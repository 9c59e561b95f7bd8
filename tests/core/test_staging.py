"""Staged sets: how many rows there are is known, and each is found without a search."""

from sqlalchemy import String, Uuid, func, literal, select, text
from sqlmodel import Session

from app.core.staging import stage


def test_a_staged_set_is_counted_and_found_by_its_first_column(session: Session) -> None:
    wanted = select(func.gen_random_uuid(type_=Uuid()), literal("x", String)).select_from(
        func.generate_series(1, 3000).table_valued("n")
    )
    table = stage(session, "some", wanted, ("id", "word"))
    rows = text("SELECT reltuples FROM pg_class WHERE relname = :name")
    assert session.execute(rows, {"name": table.name}).scalar_one() == 3000
    one = session.execute(select(table.c.id).limit(1)).scalar_one()
    plan = session.execute(
        text(f"EXPLAIN SELECT FROM {table.name} WHERE id = :one"),
        {"one": one},
    ).scalars()
    assert "Seq Scan" not in "\n".join(plan)

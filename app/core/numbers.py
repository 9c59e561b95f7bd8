"""Numbers that people read and say: series taken from one counter row each."""

from sqlalchemy import text
from sqlmodel import Session


def take(session: Session, series: str, count: int = 1) -> int:
    """The first of `count` numbers of a series; they are taken for good when this commits.

    The counter row stays locked until then, so take numbers late in the transaction.
    """
    statement = text(
        "INSERT INTO counter (name, next) VALUES (:series, 1 + :count) "
        "ON CONFLICT (name) DO UPDATE SET next = counter.next + :count RETURNING next - :count"
    )
    return int(session.execute(statement, {"series": series, "count": count}).scalar_one())

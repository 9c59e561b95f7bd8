"""Budget room: what the fund lines have been given against what would be needed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from app.budgets.models import FundLine
from app.core.actor import Actor
from app.core.scoping import visible
from app.ledger import queries as books
from app.ledger.models import AccountKind
from app.simulation.comparing import Money

_GIVEN = (
    AccountKind.AVAILABLE,
    AccountKind.COMMITTED,
    AccountKind.IN_TRANSIT,
    AccountKind.PAID,
)
"""Where money that was appropriated can be, unless it went back."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """One fund line, in fen: `room_fen` is what was appropriated less the need; below 0 it lacks.

    `available_fen` is what no award has taken yet. A line that nobody has opened has nothing.
    """

    fiscal_year: int
    programme: str
    source: str
    holder_id: str
    appropriated_fen: int
    available_fen: int
    before_fen: int
    after_fen: int

    @property
    def room_fen(self) -> int:
        """What is left; below zero what is missing."""
        return self.appropriated_fen - self.after_fen


def rooms(session: Session, money: Sequence[Money], *, by: Actor) -> list[Room]:
    """The fund lines that the money would come from, in the order of year, programme, source."""
    need: dict[tuple[int, str, str, str], list[int]] = {}
    for row in money:
        if row.fiscal_year is not None:
            key = (row.fiscal_year, row.programme, row.source, row.county_id)
            sums = need.setdefault(key, [0, 0])
            sums[0] += row.before_fen
            sums[1] += row.after_fen
    held = _held(session, sorted({key[0] for key in need}), by)
    found = []
    for key, (before, after) in sorted(need.items()):
        year, programme, source, holder = key
        balances = held.get(key, {})
        found.append(
            Room(
                fiscal_year=year,
                programme=programme,
                source=source,
                holder_id=holder,
                appropriated_fen=sum(balances.get(kind, 0) for kind in _GIVEN),
                available_fen=balances.get(AccountKind.AVAILABLE, 0),
                before_fen=before,
                after_fen=after,
            )
        )
    return found


def _held(
    session: Session, years: list[int], by: Actor
) -> dict[tuple[int, str, str, str], dict[AccountKind, int]]:
    lines = session.execute(
        select(
            col(FundLine.code),
            col(FundLine.fiscal_year),
            col(FundLine.programme),
            col(FundLine.source),
            col(FundLine.holder_id),
        ).where(visible(FundLine, by), col(FundLine.fiscal_year).in_(years))
    ).all()
    balances = books.balances(session, [line.code for line in lines])
    return {
        (line.fiscal_year, line.programme, line.source, str(line.holder_id)): balances.get(
            line.code, {}
        )
        for line in lines
    }

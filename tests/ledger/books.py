"""Books of some days, made by the ledger's own verbs."""

from datetime import date, timedelta

from sqlalchemy import BigInteger, String, Uuid, column, select, values
from sqlmodel import Session

from app.core import clock, ids
from app.core.actor import SYSTEM
from app.ledger import service
from app.ledger.models import TransferKind

LINES = ("2008/x/county/1", "2008/x/county/2")
BEGINS = date(2008, 6, 2)


def open_lines(session: Session) -> None:
    codes = values(column("code", String), name="codes").data([(line,) for line in LINES])
    service.open_accounts(session, select(codes.c.code))


def post(session: Session, kind: TransferKind, *rows: tuple[str, int]) -> None:
    made = values(
        column("line", String), column("refers", Uuid()), column("fen", BigInteger), name="rows"
    ).data([(line, ids.new(), fen) for line, fen in rows])
    lines = select(made.c.line, made.c.refers, made.c.fen)
    service.move(session, kind=kind, batch=ids.new(), by=SYSTEM, lines=lines)


def three_days(session: Session) -> list[date]:
    """Money is appropriated, committed and sent, a step a day."""
    open_lines(session)
    days = [BEGINS + timedelta(days=step) for step in range(3)]
    kinds = (TransferKind.APPROPRIATE, TransferKind.COMMIT, TransferKind.SEND)
    for day, kind in zip(days, kinds, strict=True):
        clock.set_office_day(day)
        post(session, kind, (LINES[0], 312_50), (LINES[1], 1), (LINES[0], 7))
    return days

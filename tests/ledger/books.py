"""Books of some days, made by the ledger's own verbs."""

from datetime import date, timedelta

from sqlalchemy import BigInteger, String, Uuid, column, select, text, values
from sqlmodel import Session

from app.core import clock, ids
from app.core.actor import SYSTEM
from app.ledger import seals, service
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


def passing_one_over(session: Session) -> list[date]:
    """Three days of which the middle one has no transfer, and so no seal."""
    open_lines(session)
    days = [BEGINS + timedelta(days=step) for step in range(3)]
    for day in (days[0], days[2]):
        clock.set_office_day(day)
        post(session, TransferKind.APPROPRIATE, (LINES[0], 100))
        seals.seal(session, day, signer=None, by=SYSTEM)
    return days


def slip_in(session: Session, day: date) -> int:
    """Writes a transfer beside the verbs, with balances that agree; answers its number."""
    places = {"line": LINES[0], "day": day}
    for side, place in (("debits_fen", "treasury"), ("credits_fen", "available")):
        session.execute(
            text(f"UPDATE ledger_account SET {side} = {side} + 9 WHERE code = :line || '/{place}'"),
            places,
        )
    made = session.execute(
        text(
            "INSERT INTO ledger_transfer (debit, credit, amount_fen, kind, refers_to, batch, "
            "office_day, occurred_on, posted_at, posted_by) SELECT :line || '/treasury', "
            ":line || '/available', 9, 'appropriate', gen_random_uuid(), gen_random_uuid(), "
            ":day, :day, now(), gen_random_uuid() RETURNING id"
        ),
        places,
    )
    return int(made.scalar_one())

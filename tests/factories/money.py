"""Money for a test to spend."""

from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from app.awards import service as awards
from app.awards.service import Taken
from app.budgets.models import AppropriationKind
from app.budgets.rules import AppropriationDocument, DocumentLine
from app.core import ids
from app.core.actor import SYSTEM, Actor
from app.ledger.models import AccountKind, LedgerAccount
from app.ledger.queries import balance_fen
from tests.factories.cases import BOARDERS


def line_code(holder: str = "370811", *, year: int = 2008, programme: str = BOARDERS) -> str:
    return f"{year}/{programme}/county/{holder}"


def make_document(
    amount_fen: int,
    holder: str = "370811",
    *,
    year: int = 2008,
    programme: str = BOARDERS,
    kind: AppropriationKind = AppropriationKind.THIS,
    number: str | None = None,
) -> AppropriationDocument:
    """A document of one line."""
    return AppropriationDocument(
        number=number or f"济财教〔2008〕{ids.new().hex[-8:]}号",
        dated_on=date(2008, 3, 1),
        kind=kind,
        lines=(DocumentLine(year, programme, "county", holder, amount_fen),),
    )


def appropriate(
    session: Session,
    amount_fen: int,
    holder: str = "370811",
    *,
    year: int = 2008,
    programme: str = BOARDERS,
    by: Actor = SYSTEM,
) -> Taken:
    """Puts money on a fund line of county money."""
    document = make_document(amount_fen, holder, year=year, programme=programme)
    return awards.take_appropriation(session, document, by)


def balances(session: Session, line: str) -> dict[str, int]:
    """Kind of account → balance in fen, of one fund line; accounts that hold nothing left out."""
    found = session.execute(
        select(col(LedgerAccount.kind), balance_fen()).where(
            col(LedgerAccount.fund_line) == line, balance_fen() != 0
        )
    )
    return {AccountKind(kind).value: fen for kind, fen in found}

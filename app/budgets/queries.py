"""Reads fund lines and appropriations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.auth.models import Organisation, OrganisationKind
from app.budgets.models import Appropriation, AppropriationKind, FundLine, PaymentMode
from app.budgets.rules import Known, line_words
from app.core.actor import Actor, Scope
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.core.staging import Rows
from app.ledger import queries as books
from app.ledger.models import AccountKind
from app.policy.catalogue import Programme
from app.policy.queries import in_force

HOLDERS = (OrganisationKind.CITY_CENTRE, OrganisationKind.COUNTY_CENTRE)


@dataclass(frozen=True)
class FundLineFilter:
    """What is asked for; None leaves it open."""

    fiscal_year: int | None = None
    programme: str | None = None
    holder_code: str | None = None


@dataclass(frozen=True)
class FundLineRow:
    """A fund line with its holder and the balance of each of its accounts, in fen."""

    id: UUID
    code: str
    fiscal_year: int
    programme: str
    source: str
    holder_code: str
    holder_name: str
    payment_mode: PaymentMode
    balances: dict[AccountKind, int]


def fund_lines(
    session: Session, by: Actor, asked: FundLineFilter, page: PageAsked
) -> list[FundLineRow]:
    """Fund lines within the caller's scope, by id, with their balances."""
    query = (
        select(FundLine, col(Organisation.code), col(Organisation.name))
        .join(Organisation, col(Organisation.id) == col(FundLine.holder_id))
        .where(visible(FundLine, by), *_wanted(asked))
    )
    found = session.execute(page.cut(query, col(FundLine.id))).all()
    held = books.balances(session, [line.code for line, _, _ in found])
    return [
        FundLineRow(
            id=line.id,
            code=line.code,
            fiscal_year=line.fiscal_year,
            programme=line.programme,
            source=line.source,
            holder_code=code,
            holder_name=name,
            payment_mode=line.payment_mode,
            balances=held[line.code],
        )
        for line, code, name in found
    ]


def _wanted(asked: FundLineFilter) -> list[Any]:
    wanted = []
    if asked.fiscal_year is not None:
        wanted.append(col(FundLine.fiscal_year) == asked.fiscal_year)
    if asked.programme is not None:
        wanted.append(col(FundLine.programme) == asked.programme)
    if asked.holder_code is not None:
        wanted.append(col(Organisation.code) == asked.holder_code)
    return wanted


def visible_codes(by: Actor) -> Rows:
    """The codes of the fund lines within the caller's scope."""
    return select(col(FundLine.code)).where(visible(FundLine, by))


@dataclass(frozen=True)
class AppropriationRow:
    """One recorded line of an appropriation document; the amount in fen."""

    id: UUID
    document_number: str
    dated_on: date
    kind: AppropriationKind
    fund_line: str
    amount_fen: int
    functional_subject: str | None
    economic_subject: str | None
    scan_id: UUID | None
    recorded_by: UUID
    recorded_at: datetime


def appropriations(
    session: Session,
    by: Actor,
    asked: PageAsked,
    *,
    document_number: str | None,
    fund_line: str | None,
) -> list[AppropriationRow]:
    """Recorded lines within the caller's scope, by id."""
    query = (
        select(
            col(Appropriation.id),
            col(Appropriation.document_number),
            col(Appropriation.dated_on),
            col(Appropriation.kind),
            col(FundLine.code),
            col(Appropriation.amount_fen),
            col(Appropriation.functional_subject),
            col(Appropriation.economic_subject),
            col(Appropriation.scan_id),
            col(Appropriation.recorded_by),
            col(Appropriation.recorded_at),
        )
        .select_from(Appropriation)
        .join(FundLine, col(FundLine.id) == col(Appropriation.fund_line_id))
        .where(visible(Appropriation, by))
    )
    if document_number is not None:
        query = query.where(col(Appropriation.document_number) == document_number)
    if fund_line is not None:
        query = query.where(col(FundLine.code) == fund_line)
    page = asked.cut(query, col(Appropriation.id))
    return [AppropriationRow(*row) for row in session.execute(page)]


def words_of(session: Session, codes: Collection[str]) -> dict[str, tuple[str, str]]:
    """Fund line code → the line in words, zh and en; lines outside the scope are left out."""
    query = (
        select(
            col(FundLine.code),
            col(FundLine.fiscal_year),
            col(FundLine.programme),
            col(FundLine.source),
            col(Organisation.name),
        )
        .join(Organisation, col(Organisation.id) == col(FundLine.holder_id))
        .where(col(FundLine.code).in_(codes))
    )
    programmes = in_force().programmes
    return {
        code: line_words(year, _name(programmes.get(programme), programme), source, holder)
        for code, year, programme, source, holder in session.execute(query)
    }


def _name(programme: Programme | None, code: str) -> tuple[str, str]:
    return (code, code) if programme is None else (programme.name.zh, programme.name.en)


def known_to(session: Session, by: Actor, holder_codes: Collection[str]) -> Known:
    """What a document for these holders is checked against."""
    holders = session.execute(
        select(col(Organisation.code), col(Organisation.id)).where(
            col(Organisation.code).in_(holder_codes), col(Organisation.kind).in_(HOLDERS)
        )
    )
    return Known(
        holders={row.code: row.id for row in holders},
        programmes=frozenset(in_force().programmes),
        only_holder=None if by.scope is Scope.CITY else by.county_id,
    )


def recorded_before(
    session: Session, number: str, kind: AppropriationKind, codes: Collection[str]
) -> Sequence[str]:
    """Codes of the fund lines for which a document of this number and kind is recorded."""
    query = (
        select(col(FundLine.code))
        .join(Appropriation, col(Appropriation.fund_line_id) == col(FundLine.id))
        .where(
            col(Appropriation.document_number) == number,
            col(Appropriation.kind) == kind,
            col(FundLine.code).in_(codes),
        )
        .order_by(col(FundLine.code))
    )
    return session.execute(query).scalars().all()

"""Students already paid, many at once, with the books to match; set-wise, through the verbs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from app.applications.models import Application
from app.awards import service as awards
from app.awards.models import Award, Instalment, InstalmentState
from app.awards.waiting import shares_of
from app.budgets.models import AppropriationKind
from app.budgets.rules import AppropriationDocument, DocumentLine
from app.core import clock, ids, settings
from app.core.actor import SYSTEM
from app.core.staging import Rows, stage
from app.ledger import service as ledger
from app.ledger.models import TransferKind
from app.policy import engine
from app.policy import queries as policy
from app.policy.service import load_catalogue
from tests.factories.cases import as_cases, make_cases
from tests.factories.office import City


@dataclass(frozen=True)
class Paid:
    """n students of a school with the same award for the whole period, in fen."""

    school: str
    n: int
    amount_fen: int
    special_group: str | None = None
    hardship: int = 1


def pay(
    session: Session,
    city: City,
    programme: str,
    period: str,
    rows: Sequence[Paid],
    *,
    on: date | None = None,
) -> list[UUID]:
    """Awards of new students, granted, their money appropriated; answers the applications.

    With `on` every instalment due by that day is paid on it. Any programme of the catalogue in
    force; the statements do not grow with the students.
    """
    appropriate_for(session, city, programme, period, rows)
    made = [
        one
        for row in rows
        for one in make_cases(
            session,
            city.schools[row.school],
            row.n,
            row.amount_fen,
            hardship=row.hardship,
            state="confirmed",
            programme=programme,
            period=period,
            facts={
                "hardship": row.hardship,
                **({} if row.special_group is None else {"special_group": row.special_group}),
            },
        )
    ]
    promised = awards.promise(
        session, as_cases(made), programme=programme, period=period, batch=ids.new(), by=SYSTEM
    )
    assert promised.awarded == len(made)
    awards.grant(
        session, select(col(Application.id)).where(col(Application.id) == func.any(made)), SYSTEM
    )
    if on is not None:
        pay_due(session, made, on=on)
    return made


def appropriate_for(
    session: Session, city: City, programme: str, period: str, rows: Iterable[Paid]
) -> None:
    """One document with exactly the money of these awards, a line for each fund line."""
    load_catalogue(session, settings.get().catalogue)
    loaded = policy.version_for(session, programme, period)
    offices = {office: code for code, office in city.counties.items()} | {city.centre: "370800"}
    needs: Counter[tuple[int, str, str]] = Counter()
    for row in rows:
        holder = offices[city.schools[row.school].county_id]
        planned = engine.instalments(loaded.version, loaded.programme, period, row.amount_fen)
        for each in planned:
            for source, fen in each.shares:
                needs[each.fiscal_year, source, holder] += fen * row.n
    document = AppropriationDocument(
        number=f"济财教〔2008〕{ids.new().hex[-8:]}号",
        dated_on=date(2008, 3, 1),
        kind=AppropriationKind.THIS,
        lines=tuple(
            DocumentLine(year, programme, source, holder, fen)
            for (year, source, holder), fen in sorted(needs.items())
            if fen
        ),
    )
    awards.take_appropriation(session, document, SYSTEM)


def pay_due(session: Session, applications: Sequence[UUID], *, on: date) -> int:
    """The bank pays, on that day, what is due by it and not yet paid; answers how many."""
    due = _staged(
        session,
        applications,
        (col(Instalment.state) == InstalmentState.COMMITTED) & (col(Instalment.due_on) <= on),
    )
    with _office_day(on):
        entered = awards.enter_run(session, due)
        _move(session, TransferKind.SEND, due)
        _move(session, TransferKind.PAY, due)
        awards.settle_paid(session, due)
    return entered


def give_back(session: Session, applications: Sequence[UUID], *, on: date) -> int:
    """Everything paid of these applications comes back on that day (退汇); answers how many."""
    paid = _staged(session, applications, col(Instalment.state) == InstalmentState.PAID)
    with _office_day(on):
        back = awards.back_to_committed(session, paid)
        _move(session, TransferKind.RETURN, paid)
    return back


def _staged(session: Session, applications: Sequence[UUID], which: ColumnElement[bool]) -> Rows:
    """Ids of instalments, staged: the planner must know how many there are."""
    wanted = (
        select(col(Instalment.id))
        .join(Award, col(Award.id) == col(Instalment.award_id))
        .where(col(Award.application_id) == func.any(list(applications)), which)
    )
    return select(stage(session, "instalments", wanted, ("id",)).c.id)


def _move(session: Session, kind: TransferKind, instalments: Rows) -> None:
    lines = shares_of(instalments)
    ledger.move(session, kind=kind, batch=ids.new(), by=SYSTEM, lines=lines)


@contextmanager
def _office_day(day: date) -> Iterator[None]:
    before = clock.office_day() if clock.office_day_is_set() else None
    clock.set_office_day(day)
    yield
    clock.set_office_day(before)

"""Arrears (补发差额): a rate published late, brought to awards that were made under an older one.

Each instalment of an award is held against what the version in force for *its* term would have
paid; the differences of the instalments that have fallen due, and on whose due day the student was
still enrolled, are one supplementary instalment. What was supplemented before is taken off, so that
asking again adds nothing but what has fallen due since. A rate that pays less takes nothing back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, Row, Subquery, cast, func, select
from sqlmodel import Session, col

from app.applications import rounds
from app.applications.models import Application, Submission
from app.applications.queries import as_it_stands
from app.assessment.facts import values_of
from app.assessment.service import assess_cases
from app.awards import supplementing
from app.awards.models import Award, AwardState, Instalment, InstalmentState
from app.awards.supplementing import Supplement
from app.core import clock, ids
from app.core.actor import Actor
from app.core.scoping import visible
from app.core.staging import stage
from app.policy import catalogue as nouns
from app.policy import engine
from app.policy import queries as policy
from app.policy.calendar import due_terms, normalise_period, school_year_of
from app.policy.frames import frame_of
from app.policy.queries import LoadedVersion
from app.registry.models import Enrolment

Fate = Literal["owed", "alike", "left", "asks"]
"""What an award comes to: owed something; nothing; gone before the due day; facts missing."""


@dataclass(frozen=True)
class Arrear:
    """What one award is owed, in fen."""

    award_id: UUID
    number: str
    school_id: UUID
    amount_fen: int


@dataclass(frozen=True)
class Arrears:
    """The awards that are owed something, their sum in fen, and how many came to each fate."""

    batch: UUID
    owed: tuple[Arrear, ...]
    fates: Mapping[Fate, int]

    @property
    def amount_fen(self) -> int:
        """What all are owed together."""
        return sum(each.amount_fen for each in self.owed)


def settle(
    session: Session, programme_code: str, period: str, *, by: Actor, dry_run: bool
) -> Arrears:
    """Brings the granted awards of a programme and period up to the rates published since.

    A dry run reckons and writes nothing. Raises ProgrammeNotFound, PeriodInvalid, NobodyApplies
    for what schools are paid by head count (a later rate is a new count there), BudgetExhausted.
    """
    loaded = policy.version_for(session, programme_code, period)
    rounds.refuse_paid_to_schools(loaded.programme)
    period = normalise_period(loaded.programme, period)
    rows = _awards(session, programme_code, period, by)
    by_term = _in_force(session, loaded, period)
    newest = max(by_term.values(), key=lambda each: (each.version.order, each.version.revision))
    paid = _paid_by_version(rows, by_term.values())
    owed: list[Arrear] = []
    fates: Counter[Fate] = Counter()
    made_under = policy.version_by_id(session, {row.policy_version_id for row in rows})
    parts = _Parts(period)
    for place, row in enumerate(rows):
        old = made_under[row.policy_version_id]
        after = {term: (version, *paid[version.id][place]) for term, version in by_term.items()}
        fate, fen = _reckon(row, old, after, parts)
        fates[fate] += 1
        if fen > 0:
            owed.append(Arrear(row.id, row.number, row.school_id, fen))
    batch = ids.new()
    if not dry_run:
        supplementing.supplement(
            session,
            [Supplement(each.award_id, each.amount_fen, newest) for each in owed],
            batch=batch,
            by=by,
        )
    return Arrears(batch, tuple(owed), dict(fates))


def _awards(session: Session, programme_code: str, period: str, by: Actor) -> Sequence[Row[Any]]:
    """The granted awards in scope, locked, with their facts and how long the student was there."""
    chosen = stage(
        session,
        "owed",
        select(col(Award.id))
        .where(
            visible(Award, by),
            col(Award.programme) == programme_code,
            col(Award.period) == period,
            col(Award.state) == AwardState.GRANTED,
        )
        .order_by(col(Award.id))
        .with_for_update(),
        ["id"],
    )
    there, more = _presence(period), _supplemented()
    return session.execute(
        select(
            col(Award.id),
            col(Award.school_id),
            col(Award.policy_version_id),
            col(Award.amount_fen),
            col(Application.number),
            col(Submission.facts),
            func.coalesce(there.c.still, False).label("still"),
            there.c.left_on,
            cast(func.coalesce(more.c.fen, 0), BigInteger).label("supplemented_fen"),
        )
        .join(chosen, chosen.c.id == Award.id)
        .join(Application, col(Application.id) == Award.application_id)
        .join(Submission, as_it_stands())
        .outerjoin(there, there.c.student_id == Award.student_id)
        .outerjoin(more, more.c.award_id == Award.id)
        .order_by(col(Award.id))
    ).all()


def _presence(period: str) -> Subquery:
    """Per student: whether still enrolled in the period's school year, and the last day if not."""
    return (
        select(
            col(Enrolment.student_id).label("student_id"),
            func.bool_or(col(Enrolment.left_on).is_(None)).label("still"),
            func.max(col(Enrolment.left_on)).label("left_on"),
        )
        .where(col(Enrolment.school_year) == school_year_of(period))
        .group_by(col(Enrolment.student_id))
        .subquery("there")
    )


def _supplemented() -> Subquery:
    """Per award: what it was given later, in fen."""
    return (
        select(
            col(Instalment.award_id).label("award_id"),
            func.sum(col(Instalment.amount_fen)).label("fen"),
        )
        .where(
            col(Instalment.supplement_version_id).is_not(None),
            col(Instalment.state) != InstalmentState.CANCELLED,
        )
        .group_by(col(Instalment.award_id))
        .subquery("more")
    )


def _in_force(session: Session, loaded: LoadedVersion, period: str) -> dict[str, LoadedVersion]:
    """The version in force for each term that the period is paid for."""
    published = policy.published(session, loaded.programme.code)
    by_version = {each.version: each for each in published}
    return {
        term: by_version[nouns.version_for(tuple(by_version), loaded.programme.code, term)]
        for _, term in due_terms(loaded.programme, period)
    }


_After = tuple[LoadedVersion, bool | None, int | None]
"""A version, whether the case is eligible under it, and its fen for the period."""


def _paid_by_version(
    rows: Sequence[Row[Any]], versions: Iterable[LoadedVersion]
) -> dict[UUID, list[tuple[bool | None, int | None]]]:
    """For each version: eligible and fen for the period, one pair an award."""
    facts = frame_of([values_of(row.facts) for row in rows])
    return {
        key: [(row[0], row[1]) for row in judged.select("eligible", "amount_fen").iter_rows()]
        for key, loaded in {each.id: each for each in versions}.items()
        for judged in (assess_cases(facts, loaded),)
    }


class _Parts:
    """The instalments of a version's amount for the period, reckoned once for each amount."""

    def __init__(self, period: str) -> None:
        self.period = period
        self._known: dict[tuple[UUID, int], list[int]] = {}

    def of(self, loaded: LoadedVersion, fen: int) -> list[int]:
        """Fen by place, earliest first."""
        key = loaded.id, fen
        if key not in self._known:
            parts = engine.instalments(loaded.version, loaded.programme, self.period, fen)
            self._known[key] = [part.amount_fen for part in parts]
        return self._known[key]


def _reckon(
    row: Row[Any], old: LoadedVersion, after: Mapping[str, _After], parts: _Parts
) -> tuple[Fate, int]:
    """What one award comes to, and what it is owed in fen."""
    if any(eligible is None for _, eligible, _ in after.values()):
        return "asks", 0
    before, today = parts.of(old, row.amount_fen), clock.office_day()
    difference, lost = -row.supplemented_fen, 0
    for place, (day, term) in enumerate(due_terms(old.programme, parts.period)):
        version, _, fen = after[term]
        if version.id == old.id:
            continue
        if day > today:  # who is there on that day is not known yet
            continue
        changed = max(parts.of(version, fen or 0)[place] - before[place], 0)
        if row.still or (row.left_on is not None and row.left_on > day):
            difference += changed
        else:
            lost += changed
    if difference > 0:
        return "owed", difference
    return ("left" if lost else "alike"), 0

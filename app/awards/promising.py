"""The promise: cases become awards, instalments and shares, and their money is committed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    Table,
    Uuid,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    not_,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards import exclusions
from app.awards.errors import AlreadyAwarded, BudgetExhausted
from app.awards.models import Award, AwardState, Instalment, InstalmentShare, InstalmentState
from app.awards.plan import write_plan
from app.awards.rules import left_out
from app.awards.waiting import commit_waiting
from app.budgets import queries as budget_queries
from app.budgets import service as budgets
from app.budgets.models import FundLine
from app.core import clock, ids
from app.core.actor import Actor
from app.core.columns import TextEnum, UtcMoment
from app.core.staging import Rows, stage
from app.ledger import service as ledger
from app.ledger.errors import Overdrawn
from app.ledger.models import TransferKind

CASE_COLUMNS = (
    "case_id",
    "student_id",
    "school_id",
    "county_id",
    "policy_version_id",
    "hardship",
    "amount_fen",
    "taken_at",
    "award_id",
)


@dataclass(frozen=True)
class Promised:
    """How many awards were made, their sum in fen, and the cases the money did not reach."""

    awarded: int
    amount_fen: int
    left_out: tuple[UUID, ...]


@dataclass(frozen=True)
class _Promise:
    """What one act of promising works on: staged cases, their plan, and its fund lines' keys."""

    cases: Table
    plan: Table
    keys: Table
    programme: str
    period: str
    batch: UUID
    year: int  # the fiscal year of the office day

    def planned(self, *columns: Any) -> Rows:
        """A select over cases and what each is paid."""
        return select(*columns).select_from(
            self.cases.join(
                self.plan,
                and_(
                    self.plan.c.policy_version_id == self.cases.c.policy_version_id,
                    self.plan.c.award_fen == self.cases.c.amount_fen,
                ),
            )
        )

    def on_line(self) -> Any:
        """Joins a planned share to its fund line."""
        return and_(
            col(FundLine.fiscal_year) == self.plan.c.fiscal_year,
            col(FundLine.programme) == self.programme,
            col(FundLine.source) == self.plan.c.source,
            col(FundLine.holder_id) == self.cases.c.county_id,
        )

    def lines(self, column: Any) -> Rows:
        """One column of the fund lines that these cases draw on."""
        return select(column).join(
            self.keys,
            and_(
                col(FundLine.fiscal_year) == self.keys.c.fiscal_year,
                col(FundLine.programme) == self.keys.c.programme,
                col(FundLine.source) == self.keys.c.source,
                col(FundLine.holder_id) == self.keys.c.holder_id,
            ),
        )


def promise(  # noqa: PLR0913 the cases, what for, and the act they belong to
    session: Session,
    cases: Rows,
    *,
    programme: str,
    period: str,
    batch: UUID,
    by: Actor,
    as_far_as_money_goes: bool = False,
) -> Promised:
    """Makes a provisional award of every case and commits its money.

    `cases` yields (case id, student_id, school_id, county_id, policy_version_id, hardship,
    amount_fen, taken_at) and is read once; the number of statements is fixed. A case is an
    application or, without a student, a school's allocation. Instalments of this
    and earlier fiscal years are committed now; those of a coming year wait for their appropriation
    unless it is there. Raises BudgetExhausted with every fund line that is short, or, with
    `as_far_as_money_goes`, leaves out the cases the money does not reach: by hardship, then by
    time. Raises AlreadyAwarded when a student has the award of the period, ExclusiveAward when
    one has a programme that excludes this one, YearMaximum when one would have too much of it.
    """
    named = cases.add_columns(literal_column(ids.SQL_UUID7, Uuid()))
    staged = stage(session, "cases", named, CASE_COLUMNS)
    act = _prepare(session, staged, programme=programme, period=period, batch=batch)
    available = ledger.hold(session, act.lines(col(FundLine.code)))
    # Asked behind the lock: whoever promises the same case draws on the same accounts.
    _refuse_awarded(session, staged)
    without = _leave_out(session, act, available) if as_far_as_money_goes else []
    exclusions.hold(session, staged, programme=programme, period=period, by=by)
    _write(session, act)
    _commit(session, act, by)
    coming = session.execute(
        act.lines(col(FundLine.id)).where(col(FundLine.fiscal_year) > act.year)
    )
    commit_waiting(session, coming.scalars().all(), batch=batch, by=by)
    awarded, amount_fen = session.execute(
        select(
            func.count(), cast(func.coalesce(func.sum(staged.c.amount_fen), 0), BigInteger)
        ).select_from(staged)
    ).one()
    audit.note(
        session,
        by=by,
        did="award.promised",
        records=_awards_of(act, col(Award.id)),
        detail={"batch": str(batch), "amount_fen": amount_fen, "left_out": len(without)},
    )
    return Promised(awarded, amount_fen, tuple(without))


def _refuse_awarded(session: Session, cases: Table) -> None:
    awarded = union_all(
        *(
            select(cases.c.case_id).join(Award, key == cases.c.case_id)
            for key in (col(Award.application_id), col(Award.allocation_id))
        )
    )
    if found := session.execute(awarded).scalars().all():
        raise AlreadyAwarded(sorted(found))


def _prepare(
    session: Session, cases: Table, *, programme: str, period: str, batch: UUID
) -> _Promise:
    plan = write_plan(session, cases, period=period)
    pairs = and_(
        plan.c.policy_version_id == cases.c.policy_version_id,
        plan.c.award_fen == cases.c.amount_fen,
    )
    wanted = (
        select(
            plan.c.fiscal_year,
            literal(programme, String).label("programme"),
            plan.c.source,
            cases.c.county_id,
        )
        .select_from(cases.join(plan, pairs))
        .distinct()
    )
    keys = stage(session, "line_keys", wanted, ("fiscal_year", "programme", "source", "holder_id"))
    budgets.ensure_fund_lines(session, select(*keys.c))
    return _Promise(
        cases=cases,
        plan=plan,
        keys=keys,
        programme=programme,
        period=period,
        batch=batch,
        year=clock.office_day().year,
    )


def _leave_out(session: Session, act: _Promise, available: dict[str, int]) -> list[UUID]:
    """Takes the cases that the money does not reach out of the staged ones; answers their ids."""
    cases = act.cases.c
    need = cast(func.sum(act.plan.c.share_fen), BigInteger)
    needs = session.execute(
        act.planned(cases.case_id, col(FundLine.code), need)
        .join(FundLine, act.on_line())
        .where(act.plan.c.fiscal_year <= act.year)
        .group_by(cases.case_id, cases.hardship, cases.taken_at, col(FundLine.code))
        .order_by(
            cases.hardship.desc().nulls_last(),
            cases.taken_at.asc().nulls_last(),
            cases.case_id,
        )
    )
    without = left_out(((case_id, line, fen) for case_id, line, fen in needs), available)
    if without:
        session.execute(delete(act.cases).where(cases.case_id == func.any(without)))
    return without


def _write(session: Session, act: _Promise) -> None:
    _write_awards(session, act)
    _write_instalments(session, act)
    _write_shares(session, act)


def _write_awards(session: Session, act: _Promise) -> None:
    cases = act.cases.c
    to_student = cases.student_id.is_not(None)
    columns = {
        "id": cases.award_id,
        "application_id": case((to_student, cases.case_id)),
        "allocation_id": case((not_(to_student), cases.case_id)),
        "student_id": cases.student_id,
        "school_id": cases.school_id,
        "county_id": cases.county_id,
        "programme": literal(act.programme, String),
        "period": literal(act.period, String),
        "policy_version_id": cases.policy_version_id,
        "hardship": cast(cases.hardship, Integer),
        "amount_fen": cases.amount_fen,
        "state": literal(AwardState.PROVISIONAL, TextEnum(AwardState)),
        "decision_batch_id": literal(act.batch, Uuid()),
        "made_at": literal(clock.now(), UtcMoment()),
        "settled_at": cast(null(), UtcMoment()),
    }
    rows = select(*columns.values()).order_by(cases.student_id)
    adding = insert_once(Award).from_select(list(columns), rows).on_conflict_do_nothing()
    session.execute(adding.inline())
    # The unique indexes have the last word, whoever else was promising meanwhile, and where.
    lost = session.execute(
        select(cases.case_id)
        .outerjoin(Award, col(Award.id) == cases.award_id)
        .where(col(Award.id).is_(None))
        .order_by(cases.case_id)
    ).scalars()
    if found := lost.all():
        raise AlreadyAwarded(found)


def _write_instalments(session: Session, act: _Promise) -> None:
    plan = act.plan.c
    known = TextEnum(InstalmentState)
    waits = literal(InstalmentState.AWAITING_APPROPRIATION, known)
    ready = literal(InstalmentState.COMMITTED, known)
    columns = {
        "id": literal_column(ids.SQL_UUID7, Uuid()),
        "award_id": act.cases.c.award_id,
        "school_id": act.cases.c.school_id,
        "county_id": act.cases.c.county_id,
        "seq": plan.seq,
        "due_on": plan.due_on,
        "fiscal_year": plan.fiscal_year,
        "amount_fen": plan.instalment_fen,
        "state": case((plan.fiscal_year > act.year, waits), else_=ready),
    }
    rows = act.planned(*columns.values()).where(plan.leads)
    session.execute(insert(Instalment).from_select(list(columns), rows).inline())


def _write_shares(session: Session, act: _Promise) -> None:
    columns = {
        "instalment_id": col(Instalment.id),
        "fund_line_id": col(FundLine.id),
        "school_id": act.cases.c.school_id,
        "county_id": act.cases.c.county_id,
        "amount_fen": act.plan.c.share_fen,
    }
    rows = (
        act.planned(*columns.values())
        .join(
            Instalment,
            and_(
                col(Instalment.award_id) == act.cases.c.award_id,
                col(Instalment.seq) == act.plan.c.seq,
            ),
        )
        .join(FundLine, act.on_line())
    )
    session.execute(insert(InstalmentShare).from_select(list(columns), rows).inline())


def _awards_of(act: _Promise, *columns: Any) -> Rows:
    return (
        select(*columns).select_from(Award).join(act.cases, act.cases.c.award_id == col(Award.id))
    )


def _commit(session: Session, act: _Promise, by: Actor) -> None:
    lines = (
        _awards_of(act, col(FundLine.code), col(Instalment.id), col(InstalmentShare.amount_fen))
        .join(Instalment, col(Instalment.award_id) == col(Award.id))
        .join(InstalmentShare, col(InstalmentShare.instalment_id) == col(Instalment.id))
        .join(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .where(col(Instalment.state) == InstalmentState.COMMITTED)
    )
    try:
        ledger.move(session, kind=TransferKind.COMMIT, batch=act.batch, by=by, lines=lines)
    except Overdrawn as overdrawn:
        codes = [short.fund_line for short in overdrawn.shorts]
        words = budget_queries.words_of(session, codes)
        raise BudgetExhausted(overdrawn.shorts, words) from overdrawn

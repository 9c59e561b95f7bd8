"""What becomes of fund lines when their year is over (结转, 收回): proposed, then confirmed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.budgets.errors import OwnYearEnds, YearEndInvalid, YearEndsMoved, YearEndsNotFound
from app.budgets.models import ClosedYear, FundLine, FundLineYearEnd, YearEnd, YearEndState
from app.core import clock, ids
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.core.scoping import among, visible


@dataclass(frozen=True)
class YearEndAsked:
    """Fund lines by code, what becomes of them, and by which document."""

    fund_lines: Sequence[str]
    rule: YearEnd
    because: str


def propose_year_ends(session: Session, asked: YearEndAsked, *, by: Actor) -> dict[str, UUID]:
    """Proposes it for every line or none; one that waited gives way. Code → proposal.

    What held goes on holding until another person has confirmed it. Raises YearEndInvalid with
    every line that is not there or whose year is closed.
    """
    hold_years(session)
    lines = _lines(session, asked.fund_lines, by)
    session.execute(
        update(FundLineYearEnd)
        .where(
            among(col(FundLineYearEnd.fund_line_id), [line.id for line in lines]),
            col(FundLineYearEnd.state) == YearEndState.PROPOSED,
        )
        .values(state=YearEndState.REPLACED)
    )
    made = {line.code: ids.new() for line in lines}
    now = clock.now()
    rows = [
        {
            "id": made[line.code],
            "fund_line_id": line.id,
            "county_id": line.county_id,
            "rule": asked.rule,
            "because": asked.because,
            "state": YearEndState.PROPOSED,
            "proposed_by": by.id,
            "proposed_at": now,
        }
        for line in lines
    ]
    session.execute(insert(FundLineYearEnd), rows)
    audit.note(
        session,
        by=by,
        did="year_end.proposed",
        records=[line.id for line in lines],
        because=asked.because,
        detail={"rule": asked.rule.value},
    )
    return made


def confirm_year_ends(session: Session, proposals: Collection[UUID], *, by: Actor) -> int:
    """Confirms what others proposed; from then on it is the rule of the lines.

    All or none; answers how many. Raises YearEndsNotFound, YearEndsMoved (a closed year's too),
    OwnYearEnds.
    """
    waiting = _waiting(session, proposals, by)
    closed = last_closed_year(session) or 0
    if late := [row for row in waiting if row.fiscal_year <= closed]:
        raise YearEndsMoved([_late(row) for row in late])
    lines = _answer(session, waiting, by, refused_because=None)
    audit.note(session, by=by, did="year_end.confirmed", records=lines)
    return len(lines)


def refuse_year_ends(
    session: Session, proposals: Collection[UUID], *, because: str, by: Actor
) -> int:
    """Refuses what others proposed; what held before goes on holding.

    All or none; answers how many. Raises YearEndsNotFound, YearEndsMoved, OwnYearEnds.
    """
    waiting = _waiting(session, proposals, by)
    lines = _answer(session, waiting, by, refused_because=because)
    audit.note(session, by=by, did="year_end.refused", records=lines, because=because)
    return len(lines)


def hold_years(session: Session) -> None:
    """Until the transaction ends no year is closed, and no rule of a line moves, but by it."""
    session.execute(_TURN)


def last_closed_year(session: Session) -> int | None:
    """The newest year that is over, if one is."""
    newest: int | None = session.execute(select(func.max(col(ClosedYear.year)))).scalar_one()
    return newest


def year_ends(session: Session, year: int, by: Actor) -> Sequence[Row[Any]]:
    """The lines of a fiscal year within the caller's scope by code: their rule, and what waits."""
    county = by.county_id if by.scope is Scope.COUNTY else None
    return session.execute(_YEAR_ENDS, {"year": year, "county": county}).all()


def unanswered(session: Session, year: int) -> Sequence[Row[Any]]:
    """What waits for lines of a year or an earlier one: code, proposal and rule, by code."""
    return session.execute(_UNANSWERED, {"year": year}).all()


def _lines(session: Session, codes: Sequence[str], by: Actor) -> Sequence[FundLine]:
    closed = last_closed_year(session) or 0
    chosen = select(FundLine).where(col(FundLine.code).in_(codes), visible(FundLine, by))
    lines = {line.code: line for line in session.execute(chosen).scalars()}
    faults = [
        fault
        for place, code in enumerate(codes)
        for fault in _faults(lines.get(code), code, f"/fund_lines/{place}", closed)
    ]
    if faults:
        raise YearEndInvalid(faults)
    return list(lines.values())


def _faults(line: FundLine | None, code: str, at: str, closed: int) -> list[Fault]:
    if line is None:
        zh, en = f"没有指标明细 {code}，请核对。", f"There is no fund line {code}; check it."
        return [Fault("line-unknown", zh, en, at)]
    if line.fiscal_year <= closed:
        return [Fault("year-closed", *_closed_words(line.fiscal_year, code), at)]
    return []


def _closed_words(year: int, code: str) -> tuple[str, str]:
    return (
        f"{year} 年度已年结，{code} 的结转规则不能再改。",
        f"{year} is closed; what becomes of {code} is not changed any more.",
    )


def _waiting(session: Session, wanted: Collection[UUID], by: Actor) -> Sequence[Row[Any]]:
    hold_years(session)
    table = FundLineYearEnd
    found = session.execute(
        select(
            col(table.id),
            col(table.fund_line_id),
            col(table.state),
            col(table.proposed_by),
            col(FundLine.code),
            col(FundLine.fiscal_year),
        )
        .join(FundLine, col(FundLine.id) == col(table.fund_line_id))
        .where(among(col(table.id), wanted), visible(table, by))
        .order_by(col(table.id))
    ).all()
    if missing := set(wanted) - {row.id for row in found}:
        raise YearEndsNotFound(sorted(missing))
    if moved := [row for row in found if row.state is not YearEndState.PROPOSED]:
        raise YearEndsMoved([_moved(row) for row in moved])
    if own := [row for row in found if row.proposed_by == by.id]:
        raise OwnYearEnds([_own(row) for row in own])
    return found


def _answer(
    session: Session, waiting: Sequence[Row[Any]], by: Actor, *, refused_because: str | None
) -> list[UUID]:
    session.execute(
        update(FundLineYearEnd)
        .where(
            among(col(FundLineYearEnd.id), [row.id for row in waiting]),
            col(FundLineYearEnd.state) == YearEndState.PROPOSED,
        )
        .values(
            state=YearEndState.CONFIRMED if refused_because is None else YearEndState.REFUSED,
            answered_by=by.id,
            answered_at=clock.now(),
            refused_because=refused_because,
        )
    )
    return [row.fund_line_id for row in waiting]


def _moved(row: Row[Any]) -> Fault:
    zh, en = (
        f"{row.code} 的这项结转规则已不在待复核",
        f"what was proposed for {row.code} does not wait any more",
    )
    return Fault("year_end.moved", zh, en, str(row.id), {"state": row.state.value})


def _late(row: Row[Any]) -> Fault:
    return Fault("year-closed", *_closed_words(row.fiscal_year, row.code), str(row.id))


def _own(row: Row[Any]) -> Fault:
    zh, en = (
        f"{row.code} 的结转规则由您本人提出，须由另一人复核",
        f"you proposed what becomes of {row.code}; another person answers",
    )
    return Fault("year_end.own", zh, en, str(row.id))


# One after the other: they are a few a year, and fund lines, which only grow, cannot be locked.
_TURN = text("SELECT pg_advisory_xact_lock(hashtext('ledger years'))")

RULE_OF_LINES = """
    SELECT f.id, f.code, f.fiscal_year, f.county_id, coalesce((SELECT y.rule
        FROM fund_line_year_end y
        WHERE y.fund_line_id = f.id AND y.state IN ('confirmed', 'set_alone')
        ORDER BY y.proposed_at DESC, y.id DESC LIMIT 1), 'carry') AS rule
    FROM fund_line f
"""
"""Every fund line with what becomes of it."""

_YEAR_ENDS = text(f"""
    SELECT r.code, r.rule, w.id, w.rule AS proposed, w.because, w.proposed_by,
        s.name AS proposed_by_name, w.proposed_at
    FROM ({RULE_OF_LINES} WHERE f.fiscal_year = :year
        AND (CAST(:county AS uuid) IS NULL OR f.county_id = :county)) r
    LEFT JOIN fund_line_year_end w ON w.fund_line_id = r.id AND w.state = 'proposed'
    LEFT JOIN staff_member s ON s.id = w.proposed_by ORDER BY r.code
""")  # noqa: S608 own text
_UNANSWERED = text("""
    SELECT f.code, w.id, w.rule FROM fund_line_year_end w JOIN fund_line f ON f.id = w.fund_line_id
    WHERE w.state = 'proposed' AND f.fiscal_year <= :year ORDER BY f.code
""")

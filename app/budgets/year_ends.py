"""Says what becomes of fund lines when their year is over (结转 or 收回)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select, text
from sqlmodel import Session, col

from app.audit import service as audit
from app.budgets.errors import YearEndInvalid
from app.budgets.models import ClosedYear, FundLine, FundLineYearEnd, YearEnd
from app.core import clock, ids
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.core.scoping import visible


@dataclass(frozen=True)
class YearEndAsked:
    """Fund lines by code, what becomes of them, and by which document."""

    fund_lines: Sequence[str]
    rule: YearEnd
    because: str


def set_year_ends(session: Session, asked: YearEndAsked, *, by: Actor) -> int:
    """Says it for every line or none; answers how many.

    Raises YearEndInvalid with every line that is not there or whose year is closed.
    """
    closed = last_closed_year(session) or 0
    chosen = select(FundLine).where(col(FundLine.code).in_(asked.fund_lines), visible(FundLine, by))
    lines = {line.code: line for line in session.execute(chosen).scalars()}
    faults = [
        fault
        for place, code in enumerate(asked.fund_lines)
        for fault in _faults(lines.get(code), code, f"/fund_lines/{place}", closed)
    ]
    if faults:
        raise YearEndInvalid(faults)
    now = clock.now()
    rows = [
        {
            "id": ids.new(),
            "fund_line_id": line.id,
            "county_id": line.county_id,
            "rule": asked.rule,
            "because": asked.because,
            "set_by": by.id,
            "set_at": now,
        }
        for line in lines.values()
    ]
    session.execute(insert(FundLineYearEnd), rows)
    audit.note(
        session,
        by=by,
        did="year_end.set",
        records=[line.id for line in lines.values()],
        because=asked.because,
        detail={"rule": asked.rule.value},
    )
    return len(rows)


def last_closed_year(session: Session) -> int | None:
    """The newest year that is over, if one is."""
    newest: int | None = session.execute(select(func.max(col(ClosedYear.year)))).scalar_one()
    return newest


def year_ends(session: Session, year: int, by: Actor) -> Sequence[Row[Any]]:
    """The lines of a fiscal year within the caller's scope with their rule, by code."""
    county = by.county_id if by.scope is Scope.COUNTY else None
    return session.execute(_YEAR_ENDS, {"year": year, "county": county}).all()


def _faults(line: FundLine | None, code: str, at: str, closed: int) -> list[Fault]:
    if line is None:
        zh, en = f"没有指标明细 {code}，请核对。", f"There is no fund line {code}; check it."
        return [Fault("line-unknown", zh, en, at)]
    if line.fiscal_year <= closed:
        zh = f"{line.fiscal_year} 年度已年结，{code} 的结转规则不能再改。"
        en = f"{line.fiscal_year} is closed; what becomes of {code} is not changed any more."
        return [Fault("year-closed", zh, en, at)]
    return []


RULE_OF_LINES = """
    SELECT f.id, f.code, f.fiscal_year, f.county_id, coalesce((SELECT y.rule
        FROM fund_line_year_end y WHERE y.fund_line_id = f.id
        ORDER BY y.set_at DESC, y.id DESC LIMIT 1), 'carry') AS rule
    FROM fund_line f
"""
"""Every fund line with what becomes of it."""

_YEAR_ENDS = text(
    f"{RULE_OF_LINES} WHERE f.fiscal_year = :year "
    "AND (CAST(:county AS uuid) IS NULL OR f.county_id = :county) ORDER BY f.code"
)

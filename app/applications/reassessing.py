"""Open cases judged again under the version in force now: only on request, and with what flips.

A new version never reaches a case by itself: each keeps the version it was handed in under. What
is judged again is a new submission with the same facts, under the same hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import polars as pl
from sqlalchemy import Boolean, Column, Row, String, Table, Uuid, and_, exists, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger
from sqlmodel import Session, col

from app.applications import rules, selection
from app.applications.models import Application, ApplicationState, Decision, Submission
from app.applications.queries import as_it_stands
from app.assessment.facts import values_of
from app.assessment.service import assess_cases
from app.audit import service as audit
from app.core import clock, db, staging
from app.core.actor import Actor
from app.policy import queries as policy
from app.policy.calendar import normalise_period
from app.policy.frames import frame_of
from app.policy.queries import LoadedVersion

Flip = Literal["gains", "loses", "changes", "asks"]
"""What becomes of a case: eligible now, no longer, another amount, or a fact is missing."""

OPEN = (
    ApplicationState.DRAFT,
    ApplicationState.SUBMITTED,
    ApplicationState.RETURNED,
    ApplicationState.IN_REVIEW,
)
_SHAPE: dict[str, tuple[Any, pl.DataType]] = {
    "application_id": (Uuid(), pl.String()),
    "state": (String(32), pl.String()),
    "eligible": (Boolean(), pl.Boolean()),
    "amount_fen": (BigInteger(), pl.Int64()),
    "failed": (ARRAY(String), pl.String()),
    "missing": (ARRAY(String), pl.String()),
}

_WRITE = """
WITH again AS (
    UPDATE application a SET submission_no = a.submission_no + 1, state = j.state,
        eligible = j.eligible, amount_fen = j.amount_fen, failed = j.failed, missing = j.missing
    FROM {judged} j WHERE a.id = j.application_id
    RETURNING a.id, a.submission_no)
INSERT INTO submission (application_id, submission_no, school_id, county_id, policy_version_id,
    facts, eligible, amount_fen, failed, missing, made_by, made_at)
SELECT s.application_id, again.submission_no, s.school_id, s.county_id, :version, s.facts,
    j.eligible, j.amount_fen, j.failed, j.missing, s.made_by, :now
FROM again JOIN {judged} j ON j.application_id = again.id
JOIN submission s ON s.application_id = again.id AND s.submission_no = again.submission_no - 1
"""


@dataclass(frozen=True)
class Flipped:
    """One case whose result differs under the version in force now; fen for the period."""

    application_id: UUID
    number: str
    flip: Flip
    amount_fen_before: int | None
    amount_fen_after: int | None
    failed: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Reassessed:
    """How many open cases stood under another version, how many come out alike, and the rest.

    `left_alone` are those that an officer has decided at a step already, and those in review that
    a missing fact would send back: they are not touched.
    """

    cases: int
    alike: int
    left_alone: int
    flips: tuple[Flipped, ...]


def reassess(
    session: Session, programme_code: str, period: str, *, by: Actor, dry_run: bool
) -> Reassessed:
    """Judges the open cases of a programme and period, within the caller's scope, anew.

    Only what flips is written: a case that comes out alike keeps its submission, and with it the
    endorsement its school's head gave. A dry run changes nothing. Raises ProgrammeNotFound,
    PeriodInvalid, PolicyVersionNotFound.
    """
    loaded = policy.version_for(session, programme_code, period)
    open_now = and_(
        col(Application.programme) == programme_code,
        col(Application.period) == normalise_period(loaded.programme, period),
        col(Application.state).in_(OPEN),
    )
    chosen = selection.lock(session, open_now, by=by)
    stale = _stale(session, chosen, loaded)
    undecided = [row for row in stale if not row.decided]
    judged = assess_cases(frame_of([values_of(row.facts) for row in undecided]), loaded)
    outcomes = [
        (row, after)
        for row, after in zip(undecided, judged.iter_rows(named=True), strict=True)
        if after["eligible"] is not None or row.state is not ApplicationState.IN_REVIEW
    ]
    flips = tuple(flipped for row, after in outcomes if (flipped := _flipped(row, after)))
    told = {each.application_id for each in flips}
    changed = [(row, after) for row, after in outcomes if row.id in told]
    if changed and not dry_run:
        _write(session, changed, loaded, by)
    return Reassessed(
        cases=len(stale),
        alike=len(outcomes) - len(flips),
        left_alone=len(stale) - len(outcomes),
        flips=flips,
    )


def _stale(session: Session, chosen: Table, loaded: LoadedVersion) -> Sequence[Row[Any]]:
    """The chosen cases that stand under another version, in the order of their numbers."""
    decided = exists().where(
        col(Decision.application_id) == Application.id,
        col(Decision.submission_no) == Application.submission_no,
    )
    return session.execute(
        select(
            col(Application.id),
            col(Application.number),
            col(Application.state),
            col(Application.eligible),
            col(Application.amount_fen),
            col(Submission.facts),
            decided.label("decided"),
        )
        .join(chosen, chosen.c.id == Application.id)
        .join(Submission, as_it_stands())
        .where(col(Submission.policy_version_id) != loaded.id)
        .order_by(col(Application.number))
    ).all()


def _flipped(row: Row[Any], after: dict[str, Any]) -> Flipped | None:
    flip: Flip
    if after["eligible"] == row.eligible:
        if after["amount_fen"] == row.amount_fen:
            return None
        flip = "changes"
    else:
        flip = "asks" if after["eligible"] is None else "gains" if after["eligible"] else "loses"
    return Flipped(
        application_id=row.id,
        number=row.number,
        flip=flip,
        amount_fen_before=row.amount_fen,
        amount_fen_after=after["amount_fen"],
        failed=tuple(after["failed"]),
        missing=tuple(after["missing"]),
    )


def _write(
    session: Session,
    outcomes: Sequence[tuple[Row[Any], dict[str, Any]]],
    loaded: LoadedVersion,
    by: Actor,
) -> None:
    columns = [Column(name, kind) for name, (kind, _) in _SHAPE.items()]
    table = staging.empty(session, "judged", columns)
    rows = [
        (
            str(row.id),
            _state(row.state, eligible=after["eligible"]).value,
            after["eligible"],
            after["amount_fen"],
            _as_array(after["failed"]),
            _as_array(after["missing"]),
        )
        for row, after in outcomes
    ]
    shape = {name: kind for name, (_, kind) in _SHAPE.items()}
    csv = pl.DataFrame(rows, schema=shape, orient="row").write_csv(include_header=False)
    db.copy_rows(session, table.name, list(_SHAPE), csv.encode())
    staging.count_rows(session, table)
    statement = text(_WRITE.format(judged=table.name))
    session.execute(statement, {"version": loaded.id, "now": clock.now()})
    audit.note(
        session,
        by=by,
        did="application.reassessed",
        records=select(table.c.application_id),
        detail={"policy_version": str(loaded.id), "cases": len(outcomes)},
    )


def _state(state: ApplicationState, *, eligible: bool | None) -> ApplicationState:
    """Where the case stands then: a missing fact makes it a draft, a found one hands it in."""
    if state in {ApplicationState.IN_REVIEW, ApplicationState.RETURNED} and eligible is not None:
        return state
    return rules.handed_in(eligible=eligible)


def _as_array(listed: Sequence[str]) -> str:
    return "{" + ",".join(listed) + "}"

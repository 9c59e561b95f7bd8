"""Roll-forward (结转): a new round's working list from the last period, and its cases handed in.

The list is no application. It says of each student whether the aid goes on (延续), the student is
new with a sign of need (新增), has gone (退出), or something must be said first (需核实), and why.
Made again it follows what has changed and adds nothing twice.

What goes on is handed in by one request (`take`), through the intake that forms and sheets use; a
student to be checked goes in with what the school says anew. The list can be downloaded, but is
not uploaded again: an application sheet stands on resident ids and account numbers, which no
download shows in clear. So a school changes what changed on the list or in an ordinary sheet, and
the rest goes on without being typed or shown.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import Session

from app.applications import intake, rolling_lines, rolling_queries
from app.applications.models import ApplicationRound, Fate
from app.applications.rolling_drafts import Draft, drafts, frame_of, told
from app.applications.rolling_errors import FromPeriodWrong, LinesWrong, NotRolledForward
from app.applications.rolling_queries import Forward
from app.applications.rolling_rules import ANSWERED_BY, REASONS, SETTLED_FIRST
from app.applications.rounds import require_open
from app.audit import service as audit
from app.core.actor import Actor
from app.core.errors import Fault
from app.policy.calendar import normalise_period, parse_period
from app.policy.queries import version_for
from app.registry.models import School
from app.registry.queries import schools_in_scope


@dataclass(frozen=True)
class Forwarded:
    """What the list says now, and how many lines came, changed and went with this call."""

    forward: Forward
    counts: Mapping[Fate, int]
    added: int
    changed: int
    dropped: int


@dataclass(frozen=True)
class Choice:
    """What of a list is handed in: by line, and what the school says anew of those to be checked.

    `lines` None: everybody who goes on.
    """

    lines: Collection[UUID] | None = None
    without: Collection[UUID] = ()
    checked: Mapping[UUID, Mapping[str, object]] = field(default_factory=dict)


def forward_for(
    session: Session, round_: ApplicationRound, from_period: str, school: School
) -> Forward:
    """The turn from an earlier period to the round. Raises PeriodInvalid, FromPeriodWrong."""
    loaded = version_for(session, round_.programme, round_.period)
    last = normalise_period(loaded.programme, from_period)
    if parse_period(last).order >= parse_period(round_.period).order:
        raise FromPeriodWrong(last, round_.period)
    return Forward(round_, loaded, last, school)


def roll_forward(session: Session, forward: Forward, *, by: Actor) -> Forwarded:
    """Makes the school's list of the round, or brings it up to date."""
    found = drafts(session, forward, by=by)
    return _put(session, forward, found, by=by)


def take(
    session: Session, round_: ApplicationRound, school: School, choice: Choice, *, by: Actor
) -> list[tuple[Draft, dict[str, object]]]:
    """Hands in the chosen lines as they stand now; answers each with its result from intake.

    The list is brought up to date first. A case that is in already with the same facts is
    unchanged. Raises NotRolledForward, RoundClosed, RoundNotOpenYet, LinesWrong.
    """
    from_period = rolling_queries.from_period_of(session, round_.id, school.id)
    if from_period is None:
        raise NotRolledForward
    require_open(session, round_, [school.id])
    forward = forward_for(session, round_, from_period, school)
    found = drafts(session, forward, by=by)
    lines = rolling_queries.line_ids(session, forward)
    _put(session, forward, found, by=by)
    chosen = _chosen({draft.student_id: draft for draft in found}, lines, choice)
    if not chosen:
        return []
    frame = frame_of(chosen, schools_in_scope(session, by))
    taken = intake.take_in(session, frame, round_=round_, by=by)
    return list(zip(chosen, taken.iter_rows(named=True), strict=True))


def _put(session: Session, forward: Forward, found: Sequence[Draft], *, by: Actor) -> Forwarded:
    added, changed, dropped = rolling_lines.put(session, forward, found, by=by)
    counted = Counter(draft.fate for draft in found)
    counts = {fate: counted[fate] for fate in Fate}
    if added + changed + dropped:
        audit.note(
            session,
            by=by,
            did="round.rolled_forward",
            records=[forward.round_.id, forward.school.id],
            detail={"from": forward.from_period, "counts": counts},
        )
    return Forwarded(forward, counts, added, changed, dropped)


def _chosen(found: Mapping[UUID, Draft], lines: Mapping[UUID, UUID], choice: Choice) -> list[Draft]:
    """The drafts to hand in, with what is said anew; every line that cannot be is a fault."""
    faults = [
        Fault("not-found", "名单中没有这一行", "There is no such line on the list", str(line))
        for line in sorted({*(choice.lines or ()), *choice.without, *choice.checked} - {*lines})
    ]
    by_line = {line: found[student] for line, student in lines.items() if student in found}
    wanted = set(by_line if choice.lines is None else choice.lines) - set(choice.without)
    chosen = []
    for line, draft in sorted(by_line.items()):
        said = choice.checked.get(line)
        if said is not None:
            fault = _unsettled(line, draft, said)
        elif line not in wanted or (choice.lines is None and draft.fate is not Fate.CONTINUED):
            continue
        else:
            fault = _stands_against(line, draft)
        if fault is None:
            chosen.append(told(draft, said or {}))
        else:
            faults.append(fault)
    if faults:
        raise LinesWrong(faults)
    return chosen


def _stands_against(line: UUID, draft: Draft) -> Fault | None:
    if draft.fate is Fate.CONTINUED:
        return None
    return _fault(line, draft.reasons)


def _unsettled(line: UUID, draft: Draft, said: Mapping[str, object]) -> Fault | None:
    """Why what the school says of a line does not settle it; None when it does."""
    if draft.row is None:
        return _fault(line, draft.reasons)
    open_ones = [
        reason
        for reason in draft.reasons
        if reason in SETTLED_FIRST or (reason in ANSWERED_BY and ANSWERED_BY[reason] not in said)
    ]
    return _fault(line, open_ones) if open_ones else None


def _fault(line: UUID, reasons: Sequence[str]) -> Fault:
    words = [REASONS[reason] for reason in reasons]
    return Fault(
        reasons[0],
        "；".join(each.zh for each in words),
        "; ".join(each.en for each in words),
        str(line),
        {"reasons": list(reasons)},
    )

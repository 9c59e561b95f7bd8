"""Where a case may go from where it stands. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.applications.models import ApplicationState as State
from app.core.money import show_yuan

MOVES: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        # Handed in again a draft may still lack a fact, so it may stay one.
        State.DRAFT: frozenset({State.DRAFT, State.SUBMITTED, State.WITHDRAWN}),
        # With another tier it is handed in again and stays with the school.
        State.SUBMITTED: frozenset(
            {State.SUBMITTED, State.IN_REVIEW, State.RETURNED, State.REJECTED, State.WITHDRAWN}
        ),
        State.RETURNED: frozenset({State.DRAFT, State.SUBMITTED, State.WITHDRAWN}),
        # In review the step moves on while the state stays.
        State.IN_REVIEW: frozenset(
            {
                State.IN_REVIEW,
                State.APPROVED,
                State.RETURNED,
                State.REJECTED,
                State.WITHDRAWN,
            }
        ),
        State.APPROVED: frozenset({State.ANNOUNCED, State.REJECTED}),
        State.ANNOUNCED: frozenset({State.CONFIRMED, State.REJECTED}),
        # Only when what the family stated turns out to be false.
        State.CONFIRMED: frozenset({State.REJECTED}),
        # Only a review opens it again, and only to be handed in anew: it never approves.
        State.REJECTED: frozenset({State.RETURNED}),
        State.WITHDRAWN: frozenset(),
    }
)
"""Every allowed move; what is not here does not happen."""

OVER = frozenset({State.REJECTED, State.WITHDRAWN})
"""A case that is over leaves room for another of the same student, programme and period."""

_LETTERS = {"spring": "S", "autumn": "A"}  # a school year is Y

HANDED_IN_AGAIN = frozenset({State.DRAFT, State.RETURNED})
"""States in which the school may change the facts."""

GIVEN_A_TIER = frozenset({State.DRAFT, State.SUBMITTED})
"""States in which an allocation of tiers may change the one fact it settles; what was sent back is
the school's to mend first."""

BEFORE_DECISION = frozenset({State.DRAFT, State.SUBMITTED, State.RETURNED, State.IN_REVIEW})
"""States in which the school may take a case back; in review only before anybody decided it."""


def states_before(to: State) -> frozenset[State]:
    """The states from which a case may come to `to`: the condition of a conditional update."""
    return frozenset(state for state, moves in MOVES.items() if to in moves)


def handed_in(*, eligible: bool | None) -> State:
    """The state of a case as it comes in: a draft while it is not known whether it is eligible."""
    return State.DRAFT if eligible is None else State.SUBMITTED


def sum_in_words(instalments_fen: Sequence[int]) -> str:
    """``"250.00"`` for one payment, ``"1500.00 a year, 10 x 150.00"`` for several.

    Payments that differ are listed: ``"1500.01 a year, 750.01 + 750.00"``.
    """
    if len(instalments_fen) == 1:
        return show_yuan(instalments_fen[0])
    whole = show_yuan(sum(instalments_fen))
    if len(set(instalments_fen)) == 1:
        return f"{whole} a year, {len(instalments_fen)} x {show_yuan(instalments_fen[0])}"
    return f"{whole} a year, {' + '.join(show_yuan(each) for each in instalments_fen)}"


def number_series(prefix: str, period: str) -> str:
    """The series of a programme's numbers for a period: ``BS-2008S``, ``VG-2007Y``."""
    first, rest = period.split("-")
    return f"{prefix}-{first}{_LETTERS.get(rest, 'Y')}"


def application_number(series: str, place: int) -> str:
    """A number as people say it: ``BS-2008S-0001234``."""
    return f"{series}-{place:07d}"

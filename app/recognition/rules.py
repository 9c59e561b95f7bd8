"""Where a form may go, what it still asks, and how long a notice runs. Pure."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from app.recognition.models import FormState as State

CLASS_NOTICE_WORKING_DAYS = 2
"""The least days of the class's notice: first notice at least 2 working days (Yantai 2024)."""

SCHOOL_NOTICE_WORKING_DAYS = 5
"""The least days of the school's notice: second notice at least 5 working days (Yantai 2024)."""

ANSWER_WORKING_DAYS = 3
"""Within how many working days an objection is to be answered (local practice)."""

PANEL_MEMBERS_MIN = 3
"""The least members of a class panel: the centre's own assumption."""

REGISTER_LEVEL = 2
"""What being on an outside register recognises by itself, at least: 困难."""

MOVES: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        # Handed in again a draft may still ask something, so it may stay one.
        State.DRAFT: frozenset({State.DRAFT, State.SUBMITTED}),
        State.SUBMITTED: frozenset({State.DRAFT, State.SUBMITTED, State.REVIEWED}),
        State.RETURNED: frozenset({State.DRAFT, State.SUBMITTED}),
        State.REVIEWED: frozenset({State.DECIDED, State.RETURNED, State.REJECTED}),
        State.DECIDED: frozenset({State.NOTICED}),
        # A review may take a form out of the notice, or bring a refused one back.
        State.NOTICED: frozenset({State.FILED, State.REJECTED}),
        State.REJECTED: frozenset({State.DRAFT, State.SUBMITTED, State.DECIDED}),
        State.FILED: frozenset(),
    }
)
"""Every allowed move; what is not here does not happen."""

ASKED = (
    "household_size",
    "hukou",
    "groups",
    "income_per_head_fen",
    "car",
    "house_bought",
    "promise_signer",
    "promise_on",
)
"""What only the family can answer; without it the form stays a draft, and is refused nothing."""


def states_before(to: State) -> frozenset[State]:
    """The states from which a form may come to `to`: the condition of a conditional update."""
    return frozenset(state for state, moves in MOVES.items() if to in moves)


def needed(told: Mapping[str, Any]) -> list[str]:
    """The open questions of a form, in the form's order."""
    return [name for name in ASKED if told.get(name) is None]


def handed_in(open_questions: list[str]) -> State:
    """The state of a form as it comes in."""
    return State.DRAFT if open_questions else State.SUBMITTED


def first_day_of(school_year: str) -> date:
    """1 September at the beginning of a school year."""
    return date(int(school_year[:4]), 9, 1)


def last_day_of(school_year: str) -> date:
    """31 August at the end of a school year: the day on which its words are read."""
    return date(int(school_year[5:]), 8, 31)


def is_in_year(day: date, school_year: str) -> bool:
    """Whether a day belongs to a school year, its first and last day with it."""
    return first_day_of(school_year) <= day <= last_day_of(school_year)

"""What a line of the bank's comes to, by where its payout stands."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from app.bank.parts import Outcome
from app.bank.vocabulary import UNLISTED
from app.core import clock
from app.disbursement.models import PayoutState
from app.reconciliation.models import LineOutcome

_S, _L = PayoutState, LineOutcome

_WAITING: Mapping[Outcome, LineOutcome] = {
    "paid": _L.PAID,
    "failed": _L.FAILED,
    "returned": _L.RETURNED,
    "unknown": _L.UNKNOWN,
}
MOVES: Mapping[PayoutState, Mapping[Outcome, LineOutcome]] = {
    _S.SENT: _WAITING,
    # Still unknown says nothing new.
    _S.UNKNOWN: {**_WAITING, "unknown": _L.DUPLICATE},
    _S.PAID: {
        "paid": _L.DUPLICATE,
        "failed": _L.CONTRADICTS,
        "returned": _L.RETURNED,
        "unknown": _L.DUPLICATE,
    },
    _S.FAILED: {
        "paid": _L.CONTRADICTS,
        "failed": _L.DUPLICATE,
        "returned": _L.CONTRADICTS,
        "unknown": _L.DUPLICATE,
    },
    # It was paid before it came back: the reply, taken in again or late, says nothing new.
    _S.RETURNED: {
        "paid": _L.DUPLICATE,
        "failed": _L.CONTRADICTS,
        "returned": _L.DUPLICATE,
        "unknown": _L.DUPLICATE,
    },
}
"""Payout state × the bank's word → what the line comes to; other states are in no file."""

MOVE_THE_PAYOUT: Mapping[LineOutcome, PayoutState] = {
    _L.PAID: _S.PAID,
    _L.FAILED: _S.FAILED,
    _L.RETURNED: _S.RETURNED,
    _L.UNKNOWN: _S.UNKNOWN,
}
"""The outcomes that move a payout, and where to; every other leaves the books as they are."""

LEAVE_WORK = frozenset(
    {_L.FAILED, _L.RETURNED, _L.UNKNOWN, _L.AMOUNT_DIFFERS, _L.UNMATCHED, _L.CONTRADICTS}
)
"""The outcomes that somebody must act on."""


class NextStep(NamedTuple):
    """What somebody does next about a line of the bank's, by what it said."""

    zh: str
    en: str


NEXT_STEPS: Mapping[str, NextStep] = {
    "name_differs": NextStep(
        "核对户名；学生姓名无误而银行登记的写法不同的，登记银行户名（POST /accounts/bank-names），"
        "由第二人核实后重新发放",
        "check the name; where the student's is right and the bank writes it otherwise, record the "
        "bank's name of the account (POST /accounts/bank-names), have a second person confirm it, "
        "then reissue",
    ),
    UNLISTED: NextStep(
        "向银行问明含义，由市级财务复核登记（POST /bank-formats/{format_code}/replies），"
        "登记后自动结清",
        "ask the bank what the word means and have the city's finance checker teach it "
        "(POST /bank-formats/{format_code}/replies), which settles the line",
    ),
}
"""By the reason code of the line."""


def outcome_of(state: PayoutState, said: Outcome) -> LineOutcome:
    """What a line comes to whose number, account and amount are those of a payout."""
    return MOVES[state][said]


MATCH_WORKING_DAYS = 5
"""How many working days after it was sent a payout without a reference is looked for."""


def earliest_sent(on: date, working_days: int) -> date:
    """The earliest day after which at most `working_days` working days lie up to `on`."""
    day = on
    while working_days >= 0:
        working_days -= clock.is_working_day(day)
        if working_days < 0:
            return day
        day -= timedelta(days=1)
    raise ValueError("working days must not be negative")

"""Where a payout may go; without a database."""

import pytest

from app.disbursement.models import PayoutState as S
from app.disbursement.rules import BEFORE_RELEASE, IN_TRANSIT, MONEY_IS_BACK, MOVES


def test_every_state_has_its_row() -> None:
    assert set(MOVES) == set(S)


@pytest.mark.parametrize("end", [S.FAILED, S.RETURNED, S.CANCELLED])
def test_from_an_end_a_payout_goes_nowhere(end: S) -> None:
    assert MOVES[end] == frozenset()


def test_what_is_paid_can_only_come_back() -> None:
    assert MOVES[S.PAID] == {S.RETURNED}


def test_a_held_payout_is_not_sent_without_being_ready_first() -> None:
    assert S.SENT not in MOVES[S.HELD]
    assert S.READY in MOVES[S.HELD]
    assert S.SENT in MOVES[S.READY]


def test_only_what_was_not_sent_can_be_cancelled() -> None:
    assert {state for state in S if S.CANCELLED in MOVES[state]} == BEFORE_RELEASE


def test_what_is_on_its_way_cannot_be_paid_again() -> None:
    assert not IN_TRANSIT & MONEY_IS_BACK
    assert S.PAID not in MONEY_IS_BACK

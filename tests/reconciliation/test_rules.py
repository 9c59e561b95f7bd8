"""What a line of the bank's comes to; without a database."""

import pytest

from app.disbursement.models import PayoutState as S
from app.disbursement.rules import may_move
from app.reconciliation.models import LineOutcome as L
from app.reconciliation.rules import LEAVE_WORK, MOVE_THE_PAYOUT, MOVES, outcome_of

IN_A_FILE = {S.SENT, S.UNKNOWN, S.PAID, S.FAILED, S.RETURNED}
WORDS = {"paid", "failed", "returned", "unknown"}
EVERY = [(state, word) for state in sorted(IN_A_FILE) for word in sorted(WORDS)]


def test_every_word_is_known_for_every_state_that_is_in_a_file() -> None:
    assert set(MOVES) == IN_A_FILE
    assert all(set(words) == WORDS for words in MOVES.values())


@pytest.mark.parametrize(("state", "word"), EVERY)
def test_an_outcome_moves_a_payout_only_where_it_may_go(state: S, word: str) -> None:
    outcome = outcome_of(state, word)  # type: ignore[arg-type]
    if outcome in MOVE_THE_PAYOUT:
        assert may_move(state, MOVE_THE_PAYOUT[outcome])
        assert MOVE_THE_PAYOUT[outcome].value == word == outcome.value
    else:
        assert outcome in {L.DUPLICATE, L.CONTRADICTS}


@pytest.mark.parametrize(("state", "word"), EVERY)
def test_what_is_said_twice_moves_nothing_the_second_time(state: S, word: str) -> None:
    first = outcome_of(state, word)  # type: ignore[arg-type]
    after = MOVE_THE_PAYOUT.get(first, state)
    assert outcome_of(after, word) not in MOVE_THE_PAYOUT  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "word", "outcome"),
    [
        (S.SENT, "paid", L.PAID),
        (S.UNKNOWN, "paid", L.PAID),
        (S.UNKNOWN, "unknown", L.DUPLICATE),
        (S.PAID, "returned", L.RETURNED),
        (S.FAILED, "paid", L.CONTRADICTS),
        (S.PAID, "failed", L.CONTRADICTS),
        (S.RETURNED, "paid", L.DUPLICATE),
    ],
)
def test_the_cases_an_officer_meets(state: S, word: str, outcome: L) -> None:
    assert outcome_of(state, word) is outcome  # type: ignore[arg-type]


def test_what_moves_nothing_and_is_no_repeat_leaves_work() -> None:
    assert set(L) - LEAVE_WORK == {L.PAID, L.DUPLICATE}

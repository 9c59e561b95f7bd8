"""What a line of the bank's comes to; without a database."""

import pytest

from app.bank.vocabulary import UNLISTED
from app.disbursement.models import PayoutState as S
from app.disbursement.rules import MOVES as MAY_GO
from app.reconciliation.models import LineOutcome as L
from app.reconciliation.models import WorkKind as W
from app.reconciliation.rules import (
    LEAVE_WORK,
    MOVE_THE_PAYOUT,
    MOVES,
    STEPS,
    Action,
    actions_of,
)
from tests.door.walking import OPERATIONS

IN_A_FILE = {S.SENT, S.UNKNOWN, S.PAID, S.FAILED, S.RETURNED}
WORDS = {"paid", "failed", "returned", "unknown"}
EVERY = [(state, word) for state in sorted(IN_A_FILE) for word in sorted(WORDS)]


def test_every_word_is_known_for_every_state_that_is_in_a_file() -> None:
    assert set(MOVES) == IN_A_FILE
    assert all(set(words) == WORDS for words in MOVES.values())


@pytest.mark.parametrize(("state", "word"), EVERY)
def test_an_outcome_moves_a_payout_only_where_it_may_go(state: S, word: str) -> None:
    outcome = MOVES[state][word]  # type: ignore[index]
    if outcome in MOVE_THE_PAYOUT:
        assert MOVE_THE_PAYOUT[outcome] in MAY_GO[state]
        assert MOVE_THE_PAYOUT[outcome].value == word == outcome.value
    else:
        assert outcome in {L.DUPLICATE, L.CONTRADICTS}


@pytest.mark.parametrize(("state", "word"), EVERY)
def test_what_is_said_twice_moves_nothing_the_second_time(state: S, word: str) -> None:
    first = MOVES[state][word]  # type: ignore[index]
    after = MOVE_THE_PAYOUT.get(first, state)
    assert MOVES[after][word] not in MOVE_THE_PAYOUT  # type: ignore[index]


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
    assert MOVES[state][word] is outcome  # type: ignore[index]


def test_what_moves_nothing_and_is_no_repeat_leaves_work() -> None:
    assert set(L) - LEAVE_WORK == {L.PAID, L.DUPLICATE}


A = Action
SILENT = (A.ASK_BANK, A.WAIT_FOR_BANK, A.TAKE_STATEMENT)
CORRECT = (
    A.CORRECT_ACCOUNT,
    A.CORRECT_BY_SHEET,
    A.CONFIRM_ACCOUNT,
    A.REISSUE,
    A.RECORD_LEAVING,
    A.CANCEL_AWARD,
    A.RESOLVE,
)


@pytest.mark.parametrize(
    ("kind", "payout", "word", "actions"),
    [
        (W.FAILED, S.FAILED, None, CORRECT),
        (W.RETURNED, S.RETURNED, "account_abnormal", CORRECT),
        (W.FAILED, S.FAILED, "name_differs", (A.RECORD_BANK_NAME, *CORRECT)),
        # The word has been taught since; what is left is the account.
        (W.FAILED, S.FAILED, UNLISTED, CORRECT),
        (W.UNKNOWN, S.UNKNOWN, "timeout", SILENT),
        (W.UNKNOWN, S.UNKNOWN, UNLISTED, (A.TEACH_REPLY, *SILENT)),
        (W.UNKNOWN, S.PAID, UNLISTED, (A.RESOLVE,)),
        (W.LATE, S.SENT, None, SILENT),
        (W.LATE, S.PAID, None, (A.RESOLVE,)),
        (W.UNKNOWN_LONG, S.UNKNOWN, None, SILENT),
        (W.REPAYMENT, None, None, (A.SETTLE_DEBT, A.RESOLVE)),
        (W.UNMATCHED, None, None, (A.ASK_BANK, A.TAKE_STATEMENT, A.RESOLVE)),
        (W.CONTRADICTS, S.PAID, None, (A.ASK_BANK, A.TAKE_STATEMENT, A.RESOLVE)),
    ],
)
def test_what_is_done_next_follows_from_kind_state_and_the_banks_word(
    kind: W, payout: S | None, word: str | None, actions: tuple[Action, ...]
) -> None:
    assert actions_of(kind, payout, reason_code=word) == actions


def test_a_schools_own_account_is_corrected_at_its_own_door() -> None:
    found = actions_of(W.RETURNED, S.RETURNED, to_school=True)
    assert found == (A.CORRECT_SCHOOL_ACCOUNT, A.CONFIRM_SCHOOL_ACCOUNT, A.REISSUE, A.RESOLVE)


def test_what_is_paid_in_hand_has_no_bank_to_ask() -> None:
    late = actions_of(W.LATE, S.SENT, in_hand=True)
    assert late == (A.HAND_IN_REGISTER, A.CONFIRM_REGISTER)
    failed = actions_of(W.FAILED, S.FAILED, in_hand=True)
    assert failed == (A.PAY_AGAIN, A.RECORD_LEAVING, A.CANCEL_AWARD, A.RESOLVE)
    assert actions_of(W.LATE, S.PAID, in_hand=True) == (A.RESOLVE,)


@pytest.mark.parametrize("kind", W)
def test_there_is_something_to_do_wherever_the_payout_stands(kind: W) -> None:
    for payout in (None, *S):
        assert actions_of(kind, payout)


def test_every_action_has_a_door_that_is_there() -> None:
    doors = {(one.method, one.path.removeprefix("/api/v1")) for one in OPERATIONS}
    assert set(STEPS) == set(Action)
    assert {(step.method, step.path) for step in STEPS.values()} <= doors

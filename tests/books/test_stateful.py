"""Whatever the order of acts, nobody is paid twice and the books hold.

`make soak` takes ten thousand steps and a seed of its own; `BOOKS_SEED=` repeats one.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import initialize, run_state_machine_as_test

from app.awards import service as awards
from app.ledger.errors import Overdrawn
from app.reconciliation import return_matching
from tests.books.machine import EACH, Books
from tests.factories.office import City
from tests.factories.payouts import make_payees

STEPS_EACH = 50
STEPS = int(os.environ.get("BOOKS_STEPS", "2000"))
SEED = int(os.environ.get("BOOKS_SEED", "20080602"))
# Not all of the fifty steps of a run are always taken.
# A run that fails is shown as it was: to make it shorter takes longer than to read it.
RUNS = settings(
    phases=[Phase.generate],
    max_examples=max(1, STEPS * 5 // 4 // STEPS_EACH),
    stateful_step_count=STEPS_EACH,
    suppress_health_check=list(HealthCheck),
    database=None,
)
DONE = {
    "decide", "announce", "confirm", "open", "release", "reply", "reversal", "reissue", "recover",
    "agree", "close",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _city(city: City) -> None:
    Books.city = city
    Books.done.clear()


@pytest.mark.slow
def test_the_books_hold_after_every_step() -> None:
    print(f"BOOKS_SEED={SEED}")  # noqa: T201 shown when it fails, and by `make soak`
    run_state_machine_as_test(seed(SEED)(Books), settings=RUNS)
    print(dict(Books.done))  # noqa: T201 as above
    assert Books.done["step"] >= STEPS
    never = DONE - set(Books.done)
    assert not never, f"nothing is known of what was never done: {never}"


class Paid(Books):
    """Begins when one file is paid and another on its way, as on most days."""

    @initialize()
    def open_school(self) -> None:
        super().open_school()
        self.pay_out(["paid"])
        make_payees(self.session, self.school, 2, EACH, confirmed=False)
        self.open()
        self.release(len(self.rows("SELECT id FROM payout_run")) - 1)


@pytest.mark.slow
def test_a_line_replayed_without_its_guard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard: what the bank says again of a payout that is paid comes to a duplicate.

    The instalment's own guard is taken out with it, else that one refuses the file.
    """
    unguarded = return_matching._MATCH.replace(
        "('paid', 'paid', 'duplicate')", "('paid', 'paid', 'paid')"
    )
    assert unguarded != return_matching._MATCH
    monkeypatch.setattr(return_matching, "_MATCH", unguarded)
    monkeypatch.setattr(awards, "settle_paid", lambda *_: 0)
    with pytest.raises((AssertionError, Overdrawn)):
        run_state_machine_as_test(seed(SEED)(Paid), settings=RUNS)

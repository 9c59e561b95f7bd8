"""The invariants notice what does not agree."""

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.reconciliation.queries import invariants
from tests.factories.money import line_code
from tests.reconciliation.conftest import Send


def test_a_balance_one_fen_off_is_named_with_both_figures(session: Session, sent: Send) -> None:
    sent(5)
    assert invariants(session) == []
    session.execute(
        text("UPDATE ledger_account SET credits_fen = credits_fen + 1 WHERE code = :code"),
        {"code": f"{line_code()}/in_transit"},
    )
    (found,) = invariants(session)
    assert (found.what, found.of) == ("ledger_balance", f"{line_code()}/in_transit")
    assert (found.expected, found.found) == (1250_00, 1250_01)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE payout SET amount_fen = amount_fen + 1 WHERE file_line = 1", "payout_amount"),
        ("UPDATE instalment SET state = 'paid'", "instalment_state"),
        ("UPDATE payout_part SET live = false", "live_part"),
    ],
)
def test_a_record_out_of_step_is_named(
    session: Session, sent: Send, statement: str, what: str
) -> None:
    sent(5)
    session.execute(text(statement))
    assert what in {difference.what for difference in invariants(session)}

"""Where a payout may go from where it stands."""

from collections.abc import Mapping

from app.disbursement.models import PayoutState

_S = PayoutState

MOVES: Mapping[PayoutState, frozenset[PayoutState]] = {
    _S.HELD: frozenset({_S.READY, _S.CANCELLED}),
    _S.READY: frozenset({_S.HELD, _S.SENT, _S.CANCELLED}),
    # The bank may send money back before its reply has been taken in.
    _S.SENT: frozenset({_S.PAID, _S.FAILED, _S.UNKNOWN, _S.RETURNED}),
    _S.UNKNOWN: frozenset({_S.PAID, _S.FAILED, _S.RETURNED}),
    _S.PAID: frozenset({_S.RETURNED}),
    _S.FAILED: frozenset(),
    _S.RETURNED: frozenset(),
    _S.CANCELLED: frozenset(),
}

BEFORE_RELEASE = frozenset({_S.HELD, _S.READY})
IN_TRANSIT = frozenset({_S.SENT, _S.UNKNOWN})
MONEY_IS_BACK = frozenset({_S.FAILED, _S.RETURNED})
"""The states from which a payout may be paid again."""


def may_move(come_from: PayoutState, to: PayoutState) -> bool:
    """Whether a payout may go from one state to another."""
    return to in MOVES[come_from]

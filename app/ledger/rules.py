"""Which way money may move."""

from app.ledger.models import AccountKind, TransferKind

K = AccountKind

MOVES: dict[TransferKind, tuple[AccountKind, AccountKind]] = {
    TransferKind.APPROPRIATE: (K.TREASURY, K.AVAILABLE),
    TransferKind.RECALL: (K.AVAILABLE, K.TREASURY),
    TransferKind.COMMIT: (K.AVAILABLE, K.COMMITTED),
    TransferKind.RELEASE_COMMITMENT: (K.COMMITTED, K.AVAILABLE),
    TransferKind.SEND: (K.COMMITTED, K.IN_TRANSIT),
    TransferKind.PAY: (K.IN_TRANSIT, K.PAID),
    TransferKind.FAIL: (K.IN_TRANSIT, K.COMMITTED),
    TransferKind.RETURN: (K.PAID, K.COMMITTED),
    TransferKind.RECOVER: (K.PAID, K.RECOVERABLE),
    TransferKind.UNDO_RECOVER: (K.RECOVERABLE, K.PAID),
}
"""Kind of transfer → the account it leaves and the one it reaches, of the same fund line."""

MAY_BE_OVERDRAWN = frozenset({K.TREASURY})
"""The outside, where money comes from: below zero by what was appropriated."""


def account_code(fund_line: str, kind: AccountKind) -> str:
    """The code of a fund line's account, such as `2008/boarding-subsidy/county/370811/paid`."""
    return f"{fund_line}/{kind.value}"

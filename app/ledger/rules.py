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
    TransferKind.REPAY: (K.RECOVERABLE, K.AVAILABLE),
    TransferKind.WRITE_OFF: (K.RECOVERABLE, K.WRITTEN_OFF),
    TransferKind.OFFSET: (K.COMMITTED, K.PAID),
    TransferKind.LAPSE: (K.AVAILABLE, K.RETURNED_TO_TREASURY),
    TransferKind.RECEIVE_CASH: (K.CASH_SOURCE, K.CASH),
    TransferKind.HAND_BACK_CASH: (K.CASH, K.CASH_SOURCE),
    TransferKind.SEND_CASH: (K.CASH, K.CASH_SENT),
    TransferKind.PAY_CASH: (K.CASH_SENT, K.CASH_PAID),
    TransferKind.FAIL_CASH: (K.CASH_SENT, K.CASH),
    TransferKind.RETURN_CASH: (K.CASH_PAID, K.CASH),
    TransferKind.REPAY_CASH: (K.CASH_PAID, K.CASH),
    TransferKind.OFFSET_CASH: (K.CASH, K.CASH_PAID),
}
"""Kind of transfer → the account it leaves and the one it reaches, of the same fund line."""

CASH_FOLLOWS: dict[TransferKind, TransferKind] = {
    TransferKind.SEND: TransferKind.SEND_CASH,
    TransferKind.PAY: TransferKind.PAY_CASH,
    TransferKind.FAIL: TransferKind.FAIL_CASH,
    TransferKind.RETURN: TransferKind.RETURN_CASH,
    TransferKind.REPAY: TransferKind.REPAY_CASH,
    TransferKind.OFFSET: TransferKind.OFFSET_CASH,
}
"""A movement of authority → that of the cash, on fund lines whose cash is kept here."""

CORRECTS: dict[TransferKind, TransferKind] = {
    TransferKind.RETURN: TransferKind.PAY,
    TransferKind.RETURN_CASH: TransferKind.PAY_CASH,
    TransferKind.UNDO_RECOVER: TransferKind.RECOVER,
}
"""A movement that takes an earlier one back → which; it points at it."""

CASH_KINDS = (K.CASH_SOURCE, K.CASH, K.CASH_SENT, K.CASH_PAID)
"""The accounts that only a fund line whose cash is kept here has."""

MAY_BE_OVERDRAWN = frozenset({K.TREASURY, K.CASH_SOURCE})
"""The outside, where money comes from: below zero by what was appropriated, or received."""


def account_code(fund_line: str, kind: AccountKind) -> str:
    """The code of a fund line's account, such as `2008/boarding-subsidy/county/370811/paid`."""
    return f"{fund_line}/{kind.value}"

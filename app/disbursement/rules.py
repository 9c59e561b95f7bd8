"""Where a payout may go from where it stands, what none may override, and when money may go."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from app.disbursement.models import PayeeCheck, PayoutState

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


ABOUT_ACCOUNT = frozenset(
    {
        PayeeCheck.NO_ACCOUNT,
        PayeeCheck.ACCOUNT_UNCONFIRMED,
        PayeeCheck.HOLDER_DIFFERS,
        PayeeCheck.SHARED_ACROSS_HOUSEHOLDS,
        PayeeCheck.NAME_UNFIT_FOR_BANK,
        PayeeCheck.STAFF_ACCOUNT,
        PayeeCheck.ACCOUNT_CHANGED,
    }
)
"""What is asked of a bank account, and of nobody who is paid in hand."""

NEVER_OVERRIDDEN: Mapping[PayeeCheck, tuple[str, str]] = {
    PayeeCheck.NO_ACCOUNT: ("没有账户可付", "there is no account to pay to"),
    PayeeCheck.ACCOUNT_UNCONFIRMED: (
        "账户须由第二人核实，不得以放行代替",
        "an account is confirmed by its second person and by nothing else",
    ),
    PayeeCheck.OVER_AWARD: ("超出核定金额", "more than the award is nobody's to give"),
    PayeeCheck.OVER_YEAR_MAXIMUM: (
        "超出该项目政策规定的学年最高额",
        "the programme's version sets the year's most",
    ),
    PayeeCheck.PAID_TWICE: (
        "同一项目同一学期已发放；请撤销其中一项核定",
        "it was paid before; cancel one of the two awards",
    ),
    PayeeCheck.RATE_DIFFERS: (
        "金额与核定依据不符；请撤销后重新核定",
        "the amount is not what was decided; cancel the award and decide anew",
    ),
    PayeeCheck.DECEASED: (
        "死亡名册有此人；名册有误的，请更正名册",
        "a list of the deceased holds the student; if it is wrong, have the list corrected",
    ),
    PayeeCheck.ON_HOLD: ("请解除暂停发放", "lift the hold instead"),
    PayeeCheck.NAME_UNFIT_FOR_BANK: (
        "银行文件写不下该户名；请更正账户",
        "the bank's file cannot carry the name; correct the account",
    ),
}
"""Findings that hold whoever answers for them, each with why; every other may be overridden."""


def next_day_allowed(day: date, blackouts: Iterable[tuple[date, date]]) -> date:
    """The first day from `day` on that lies in none of the spans, both ends included."""
    for start, end in sorted(blackouts):
        if start <= day <= end:
            day = end + timedelta(days=1)
    return day

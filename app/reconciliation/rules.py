"""What a line of the bank's comes to, what is done next about it, and by when."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.bank.parts import Outcome
from app.bank.vocabulary import UNLISTED
from app.core import clock
from app.disbursement.models import PayoutState
from app.policy.facts import Words
from app.reconciliation.models import LineOutcome, WorkKind

_S, _L, _W = PayoutState, LineOutcome, WorkKind

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


class Action(StrEnum):
    """What somebody can do next about a work item; `STEPS` says in words what and where."""

    CORRECT_ACCOUNT = "correct_account"
    CORRECT_BY_SHEET = "correct_by_sheet"
    CONFIRM_ACCOUNT = "confirm_account"
    RECORD_BANK_NAME = "record_bank_name"
    CORRECT_SCHOOL_ACCOUNT = "correct_school_account"
    CONFIRM_SCHOOL_ACCOUNT = "confirm_school_account"
    REISSUE = "reissue"
    PAY_AGAIN = "pay_again"
    HAND_IN_REGISTER = "hand_in_register"
    CONFIRM_REGISTER = "confirm_register"
    RECORD_LEAVING = "record_leaving"
    CANCEL_AWARD = "cancel_award"
    ASK_BANK = "ask_bank"
    WAIT_FOR_BANK = "wait_for_bank"
    TEACH_REPLY = "teach_reply"
    TAKE_STATEMENT = "take_statement"
    SETTLE_DEBT = "settle_debt"
    RESOLVE = "resolve"


class Step(NamedTuple):
    """An action in words, and the door where it is done or its answer is handed in."""

    said: Words
    method: str
    path: str


_A = Action
STEPS: Mapping[Action, Step] = {
    _A.CORRECT_ACCOUNT: Step(
        Words("更正收款账户", "correct the account"), "PUT", "/students/{student_id}/account"
    ),
    _A.CORRECT_BY_SHEET: Step(
        Words(
            "按校下载待更正表（GET），填好后上传，成批更正",
            "download the school's sheet (GET), fill it in and hand it back",
        ),
        "POST",
        "/worklist/sheet",
    ),
    _A.CONFIRM_ACCOUNT: Step(
        Words("由第二人核实更正后的账户", "have a second person confirm the corrected account"),
        "POST",
        "/accounts/confirm",
    ),
    _A.RECORD_BANK_NAME: Step(
        Words(
            "学生姓名无误而银行登记的写法不同的，登记银行户名，由第二人核实",
            "where the student's name is right and the bank writes it otherwise, record the bank's "
            "name of the account and have a second person confirm it",
        ),
        "POST",
        "/accounts/bank-names",
    ),
    _A.CORRECT_SCHOOL_ACCOUNT: Step(
        Words("更正学校账户", "correct the school's account"),
        "POST",
        "/schools/{school_id}/accounts",
    ),
    _A.CONFIRM_SCHOOL_ACCOUNT: Step(
        Words("由资助中心核实学校账户", "have an officer confirm the school's account"),
        "POST",
        "/schools/{school_id}/accounts/{account_id}/confirm",
    ),
    _A.REISSUE: Step(
        Words("账户核实后重新发放", "reissue once the account is confirmed"),
        "POST",
        "/worklist/reissue-ready",
    ),
    _A.PAY_AGAIN: Step(
        Words("再次发放，可改由银行发放", "pay again, by the bank or in hand"),
        "POST",
        "/payouts/reissue",
    ),
    _A.HAND_IN_REGISTER: Step(
        Words("学校上传签字后的签领册", "have the school hand in the signed register"),
        "POST",
        "/signed-registers",
    ),
    _A.CONFIRM_REGISTER: Step(
        Words("由第二人复核签领册", "have a second person confirm the signed register"),
        "POST",
        "/signed-registers/{signed_register_id}/confirm",
    ),
    _A.RECORD_LEAVING: Step(
        Words("学生已离校的，登记离校", "where the student has left, record it"),
        "POST",
        "/students/leave",
    ),
    _A.CANCEL_AWARD: Step(
        Words(
            "不应享受的，申请取消认定，未发资助随之取消",
            "where the student is not entitled, ask that the recognition be cancelled; what is not "
            "paid is cancelled with it",
        ),
        "POST",
        "/recognitions/cancellations",
    ),
    _A.ASK_BANK: Step(
        Words("向银行询问，银行的答复文件由此接收", "ask the bank; its answer is taken in here"),
        "POST",
        "/return-files",
    ),
    _A.WAIT_FOR_BANK: Step(
        Words(
            "等待银行答复，其间不得再次发放",
            "wait for the bank's word; nothing is paid again meanwhile",
        ),
        "POST",
        "/return-files",
    ),
    _A.TEACH_REPLY: Step(
        Words(
            "向银行问明该词的含义，由市级财务复核登记，登记后自动结清",
            "ask the bank what the word means and have the city's finance checker teach it, which "
            "settles the line",
        ),
        "POST",
        "/bank-formats/{format_code}/replies",
    ),
    _A.TAKE_STATEMENT: Step(
        Words("用银行对账单核对", "take in the bank's statement and compare"),
        "POST",
        "/statements",
    ),
    _A.SETTLE_DEBT: Step(
        Words("确属退还的，按凭证登记还款", "where it is a repayment, record it by its voucher"),
        "POST",
        "/recoveries/repayments",
    ),
    _A.RESOLVE: Step(
        Words("写明原因后办结", "close the item with a reason"), "POST", "/worklist/resolve"
    ),
}

_CORRECTION = (
    _A.CORRECT_ACCOUNT,
    _A.CORRECT_BY_SHEET,
    _A.CONFIRM_ACCOUNT,
    _A.REISSUE,
    _A.RECORD_LEAVING,
    _A.CANCEL_AWARD,
    _A.RESOLVE,
)
_SCHOOLS_CORRECTION = (
    _A.CORRECT_SCHOOL_ACCOUNT,
    _A.CONFIRM_SCHOOL_ACCOUNT,
    _A.REISSUE,
    _A.RESOLVE,
)
_IN_HAND: Mapping[WorkKind, tuple[Action, ...]] = {
    _W.FAILED: (_A.PAY_AGAIN, _A.RECORD_LEAVING, _A.CANCEL_AWARD, _A.RESOLVE),
    _W.LATE: (_A.HAND_IN_REGISTER, _A.CONFIRM_REGISTER),
}
"""What is paid in hand has no bank to ask and no account to correct."""
_SILENCE = (_A.ASK_BANK, _A.WAIT_FOR_BANK, _A.TAKE_STATEMENT)
_QUESTION = (_A.ASK_BANK, _A.TAKE_STATEMENT, _A.RESOLVE)
_OVER = (_A.RESOLVE,)

_ACTIONS: Mapping[WorkKind, Mapping[PayoutState, tuple[Action, ...]]] = {
    _W.FAILED: {_S.FAILED: _CORRECTION},
    _W.RETURNED: {_S.RETURNED: _CORRECTION},
    _W.UNKNOWN: {_S.UNKNOWN: _SILENCE},
    _W.LATE: {_S.SENT: _SILENCE, _S.UNKNOWN: _SILENCE},
    _W.UNKNOWN_LONG: {_S.UNKNOWN: _SILENCE},
    _W.AMOUNT_DIFFERS: dict.fromkeys(_S, _QUESTION),
    _W.DUPLICATE: dict.fromkeys(_S, _QUESTION),
    _W.CONTRADICTS: dict.fromkeys(_S, _QUESTION),
}
_WITHOUT_PAYOUT: Mapping[WorkKind, tuple[Action, ...]] = {
    _W.AMOUNT_DIFFERS: _QUESTION,
    _W.DUPLICATE: _QUESTION,
    _W.UNMATCHED: _QUESTION,
    _W.REPAYMENT: (_A.SETTLE_DEBT, _A.RESOLVE),
}
_BY_THE_WORD: Mapping[tuple[WorkKind, str], Action] = {
    (_W.FAILED, "name_differs"): _A.RECORD_BANK_NAME,
    (_W.RETURNED, "name_differs"): _A.RECORD_BANK_NAME,
    (_W.UNKNOWN, UNLISTED): _A.TEACH_REPLY,
}


def actions_of(
    kind: WorkKind,
    payout: PayoutState | None,
    *,
    to_school: bool = False,
    in_hand: bool = False,
    reason_code: str | None = None,
) -> tuple[Action, ...]:
    """What can be done next about an open item, in the order in which it is done.

    By its kind and where its payout stands; the bank's own word may add the first. Where the payout
    has moved on, what is left is to close the item.
    """
    if payout is None:
        return _WITHOUT_PAYOUT.get(kind, _OVER)
    actions = _ACTIONS.get(kind, {}).get(payout, _OVER)
    if in_hand and actions is not _OVER:
        return _IN_HAND.get(kind, _OVER)
    if actions is _CORRECTION and to_school:
        return _SCHOOLS_CORRECTION
    by_word = _BY_THE_WORD.get((kind, reason_code or ""))
    return actions if by_word is None or actions is _OVER else (by_word, *actions)


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


CORRECTED = frozenset({WorkKind.FAILED, WorkKind.RETURNED})
"""The work that waits for a corrected account; it alone has a deadline."""


def deadline(kind: WorkKind, opened_on: date, working_days: int) -> date | None:
    """The last day on which the account is corrected in time; None where none is to be."""
    if kind not in CORRECTED:
        return None
    return clock.add_working_days(opened_on, working_days)[0]


def overdue_before(on: date, working_days: int) -> date:
    """What was opened before this day had its deadline before `on`."""
    return earliest_sent(on - timedelta(days=1), working_days - 1)


_BRING = Words(
    "学生的身份证或户口簿、银行卡或存折原件；用监护人账户的，另带监护人身份证和关系证明",
    "the student's id card or household register and the card or passbook itself; for a guardian's "
    "account also the guardian's id card and proof of the relation",
)
_BRING_BY_REASON: Mapping[str, Words] = {
    "name_differs": Words(
        "学生的身份证或户口簿、银行卡或存折原件，逐字核对户名；银行写法不同的，另带银行出具的户名证明",
        "the student's id card or household register and the card or passbook itself, to compare "
        "the name; where the bank writes it otherwise, its note of the name",
    ),
    "account_not_found": Words(
        "银行卡或存折原件，逐位核对账号；已销户的，带新开账户的银行卡或存折",
        "the card or passbook itself, to compare the number; where the account is closed, the new "
        "one's card or passbook",
    ),
    "account_abnormal": Words(
        "先到开户银行解冻或激活；不能恢复的，带新开账户的银行卡或存折",
        "have the bank unfreeze or activate the account first; where it cannot, the card or "
        "passbook of a new account",
    ),
    "over_limit": Words(
        "先到开户银行调整账户限额，或带不受限额的账户的银行卡或存折",
        "have the bank raise the account's limit first, or bring the card or passbook of an "
        "account without one",
    ),
}


def to_bring(reason_code: str | None) -> Words:
    """What a family brings to have the account corrected, by the bank's reason."""
    return _BRING_BY_REASON.get(reason_code or "", _BRING)

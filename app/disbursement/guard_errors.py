"""Why a guard is not lifted, and why money does not go today."""

from collections.abc import Sequence
from datetime import date

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound


class OverrideByOpener(Forbidden):
    """Who opened a run does not answer for what its checks found."""

    code = "override.same-person"

    def __init__(self, number: str) -> None:
        super().__init__(
            f"发放批次 {number} 由您经办，检查发现须由另一人说明理由后放行。",
            f"You opened run {number}; another person must override what its checks found.",
        )


class NotOverridable(Conflict):
    """Some findings hold whoever answers for them; nothing was changed."""

    code = "override.never"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 类检查发现不得放行，逐类列在 errors 中；请按所示办理。",
            f"{len(faults)} kind(s) of finding may never be overridden, each listed in errors with "
            "what to do instead; nothing was changed.",
            faults=faults,
        )


class FindingsNotOpen(Conflict):
    """Some payouts do not have the finding, or not any more; nothing was changed."""

    code = "override.not-open"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 笔没有所列的待处理检查发现，整批未处理，逐笔列在 errors 中；"
            "请重新检查该批次后再试。",
            f"{len(faults)} payout(s) have no such open finding, each listed in errors; nothing "
            "was changed. Recheck the run and try again.",
            faults=faults,
        )


class RunBlackedOut(Conflict):
    """The holder's money is not sent on this day."""

    code = "run.blackout"

    def __init__(self, number: str, reason: str, next_day: date) -> None:
        super().__init__(
            f"发放批次 {number} 今日不得送银行：{reason}；最早可于 {next_day.isoformat()} 送出。",
            f"Run {number} is not sent today: {reason}; release it on {next_day.isoformat()} or "
            "later.",
            facts={"number": number, "next_day": next_day.isoformat()},
        )


class BlackoutNotFound(NotFound):
    """No such blackout days, or none the caller may cancel."""

    code = "blackout.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该停发日记录，请核对编号。", "There are no such blackout days; check the id."
        )


class BlackoutCancelled(Conflict):
    """The blackout days were cancelled before."""

    code = "blackout.cancelled-before"

    def __init__(self) -> None:
        super().__init__(
            "该停发日已撤销，无需再次处理。",
            "These blackout days were cancelled before; nothing is to be done.",
        )


class BlackoutInvalid(Invalid):
    """The last day lies before the first."""

    code = "blackout.days-reversed"

    def __init__(self) -> None:
        super().__init__(
            "停发的截止日早于起始日，请更正日期。",
            "The last day lies before the first; correct the days.",
        )


class StaffAccountsWrong(Invalid):
    """Some numbers cannot be accounts; nothing was stored."""

    code = "staff-account.wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 个账号有误，全部未保存，逐个列在 errors 中；请更正后重报。",
            f"{len(faults)} number(s) are wrong, each listed in errors; nothing was stored. "
            "Correct them and send all again.",
            faults=faults,
        )


class StaffAccountNotFound(NotFound):
    """No such staff account, or none within the caller's scope."""

    code = "staff-account.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该教职工账户记录，请核对。", "There is no such staff account; check the id."
        )


class StaffAccountRemoved(Conflict):
    """The staff account was removed before."""

    code = "staff-account.removed-before"

    def __init__(self) -> None:
        super().__init__(
            "该教职工账户已移除，无需再次处理。",
            "This staff account was removed before; nothing is to be done.",
        )

"""Why money is not sent; the books and the bank are then untouched."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound


class RunNotFound(NotFound):
    """No such run, or none within the caller's scope."""

    code = "run.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该发放批次，请核对编号。", "There is no such payout run; check its id."
        )


class FileNotFound(NotFound):
    """No such bank file, or none within the caller's scope."""

    code = "payment-file.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该代发文件，请核对编号。", "There is no such payment file; check its number."
        )


class HoldNotFound(NotFound):
    """No such hold, or none within the caller's scope."""

    code = "hold.not-found"

    def __init__(self) -> None:
        super().__init__("没有该暂停发放记录，请核对。", "There is no such hold; check its id.")


class StudentNotFound(NotFound):
    """No such student, or none within the caller's scope."""

    code = "student.not-found"

    def __init__(self) -> None:
        super().__init__("没有该学生，请核对。", "There is no such student; check the id.")


class HolderOutside(NotFound):
    """The caller does not pay for that holder of money."""

    code = "run.holder-not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有可由您发放的该指标单位，请核对。",
            "There is no such holder of money that you pay for; check the id.",
        )


class NothingDue(Conflict):
    """No instalment may be paid by then."""

    code = "run.nothing-due"

    def __init__(self, programme: str, due_to: str) -> None:
        super().__init__(
            f"项目 {programme} 没有截至 {due_to} 到期、公示已结束且资金已核定的发放期次；"
            "请核对项目和日期。",
            f"Programme {programme} has no instalment due by {due_to} whose award is granted and "
            "whose money is committed; check the programme and the day.",
        )


class RunOpenedBySame(Forbidden):
    """Who opened a run does not release it."""

    code = "run.same-person"

    def __init__(self, number: str) -> None:
        super().__init__(
            f"发放批次 {number} 由您经办，须由另一人复核。",
            f"You opened run {number}; another person must release it.",
        )


class RunNotOpen(Conflict):
    """The run was released or cancelled before."""

    code = "run.not-open"

    def __init__(self, number: str, state: str, day: str | None) -> None:
        when = f"（{day}）" if day else ""
        on = f" on {day}" if day else ""
        words = {"released": "已送银行", "cancelled": "已撤销"}
        super().__init__(
            f"发放批次 {number} {words.get(state, state)}{when}，不能再处理；本次未改动任何内容。",
            f"Run {number} was {state}{on} and takes no further act; nothing was changed.",
            facts={"number": number, "state": state},
        )


class NothingReady(Conflict):
    """Every payout of the run is held or cancelled."""

    code = "run.nothing-ready"

    def __init__(self, number: str, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"发放批次 {number} 没有可发放的明细；请先处理暂缓原因，或撤销该批次。",
            f"Run {number} has no payout that may be sent; settle what holds them, or cancel "
            "the run.",
            faults=faults,
        )


class PayoutsMoved(Conflict):
    """Some payouts are no longer where the act needs them; nothing was changed."""

    code = "payout.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 笔发放明细的状态不符，整批未处理，逐笔列在 errors 中。",
            f"{len(faults)} payout(s) are not in the state this needs, each listed in errors; "
            "nothing was changed.",
            faults=faults,
        )


class PayoutsNotReissuable(Conflict):
    """Some payouts cannot be paid again now; nothing was changed."""

    code = "payout.not-reissuable"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 笔不能重新发放，整批未处理，逐笔列在 errors 中。",
            f"{len(faults)} payout(s) cannot be paid again now, each listed in errors; nothing "
            "was changed.",
            faults=faults,
        )


class ReissueMixed(Invalid):
    """The payouts are of several programmes or holders; a run has one of each."""

    code = "payout.reissue-mixed"

    def __init__(self, programmes: Sequence[str]) -> None:
        listed = ", ".join(programmes)
        super().__init__(
            f"所选明细属于多个项目（{listed}），请按项目分别重新发放。",
            f"The payouts are of several programmes ({listed}); reissue each programme by itself.",
        )


class HoldLifted(Conflict):
    """The hold was lifted before."""

    code = "hold.lifted-before"

    def __init__(self) -> None:
        super().__init__(
            "该暂停发放已解除，无需再次处理。",
            "This hold was lifted before; nothing is to be done.",
        )

"""What deciding refuses, and how the cases that stand in the way are listed."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.applications.errors import CasesMoved
from app.applications.models import ApplicationState as State
from app.applications.models import Step
from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound

STATES: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        State.DRAFT: ("草稿（缺少信息）", "a draft that lacks facts"),
        State.SUBMITTED: ("在学校，尚未上报", "with the school, not handed up"),
        State.RETURNED: ("已退回修改", "returned to the school"),
        State.IN_REVIEW: ("审核中", "in review"),
        State.APPROVED: ("审批通过", "approved"),
        State.ANNOUNCED: ("公示中", "in public notice"),
        State.CONFIRMED: ("公示无异议", "confirmed"),
        State.REJECTED: ("不予资助", "rejected"),
        State.WITHDRAWN: ("已撤回", "withdrawn"),
    }
)
STEPS: Mapping[Step, tuple[str, str]] = MappingProxyType(
    {Step.COUNTY: ("待县级审核", "waits for the county"), Step.CITY: ("待市级审核", "for the city")}
)


class OwnCases(Forbidden):
    """Four eyes: some of the cases were handed in or decided before by the same person."""

    code = "decision.four-eyes"


class NotEligible(Conflict):
    """Some of the cases fail a criterion; such a case can only be rejected or returned."""

    code = "decision.not-eligible"


class AmountNotSet(Conflict):
    """Some of the cases have no amount: their programme's policy does not say what they come to."""

    code = "amount.not-set"


class StillOwing(Conflict):
    """Students of some of the cases owe money and have not agreed how to pay it back."""

    code = "decision.still-owing"


class SetChanged(Conflict):
    """The filter takes in other cases now than those the officer was shown."""

    code = "decision.set-changed"


class NothingToDecide(Conflict):
    """No case is left to decide."""

    code = "decision.nothing"


class NothingAffordable(Conflict):
    """The fund lines have nothing left for the first of the cases."""

    code = "decision.no-money"


class SetMixed(Invalid):
    """One act decides cases of one programme and one period."""

    code = "decision.mixed"


class DecisionBatchUnknown(NotFound):
    """No such act of deciding with a case within the caller's scope."""

    code = "decision.unknown"


class NobodyDecidesHere(Forbidden):
    """The caller's office has no step in any approval path."""

    code = "decision.no-step"


def standing(state: State, step: Step | None) -> tuple[str, str]:
    """Where a case stands, in words: zh and en."""
    zh, en = STATES[state]
    if step is None:
        return zh, en
    return f"{zh}，{STEPS[step][0]}", f"{en}, {STEPS[step][1]}"


def moved_fault(number: str, state: State, step: Step | None) -> Fault:
    """One case that is no longer where the caller believes."""
    zh, en = standing(state, step)
    return Fault(
        "moved",
        f"{number} 现为：{zh}。",
        f"{number} is now {en}.",
        number,
        {"state": state.value, "step": None if step is None else step.value},
    )


def own_fault(number: str) -> Fault:
    """One case that the caller must leave to somebody else."""
    return Fault(
        "four_eyes",
        f"{number} 由您本人录入或审核过，须由他人审核。",
        f"{number} was handed in or decided before by you; somebody else must decide it.",
        number,
    )


def not_eligible_fault(number: str, failed: list[str]) -> Fault:
    """One case that fails a criterion."""
    listed = ", ".join(failed)
    return Fault(
        "not_eligible",
        f"{number} 不符合条件（{listed}），只能不予资助或退回。",
        f"{number} fails {listed}; it can only be rejected or returned.",
        number,
        {"failed": failed},
    )


def amount_not_set_fault(number: str) -> Fault:
    """One case of which nobody has said what it comes to."""
    return Fault(
        AmountNotSet.code,
        f"{number} 尚未核定金额，不能通过。",
        f"{number} has no amount yet and cannot be approved.",
        number,
    )


def amount_not_set(faults: Sequence[Fault]) -> AmountNotSet:
    """The refusal to approve cases that have no amount."""
    return AmountNotSet(
        f"{len(faults)} 份申请尚未核定金额，逐份列在 errors 中；本次未保存。"
        "请先确定该项目的标准，或退回。",
        f"{len(faults)} case(s) have no amount, each listed in errors; nothing was saved. "
        "Settle the programme's rate first, or return them.",
        faults=faults,
    )


def owing_fault(number: str) -> Fault:
    """One case whose student owes money."""
    return Fault(
        StillOwing.code,
        f"{number} 的学生有应收回资金未结清，也无还款约定，不能通过。",
        f"The student of {number} owes money and has not agreed how to pay it back.",
        number,
    )


def still_owing(faults: Sequence[Fault]) -> StillOwing:
    """The refusal to approve cases of students who owe money."""
    return StillOwing(
        f"{len(faults)} 份申请的学生有应收回资金，逐份列在 errors 中；本次未保存。"
        "请先收回，或登记还款约定。",
        f"The students of {len(faults)} case(s) owe money, each listed in errors; nothing was "
        "saved. Have it paid back, or record how it will be.",
        faults=faults,
    )


def moved_away(faults: Sequence[Fault]) -> CasesMoved:
    """The refusal of a set in which some cases moved."""
    return CasesMoved(
        f"{len(faults)} 份申请的状态已变化，逐份列在 errors 中；本次未保存。"
        "请重新查询，或以 skip_moved=true 跳过。",
        f"{len(faults)} case(s) have moved, each listed in errors; nothing was saved. "
        "Look again, or pass skip_moved=true.",
        faults=faults,
    )


def own_cases(faults: Sequence[Fault]) -> OwnCases:
    """The refusal of a set with the caller's own cases."""
    return OwnCases(
        f"{len(faults)} 份申请由您本人录入或审核过，须由他人审核；本次未保存。",
        f"{len(faults)} case(s) were handed in or decided before by you; somebody else must "
        "decide them. Nothing was saved.",
        faults=faults,
    )


def not_eligible(faults: Sequence[Fault]) -> NotEligible:
    """The refusal to approve cases that fail a criterion."""
    return NotEligible(
        f"{len(faults)} 份申请不符合条件，不能通过；本次未保存。",
        f"{len(faults)} case(s) fail a criterion and cannot be approved; nothing was saved.",
        faults=faults,
    )

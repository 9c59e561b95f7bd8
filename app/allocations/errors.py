"""What is refused about what schools are paid by head count."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from app.core.money import show_yuan


class AllocationNotFound(NotFound):
    """No such allocation within the caller's scope; each id that is not there is listed."""

    code = "allocation.not-found"

    def __init__(self, missing: Sequence[UUID] = ()) -> None:
        super().__init__(
            "没有找到该学校资金单，请核对编号。",
            "There is no such school allocation among those you can see; check its id.",
            faults=[
                Fault("unknown", "没有这份资金单。", "There is no such allocation.", str(each))
                for each in missing
            ],
        )


class SchoolsNotInScope(NotFound):
    """Some of the schools are not among those the caller acts for."""

    code = "allocation.school-unknown"

    def __init__(self, missing: Sequence[UUID]) -> None:
        super().__init__(
            f"其中 {len(missing)} 所学校不在您管理的范围内，逐所列出；未统计任何学校。",
            f"{len(missing)} of the schools are not among those you act for, each listed; nothing "
            "was counted.",
            faults=[
                Fault("unknown", "没有这所学校。", "There is no such school.", str(each))
                for each in missing
            ],
        )


class PaidToStudents(Invalid):
    """The programme is paid to students, who apply for it."""

    code = "programme.paid-to-students"

    def __init__(self, programme: str) -> None:
        super().__init__(
            f"项目 {programme} 发给学生，由学生申请；按人数拨付学校的只有免补类和公用经费类项目。",
            f"Programme {programme} is paid to students, who apply for it; only waivers and "
            "school allocations are paid to schools by head count.",
            facts={"programme": programme},
        )


class DayNotYet(Invalid):
    """Heads are counted on a day that has come."""

    code = "allocation.day-not-yet"

    def __init__(self, day: date, today: date) -> None:
        super().__init__(
            f"统计日 {day} 尚未到来（今天是 {today}）；请选择今天或以前的日期。",
            f"The day of the count, {day}, has not come (today is {today}); choose one up to "
            "today.",
        )


class DayOutsidePeriod(Invalid):
    """Heads are counted on a day of the period."""

    code = "allocation.day-outside"

    def __init__(self, day: date, days: tuple[date, date]) -> None:
        first, last = days
        super().__init__(
            f"统计日 {day} 不在该时段内（{first} 至 {last}）；请选择其中的日期。",
            f"The day of the count, {day}, is not within the period, {first} to {last}; choose one "
            "of its days.",
            facts={"first_day": first.isoformat(), "last_day": last.isoformat()},
        )


class NothingCounted(Conflict):
    """No school of those asked for has anybody to count or to ask about."""

    code = "allocation.nothing"

    def __init__(self, programme: str, day: date) -> None:
        super().__init__(
            f"所选学校在 {day} 没有符合 {programme} 条件的在籍学生；请核对学校、日期和学籍。",
            f"On {day} none of these schools has a student on its roll for {programme}; check "
            "the schools, the day and the enrolments.",
        )


class AllocationsApproved(Conflict):
    """Some schools' allocations are approved and the count differs now; both figures are listed."""

    code = "allocation.approved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"其中 {len(faults)} 所学校的资金单已核定，且与现在的人数不同，逐所列出两组数字；"
            "未作任何更改。要改正，请先撤销该资金单（未拨付前）再统计，或跳过已核定的学校。",
            f"The allocations of {len(faults)} of these schools are approved and differ from the "
            "count now, each listed with both figures; nothing was changed. To correct one, "
            "cancel it before it is paid and count again, or skip the approved ones.",
            faults=faults,
        )


def approved_fault(
    number: str, *, was: tuple[int, int | None], now: tuple[int, int | None]
) -> Fault:
    """One approved allocation that differs: heads and fen approved, heads and fen now."""
    then, today = _yuan(was[1]), _yuan(now[1])
    return Fault(
        "allocation_approved",
        f"已核定 {was[0]} 人 {then or '—'} 元；现在 {now[0]} 人 {today or '—'} 元。",
        f"{was[0]} head(s), {then or 'no amount'} were approved; now {now[0]}, "
        f"{today or 'no amount'}.",
        number,
        {
            "approved": {"head_count": was[0], "amount": then},
            "now": {"head_count": now[0], "amount": today},
        },
    )


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else show_yuan(fen)


class AllocationsMoved(Conflict):
    """Some allocations are not where this act starts from."""

    code = "allocation.moved"

    def __init__(self, moved: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            f"其中 {len(moved)} 份资金单的状态已变化，逐份列出；未作任何更改。",
            f"{len(moved)} of these allocations have moved meanwhile, each listed; nothing was "
            "changed.",
            faults=[
                Fault(
                    "allocation_moved",
                    f"现为 {state}。",
                    f"It is {state} now.",
                    number,
                    {"state": state},
                )
                for number, state in moved
            ],
        )


class OwnAllocations(Forbidden):
    """Who counted does not approve."""

    code = "allocation.same-person"

    def __init__(self, numbers: Sequence[str]) -> None:
        super().__init__(
            f"其中 {len(numbers)} 份资金单由您本人统计，须由另一人核定。",
            f"You counted {len(numbers)} of these allocations yourself; another person approves "
            "them.",
            faults=[
                Fault("four_eyes", "由您本人统计。", "You counted this one.", number)
                for number in numbers
            ],
        )


class FiguresChanged(Conflict):
    """The filter takes in other figures than those previewed."""

    code = "allocation.set-changed"

    def __init__(self, was: tuple[int, int], now: tuple[int, int]) -> None:
        then, today = show_yuan(was[1]), show_yuan(now[1])
        super().__init__(
            f"符合条件的资金单已变化：预览时 {was[0]} 份 {then} 元，现在 {now[0]} 份 {today} 元；"
            "请重新预览。",
            f"The filter took in {was[0]} allocation(s) of {then} yuan and now takes in {now[0]} "
            f"of {today}; preview it again.",
            facts={
                "expected": {"count": was[0], "amount": then},
                "found": {"count": now[0], "amount": today},
            },
        )


class NothingToApprove(Conflict):
    """The filter takes in nothing."""

    code = "allocation.nothing-to-approve"

    def __init__(self) -> None:
        super().__init__(
            "没有待核定的资金单；请核对筛选条件。",
            "There is no allocation to approve; check the filter.",
        )


class AllocationsMixed(Invalid):
    """One act approves one programme and period."""

    code = "allocation.mixed"

    def __init__(self, listed: Sequence[str]) -> None:
        said = ", ".join(listed)
        super().__init__(
            f"一次只能核定同一项目同一学期的资金单；这里有：{said}。",
            f"One act approves one programme and period; these are {said}.",
        )

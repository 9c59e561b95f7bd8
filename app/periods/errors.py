"""Why a day stays open."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from app.core.errors import Conflict, Fault, NotFound


class DayDoesNotAgree(Conflict):
    """Books and records do not agree, so the day stays open; every difference is listed."""

    code = "period.does-not-agree"

    def __init__(self, day: str, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"{day} 有 {len(faults)} 处账实不符，逐处列在 errors 中；未结账。请查明后再结。",
            f"{day} has {len(faults)} difference(s), each listed in errors; it was not closed. "
            "Find out why, then close it.",
            faults=faults,
        )


class DayUnknown(NotFound):
    """The day is not closed."""

    code = "period.day-unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有该日或尚未结账；请核对日期，如 2008-06-02。",
            "There is no such day, or it is not closed; check the date, such as 2008-06-02.",
        )


class PeriodUnknown(NotFound):
    """The text names no month."""

    code = "period.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有这个月份；请写作 2008-06。", "There is no such month; write it as 2008-06."
        )


class PeriodClosed(Conflict):
    """The month or year is closed already."""

    code = "period.closed"

    def __init__(self, period: str) -> None:
        super().__init__(f"{period} 已结账，不再重结。", f"{period} is closed and stays so.")


class PeriodNotYet(Conflict):
    """The month or year is not over, or a day of it is open."""

    code = "period.not-yet"

    def __init__(self, period: str, open_day: date | None) -> None:
        super().__init__(
            f"{open_day} 有收付尚未日结，请先日结，再结 {period}。"
            if open_day
            else f"{period} 尚未结束，不能结账。",
            f"{open_day} has transfers and is open; close it before {period}."
            if open_day
            else f"{period} is not over and cannot be closed.",
        )


class MonthDoesNotAgree(Conflict):
    """The bank has not what the books have; every difference is listed."""

    code = "period.month-does-not-agree"

    def __init__(self, month: str, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"{month} 有 {len(faults)} 处与银行不符，逐处列在 errors 中；未月结。请查明后再结。",
            f"{month} has {len(faults)} difference(s) with the bank, each listed in errors; it was "
            "not closed. Find out why, then close it.",
            faults=faults,
        )


class YearEndsWait(Conflict):
    """For lines of the year a rule is proposed that nobody has answered; each is listed."""

    code = "period.year-ends-wait"

    def __init__(self, year: int, waiting: Sequence[tuple[str, UUID, str]]) -> None:
        super().__init__(
            f"有 {len(waiting)} 条指标明细的结转规则待复核，逐条列在 errors 中；{year} 未年结。"
            "请由另一人复核或退回后再结。",
            f"What becomes of {len(waiting)} fund line(s) waits for an answer, each listed in "
            f"errors; {year} was not closed. Have another person confirm or refuse it, then close.",
            faults=[
                Fault(
                    "year_end.waits",
                    f"{line} 的结转规则（{rule}）待复核，请复核或退回 {proposal}。",
                    f"{rule} is proposed for {line}; confirm or refuse {proposal}.",
                    where=line,
                    more={"proposal": str(proposal), "rule": rule},
                )
                for line, proposal, rule in waiting
            ],
        )

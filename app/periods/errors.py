"""Why a day stays open."""

from collections.abc import Sequence

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

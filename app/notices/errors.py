"""What notices refuse."""

from datetime import date

from app.core.errors import Conflict, NotFound


class NoticeUnknown(NotFound):
    """No such notice, or it is no longer shown: the public cannot tell the two apart."""

    code = "notice.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有这份公示，或公示已经结束。", "There is no such notice, or it is no longer shown."
        )


class NoticeOver(Conflict):
    """The notice is no longer open; its last day is in facts."""

    code = "notice.over"

    def __init__(self, number: str, shown_to: date) -> None:
        super().__init__(
            f"公示 {number} 已于 {shown_to} 结束，不再受理异议。",
            f"Notice {number} closed on {shown_to}; objections are no longer taken.",
            facts={"shown_to": shown_to.isoformat()},
        )


class NoticeOpen(Conflict):
    """The notice is still open; its last day is in facts."""

    code = "notice.open"

    def __init__(self, number: str, shown_to: date) -> None:
        super().__init__(
            f"公示 {number} 到 {shown_to} 为止，期满后再确认。",
            f"Notice {number} is shown until {shown_to}; confirm after that day.",
            facts={"shown_to": shown_to.isoformat()},
        )


class NothingToShow(Conflict):
    """A notice needs at least one line."""

    code = "notice.empty"

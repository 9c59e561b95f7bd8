"""What intake refuses."""

from app.core.errors import Conflict, Fault, Invalid, NotFound


class RoundUnknown(NotFound):
    """No round of that programme and period, or none of that id."""

    code = "round.unknown"


class RoundExists(Conflict):
    """The programme has a round for the period already."""

    code = "round.exists"


class NobodyApplies(Invalid):
    """The programme is paid to schools by head count; there is nothing to apply for."""

    code = "programme.paid-to-schools"

    def __init__(self, programme: str) -> None:
        super().__init__(
            f"项目 {programme} 按在籍人数拨付学校，无需学生申请；请用“学校资金”统计人数。",
            f"Programme {programme} is paid to schools by head count, so nobody applies for it; "
            "count heads under school-allocations instead.",
            facts={"programme": programme},
        )


class RoundDatesWrong(Invalid):
    """A round closes on or after the day it opens."""

    code = "round.dates-wrong"


class RoundClosed(Conflict):
    """The round is over for at least one of the schools; the date is in `facts`."""

    code = "round.closed"


class RoundNotOpenYet(Conflict):
    """The round has not begun; the date is in `facts`."""

    code = "round.not-open-yet"


class SchoolUnknown(NotFound):
    """No such school within the caller's scope."""

    code = "school.unknown"


class CaseUnknown(NotFound):
    """No such application within the caller's scope."""

    code = "application.unknown"

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(
            "没有找到这份申请；请核对编号，或确认它属于您管理的学校。",
            "There is no such application among those you can see; check the number.",
            faults=faults,
        )


class CaseWrong(Invalid):
    """The form of one case is wrong; every fault is listed by its field."""

    code = "application.fields-wrong"


class CaseRefused(Conflict):
    """One case cannot be taken in as things stand; `kinds` in its facts says why."""

    code = "application.refused"


class AlreadyApplied(Conflict):
    """The student has a live application for the programme and period, with other facts."""

    code = "application.already-applied"


class CasesMoved(Conflict):
    """Some of the cases are no longer where the caller believes; each is listed."""

    code = "application.moved"

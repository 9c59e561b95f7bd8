"""What the reports refuse."""

from app.core.errors import Conflict, Invalid, NotFound


class TrailNotFound(NotFound):
    """Nothing of that id or number, or nothing within the caller's scope."""

    code = "trail.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有这个编号的记录，或不在您的管辖范围内；请核对编号。",
            "Nothing has this id or number within your scope; check the number.",
        )


class ExportTooLong(Invalid):
    """More rows than one worksheet holds."""

    code = "export.too-long"

    def __init__(self, rows: int, most: int) -> None:
        super().__init__(
            f"共 {rows} 行，一张工作表最多 {most} 行；请改用 format=csv 或缩小筛选范围。",
            f"There are {rows} rows and a worksheet holds {most}; ask for format=csv or filter.",
            facts={"rows": rows, "most": most},
        )


class RunNotReleased(Conflict):
    """What a run pays is known once it is released."""

    code = "payment-request.not-released"

    def __init__(self, run: str) -> None:
        super().__init__(
            f"发放批次 {run} 尚未送出，没有可申请支付的金额；请复核送出后再打印。",
            f"Run {run} has not been released, so there is nothing to request; release it first.",
        )


class NothingToRequest(Conflict):
    """The whole run is paid out of dedicated accounts."""

    code = "payment-request.nothing"

    def __init__(self, run: str) -> None:
        super().__init__(
            f"发放批次 {run} 的资金均在专户，无需向国库申请；请按银行代发文件办理。",
            f"The money of run {run} is on dedicated accounts; nothing is asked of the treasury. "
            "Hand its files to the bank.",
        )


class RosterEmpty(NotFound):
    """Nobody of that school is in that run, or nobody whom the caller may see."""

    code = "roster.empty"

    def __init__(self) -> None:
        super().__init__(
            "该发放批次没有这所学校的发放；请核对批次和学校。",
            "Nobody of this school is in this run; check the run and the school.",
        )


class StatisticsPlaceNotFound(NotFound):
    """No such county or school, or none within the caller's scope."""

    code = "statistics.place-not-found"

    def __init__(self, place: str) -> None:
        super().__init__(
            "没有这个县（市、区）或学校，或不在您的管辖范围内；请核对代码。",
            "There is no such county or school within your scope; check the code.",
            facts={"place": place},
        )


class StatisticsYearUnclear(Invalid):
    """A form is of a calendar year or of a school year."""

    code = "statistics.year-unclear"

    def __init__(self) -> None:
        super().__init__(
            "请给出 year（自然年度，如 2008）或 school_year（学年，如 2007-2008）中的一个。",
            "Give one of year (a calendar year such as 2008) and school_year (such as 2007-2008).",
        )


class PeriodTurned(Invalid):
    """The period ends before it begins."""

    code = "report.period-turned"

    def __init__(self) -> None:
        super().__init__(
            "起始日晚于截止日；请更正 from_on 与 to_on。",
            "The period ends before it begins; correct from_on and to_on.",
        )

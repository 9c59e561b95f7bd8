"""What roll-forward refuses."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, Invalid


class FromPeriodWrong(Invalid):
    """Only an earlier period is carried into a round."""

    code = "roll-forward.period-wrong"

    def __init__(self, from_period: str, period: str) -> None:
        super().__init__(
            f"{from_period} 不早于本轮次的 {period}；请写上一期的学期或学年。",
            f"{from_period} is not before the round's {period}; write the period before it.",
        )


class NotRolledForward(Conflict):
    """There is no working list of the round for the school yet."""

    code = "roll-forward.none"

    def __init__(self) -> None:
        super().__init__(
            "本校本轮次还没有结转名单；请先结转（POST …/roll-forward）。",
            "The school has no list of this round yet; roll forward first (POST …/roll-forward).",
        )


class LinesWrong(Conflict):
    """Some of the lines cannot be applied for as asked; each is listed with what it needs."""

    code = "roll-forward.lines-wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 行不能这样提交，逐行列出；未提交任何申请。",
            f"{len(faults)} line(s) cannot be handed in so, each listed; nothing was handed in.",
            faults=faults,
        )

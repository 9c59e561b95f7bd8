"""What the places of a school refuse."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, NotFound
from app.core.money import show_yuan


class PlaceUnknown(NotFound):
    """No such entry of a waiting list within the caller's scope."""

    code = "place.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该候补记录；请核对编号。",
            "There is no such entry of a waiting list; check its id.",
        )


class PlaceSettled(Conflict):
    """The place was taken or passed on already; the state is in facts."""

    code = "place.settled"


class AverageWrong(Conflict):
    """The tiers of the cases do not have the average that the programme requires."""

    code = "batch.average-wrong"

    def __init__(self, count: int, amount_fen: int, needed_fen: int) -> None:
        amount, needed = show_yuan(amount_fen), show_yuan(needed_fen)
        super().__init__(
            f"{count} 份申请合计 {amount} 元，按要求的平均标准应为 {needed} 元；"
            "请先用分档方案（allocations/propose）重新分档并套用，再审签或上报。",
            f"{count} case(s) come to {amount} yuan; by the average that is required it must be "
            f"{needed}. Propose tiers (allocations/propose), take them, then endorse or report.",
            facts={"count": count, "amount": amount, "amount_needed": needed},
        )


class PlacesExceeded(Conflict):
    """More cases of some school would be approved than it has places or money; each is listed."""

    code = "decision.over-places"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"{len(faults)} 所学校的通过数将超过名额或额度，逐校列在 errors 中；本次未保存。"
            "请减少份数，或由市中心增加名额。",
            f"{len(faults)} school(s) would have more approved than they have places or money "
            "for, each listed in errors; nothing was saved. Approve fewer, or have the city "
            "centre give more.",
            faults=faults,
        )


class TiersUnfit(Conflict):
    """Tiers cannot be worked out here; what is in the way is in the words and `errors`."""

    code = "allocation.tiers-unfit"


class BatchClosed(Conflict):
    """The school's batch is endorsed or handed up; tiers are taken while it is being filled."""

    code = "allocation.batch-closed"

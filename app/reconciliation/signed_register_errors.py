"""Why a signed register is not taken in, or not confirmed."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound

STATES = {
    "uploaded": ("待复核", "waits for its confirmation"),
    "confirmed": ("已复核", "was confirmed"),
    "sent_back": ("已退回", "was sent back"),
}


class SignedRegisterNotFound(NotFound):
    """No such signed register, or none within the caller's scope."""

    code = "signed-register.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该签领册回执，请核对编号。", "There is no such signed register; check its id."
        )


class UnsignedUnfit(Invalid):
    """The list of who did not sign names what the register does not have, or a payout twice."""

    code = "signed-register.unsigned-unfit"

    def __init__(self, number: str, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"未签领名单有 {len(faults)} 处与签领册 {number} 不符，未接收；请逐项更正后再传。",
            f"{len(faults)} entries of who did not sign do not fit register {number}, so nothing "
            "was taken; correct each and upload again.",
            faults=faults,
        )


class SignedRegisterThere(Conflict):
    """Another upload of the register stands: other bytes, or another list of who did not sign."""

    code = "signed-register.there"

    def __init__(self, number: str, state: str) -> None:
        zh, en = STATES[state]
        next_zh = "如需更换，请财务复核先退回" if state == "uploaded" else "不再接收"
        next_en = (
            "to replace it, have the finance checker send it back first"
            if state == "uploaded"
            else "no other is taken"
        )
        super().__init__(
            f"签领册 {number} 已有回执（{zh}），扫描件或未签领名单与本次不同；{next_zh}。",
            f"Register {number} has come back before with another scan or list, and {en}; "
            f"{next_en}.",
            facts={"number": number, "state": state},
        )


class SignedRegisterSettled(Conflict):
    """It was confirmed or sent back before."""

    code = "signed-register.settled"

    def __init__(self, state: str) -> None:
        zh, en = STATES[state]
        super().__init__(
            f"该签领册回执{zh}，不能再处理；本次未改动任何内容。",
            f"This signed register {en} and takes no further act; nothing was changed.",
            facts={"state": state},
        )


class SignedBySame(Forbidden):
    """Who uploaded a signed register does not confirm it."""

    code = "signed-register.same-person"

    def __init__(self) -> None:
        super().__init__(
            "该签领册回执由您上传，须由另一人复核。",
            "You uploaded this signed register; another person must confirm it.",
        )

"""What is refused about recoverable money."""

from collections.abc import Sequence
from uuid import UUID

from app.core.errors import Conflict, Fault, NotFound


class RecoverableAlready(Conflict):
    """Some of these instalments are marked as owed back already."""

    code = "recovery.already-there"

    def __init__(self, instalments: Sequence[UUID]) -> None:
        super().__init__(
            f"其中 {len(instalments)} 期已列为应收回资金，未作任何更改。",
            f"{len(instalments)} of these instalments are recoverable already; nothing was "
            "changed.",
            faults=[
                Fault(
                    self.code,
                    f"发放期次 {each} 已列为应收回资金。",
                    f"Instalment {each} is recoverable already.",
                    where=str(each),
                )
                for each in instalments
            ],
        )


class RecoverableNotFound(NotFound):
    """No such debt within the caller's scope."""

    code = "recovery.not-found"

    def __init__(self) -> None:
        super().__init__("没有该应收回资金；请核对编号。", "There is no such debt; check its id.")


class RecoveriesMoved(Conflict):
    """Some of these debts are not open, or less is left of them than was asked."""

    code = "recovery.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"{len(faults)} 笔应收回资金不能这样处理，逐笔列在 errors 中；未作任何更改。"
            "请按现有余额重新提交。",
            f"{len(faults)} debt(s) cannot be settled so, each listed in errors; nothing was "
            "changed. Send the act again with what is left of them.",
            faults=faults,
        )


class WriteOffsMoved(Conflict):
    """Some of these were answered already, or the caller asked for them."""

    code = "write-off.moved"

    def __init__(self, askings: Sequence[UUID]) -> None:
        super().__init__(
            f"{len(askings)} 项核销申请已处理、由你本人提出，或不是同一人提出；未作任何更改。"
            "请由另一人按提出人分批处理。",
            f"{len(askings)} write-off(s) are answered, were asked for by yourself, or by more "
            "than one person; nothing was changed. Another person answers them, asker by asker.",
            faults=[
                Fault(self.code, "不能处理", "cannot be answered so", str(one)) for one in askings
            ],
        )


class NothingOwed(NotFound):
    """The student owes nothing that the caller may see."""

    code = "recovery.nothing-owed"

    def __init__(self) -> None:
        super().__init__(
            "该学生没有应收回资金，无需约定；请核对学生。",
            "The student owes nothing, so there is nothing to agree; check the student.",
        )


class AgreementThere(Conflict):
    """An agreement with the student stands already."""

    code = "recovery.agreement-there"

    def __init__(self) -> None:
        super().__init__(
            "与该学生的还款约定仍然有效；如需更改，请先终止。",
            "An agreement with this student stands; end it first to make another.",
        )


class AgreementNotFound(NotFound):
    """No such agreement stands within the caller's scope."""

    code = "recovery.agreement-not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该有效的还款约定；请核对编号。", "No such agreement stands; check its id."
        )


class NotPaid(Conflict):
    """Some of these instalments are not paid, or not the caller's to see."""

    code = "recovery.not-paid"

    def __init__(self, instalments: Sequence[UUID]) -> None:
        super().__init__(
            f"{len(instalments)} 期未发放或不属于你，不能列为应收回资金；未作任何更改。"
            "未发放的请撤销或暂缓。",
            f"{len(instalments)} instalment(s) are not paid or not yours, so nothing can be owed "
            "back of them; nothing was changed. What is not paid yet is cancelled or held.",
            faults=[Fault(self.code, "未发放", "is not paid", str(one)) for one in instalments],
        )

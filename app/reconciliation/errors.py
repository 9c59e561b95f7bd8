"""Why the bank's word is not taken in, or the worklist not changed."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, Invalid, NotFound


class ReturnFileNotFound(NotFound):
    """No such return file, or none within the caller's scope."""

    code = "return-file.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该回盘文件，请核对编号。", "There is no such return file; check its id."
        )


class WorkMoved(Conflict):
    """Some work items are not open, or not within the caller's scope; nothing was changed."""

    code = "worklist.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 项不是待处理状态，整批未处理，逐项列在 errors 中。",
            f"{len(faults)} item(s) are not open, each listed in errors; nothing was changed.",
            faults=faults,
        )


class StatementNotFound(NotFound):
    """No such statement, or none within the caller's scope."""

    code = "statement.not-found"

    def __init__(self) -> None:
        super().__init__("没有该对账单，请核对编号。", "There is no such statement; check its id.")


class StatementOfAnother(Invalid):
    """The statement is of another account than it is handed in for."""

    code = "statement.of-another"

    def __init__(self) -> None:
        super().__init__(
            "对账单的账号不是所选付款账户，整份未接收。请选对账户后再传。",
            "The statement is of another account, so nothing was taken. Choose its account.",
        )

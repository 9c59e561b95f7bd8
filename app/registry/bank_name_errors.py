"""Why a bank's name of an account is not taken."""

from collections.abc import Sequence
from uuid import UUID

from app.core.errors import Conflict, Fault, Forbidden, NotFound
from app.registry.errors import missing_faults


class BankNamesNotFound(NotFound):
    """Some proposed names are not within the caller's sight."""

    code = "bank_name.not-found"

    def __init__(self, missing: Sequence[UUID]) -> None:
        super().__init__(
            "有户名没有找到，请核对编号；未处理任何一项。",
            "Some proposed names cannot be found; check the identifiers. None was touched.",
            faults=missing_faults(missing),
        )


class BankNamesMoved(Conflict):
    """Some proposed names do not wait any more; each is listed."""

    code = "bank_name.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 个户名已不是待核实状态，逐项列出；未处理任何一项。请重新查看。",
            f"{len(faults)} proposed name(s) no longer wait, each listed; none was touched. "
            "Look again.",
            faults=faults,
        )


class OwnBankNames(Forbidden):
    """Nobody confirms a name they proposed."""

    code = "bank_name.own"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 个户名由您本人提出，须由另一人核实。",
            f"{len(faults)} name(s) were proposed by yourself; another person confirms them.",
            faults=faults,
        )

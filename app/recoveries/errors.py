"""What is refused about recoverable money."""

from collections.abc import Sequence
from uuid import UUID

from app.core.errors import Conflict, Fault


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

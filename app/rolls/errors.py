"""What is refused about rolls."""

from app.core.errors import NotFound
from app.sheets import taking


class RollUnknown(NotFound):
    """No such roll, or none within the caller's scope."""

    code = "rolls.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有找到这份花名册；请核对编号，或确认它属于您管理的范围。",
            "There is no such roll among those you can see; check the number.",
        )


class RowsWrong(taking.RowsWrong):
    """Some rows are wrong and the uploader wanted all or nothing."""

    code = "rolls.rows-wrong"
    where = ("请按列出的行号", "correct the rows that are listed")


class TooManyQueued(taking.TooManyQueued):
    """The person has as many rolls waiting or running as one person may."""

    code = "rolls.too-many-queued"
    files = ("份花名册", "rolls")

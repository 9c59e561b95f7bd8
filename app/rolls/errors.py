"""What is refused about rolls."""

from app.core.errors import Conflict, Invalid, NotFound


class RollUnknown(NotFound):
    """No such roll, or none within the caller's scope."""

    code = "rolls.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有找到这份花名册；请核对编号，或确认它属于您管理的范围。",
            "There is no such roll among those you can see; check the number.",
        )


class RowsWrong(Invalid):
    """Some rows are wrong and the uploader wanted all or nothing."""

    code = "rolls.rows-wrong"

    def __init__(self, bad: int) -> None:
        super().__init__(
            f"有 {bad} 行有错误，按要求未保存任何一行；请按列出的行号更正后再上传，"
            "或选择只接收无误的行。",
            f"{bad} rows are wrong and none was stored, as asked; correct the rows that are "
            "listed and upload the roll again, or ask for the good rows to be taken.",
            facts={"rows_wrong": bad},
        )


class TooManyQueued(Conflict):
    """The person has as many rolls waiting or running as one person may."""

    code = "rolls.too-many-queued"

    def __init__(self, waiting: int, most: int) -> None:
        super().__init__(
            f"您已有 {waiting} 份花名册在处理，上限为 {most} 份；请等其中一份完成后再上传。",
            f"You have {waiting} rolls under way and may have {most}; upload again when one of "
            "them is done.",
            facts={"under_way": waiting, "most": most},
        )

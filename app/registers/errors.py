"""What is refused about other departments' lists."""

from uuid import UUID

from app.core.errors import Conflict, Invalid, NotFound
from app.sheets import taking


class RegisterUnknown(NotFound):
    """No such list, or none within the caller's scope."""

    code = "registers.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有找到这份名册；请核对编号，或确认它属于您管理的范围。",
            "There is no such list among those you can see; check the number.",
        )


class RegisterNotYours(NotFound):
    """A county sees the city's list and does not match it: to match, there is none of its own."""

    code = "registers.not-yours"

    def __init__(self) -> None:
        super().__init__(
            "这份名册由市级资助中心上传，您可以查看，不能重新比对；请联系市级资助中心办理，"
            "或上传本县的名册。",
            "The city centre handed this list in: you can read it and not match it again; ask the "
            "city centre to, or hand in a list of your own county.",
        )


class RegisterTwice(Conflict):
    """The same bytes were handed in as the same kind before; `register` is the first one's id."""

    code = "registers.twice"

    def __init__(self, first: UUID) -> None:
        super().__init__(
            f"这份文件已作为同类名册上传过（编号 {first}），未再次保存；请直接使用那一份。",
            f"This file was handed in before as a list of the same kind ({first}) and was not kept "
            "again; use that one.",
            facts={"register": str(first)},
        )


class DutyNotNamed(Invalid):
    """A list held against everybody without saying which law or document orders it."""

    code = "registers.duty-not-named"

    def __init__(self) -> None:
        super().__init__(
            "依职责比对的名册须写明所依据的法律或文件（例如 教财〔2018〕16号）；"
            "没有依据的，请选择只比对已签署授权书的家庭。",
            "A list compared as a duty names the law or document that orders it; where there is "
            "none, choose to compare it with families who have signed an authorisation alone.",
        )


class AsOfAhead(Invalid):
    """The list claims to be of a day that has not come."""

    code = "registers.as-of-ahead"

    def __init__(self, as_of: str, today: str) -> None:
        super().__init__(
            f"名册的截止日期 {as_of} 晚于今天 {today}；请填写名册实际的截止日期。",
            f"The list's day, {as_of}, is after today, {today}; give the day it was drawn up.",
        )


class RowsWrong(taking.RowsWrong):
    """Some rows are wrong and the uploader wanted all or nothing."""

    code = "registers.rows-wrong"
    where = ("请按列出的行号", "correct the rows that are listed")


class TooManyQueued(taking.TooManyQueued):
    """The person has as many lists waiting or running as one person may."""

    code = "registers.too-many-queued"
    files = ("份名册", "lists")


class NotDone(Conflict):
    """The list has not been taken in: there is nothing to match or to show."""

    code = "registers.not-done"

    def __init__(self, state: str) -> None:
        super().__init__(
            "这份名册尚未处理完成，或未能读取，没有可比对的内容；请先查看它的状态。",
            "The list is not taken in yet, or could not be: there is nothing to compare. Look at "
            "its state first.",
            facts={"state": state},
        )

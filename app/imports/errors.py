"""What is refused about uploaded sheets."""

from app.core.errors import Conflict, Invalid, NotFound
from app.sheets import taking


class ImportUnknown(NotFound):
    """No such import, or none within the caller's scope."""

    code = "imports.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有找到这次导入；请核对编号，或确认它属于您管理的范围。",
            "There is no such import among those you can see; check the number.",
        )


class TitleContradicts(Invalid):
    """The sheet's own title names another programme or term than the one asked for."""

    code = "imports.title-contradicts"


class TooManyQueued(taking.TooManyQueued):
    """The person has as many imports waiting or running as one person may."""

    code = "imports.too-many-queued"
    files = ("个导入", "imports")


class RowsWrong(taking.RowsWrong):
    """Some rows are wrong and the uploader wanted all or nothing."""

    code = "imports.rows-wrong"
    where = ("请下载结果表逐行", "download the sheet, correct them")


class SheetNotReady(Conflict):
    """The import is not done, or its file could not be read: there is nothing to give back."""

    code = "imports.sheet-not-ready"

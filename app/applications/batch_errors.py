"""What reporting refuses."""

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound


class BatchUnknown(NotFound):
    """No such reporting batch within the caller's scope."""

    code = "batch.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该上报批次；请核对编号。", "There is no such reporting batch; check its id."
        )


class BatchExists(Conflict):
    """The school has a batch in the round already."""

    code = "batch.exists"


class BatchFactsWrong(Invalid):
    """What was filled in cannot be; every part is listed."""

    code = "batch.facts-wrong"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(
            f"上报材料有 {len(faults)} 处不符合要求，逐项列在 errors 中；未保存。",
            f"{len(faults)} part(s) of the batch cannot be, each listed in errors; nothing saved.",
            faults=faults,
        )


class NoticeTooShort(Invalid):
    """The school's notice had fewer working days than the programme asks; both are in facts."""

    code = "batch.notice-too-short"


class NoticeStillOpen(Conflict):
    """The school's notice is not over yet; its last day is in facts."""

    code = "batch.notice-still-open"


class HeadIsFiller(Forbidden):
    """Four eyes: who filled the batch in does not endorse it."""

    code = "batch.four-eyes"


class BatchMoved(Conflict):
    """The batch is not in the state this needs; the state is in facts."""

    code = "batch.moved"


class BatchEmpty(Conflict):
    """The school has no case to hand up."""

    code = "batch.empty"


class NotZero(Conflict):
    """A zero report says that there are no cases, but there are."""

    code = "batch.not-zero"


class SchoolNotNamed(Invalid):
    """An office must say for which school it acts."""

    code = "batch.school-not-named"

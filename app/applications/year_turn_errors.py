"""What the turn of the school year refuses."""

from collections.abc import Sequence

from app.core.errors import Conflict


class RollOverApplied(Conflict):
    """Somebody has applied for the new school year on the strength of the turn."""

    code = "roll-over.applied"

    def __init__(self, count: int, numbers: Sequence[str]) -> None:
        some_zh = f"（{'、'.join(numbers)}）" if numbers else ""
        some_en = f" ({', '.join(numbers)})" if numbers else ""
        super().__init__(
            f"升级后的学生在新学年已有 {count} 份申请{some_zh}，不能再撤销；"
            "个别学生的年级请逐人更正。",
            f"Its students have {count} application(s) for the new school year{some_en}, so it "
            "is not undone any more; correct single students' grades instead.",
            facts={"count": count, "numbers": list(numbers)},
        )

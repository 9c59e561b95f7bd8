"""What the turn of the school year refuses."""

from collections.abc import Mapping, Sequence

from app.core.errors import Conflict, Fault

_STANDING = {
    "allocated": (
        "其中 {n} 名学生已计入新学年的学校资金单；请先撤销有关资金单。",
        "{n} of its students are counted in the new year's school allocations; cancel those first.",
    ),
    "recognised": (
        "其中 {n} 名学生在新学年已有困难认定或认定申请表。",
        "{n} of its students have a recognition, or a form for one, in the new year.",
    ),
    "confirmed": (
        "学校已作新学年的在校核实 {n} 次。",
        "Schools have confirmed who is there in the new year {n} time(s).",
    ),
}


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


class RollOverStoodOn(Conflict):
    """Other records of the new school year stand on the turn; each kind is said."""

    code = "roll-over.stood-on"

    def __init__(self, to_year: str, stands: Mapping[str, int]) -> None:
        super().__init__(
            f"{to_year} 学年已有以这次升级为依据的记录，逐项列出，不能再撤销；"
            "个别学生的年级请逐人更正。",
            f"Records of {to_year} stand on this turn, each kind listed, so it is not undone any "
            "more; correct single students' grades instead.",
            faults=[
                Fault(kind, zh.format(n=stands[kind]), en.format(n=stands[kind]))
                for kind, (zh, en) in _STANDING.items()
                if stands[kind]
            ],
            facts=dict(stands),
        )

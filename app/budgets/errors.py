"""What the budget refuses."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from app.core.money import show_yuan


class AppropriationInvalid(Invalid):
    """Lines of the document cannot stand; every one is listed."""

    code = "budget.appropriation-invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"指标文件有 {len(faults)} 处不符，逐条列在 errors 中；未登记任何内容。",
            f"The appropriation document has {len(faults)} fault(s), each listed in errors; "
            "nothing was recorded.",
            faults=faults,
        )


class AppropriationRecorded(Conflict):
    """The document has been recorded for a fund line already."""

    code = "budget.appropriation-recorded"

    def __init__(self, number: str, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"指标文件 {number} 已登记过其中 {len(faults)} 条指标明细；调整请用新的文号。",
            f"Document {number} is recorded already for {len(faults)} of these fund lines; "
            "to change them, record a new document with its own number.",
            faults=faults,
        )


class RecallBelowCommitted(Conflict):
    """The recall asks for money that is promised already."""

    code = "budget.recall-below-committed"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"{len(faults)} 条指标明细的可用指标少于拟收回数，已核定的资金不能收回；"
            "请按 errors 中的可用数收回，或先撤销相应资助。",
            f"{len(faults)} fund line(s) have less available than is recalled, and what is "
            "committed cannot be; recall no more than is available, or cancel awards first.",
            faults=faults,
        )


class AllocationInfeasible(Invalid):
    """No allocation keeps every bound; `bound` in facts says which fails, with the figures."""

    code = "allocation.infeasible"


class ProposalUnknown(NotFound):
    """No such allocation proposal of that programme within the caller's scope."""

    code = "allocation.unknown"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该分配方案；请核对编号，或重新提出。",
            "There is no such allocation proposal; check its id, or propose anew.",
        )


class ProposalOfOtherKind(Invalid):
    """The proposal is of tiers where places are set, or the other way round."""

    code = "allocation.other-kind"


class PlacesAreTheOffices(Forbidden):
    """Places over schools are proposed by the centres."""

    code = "allocation.offices-only"


class QuotaChanged(Conflict):
    """Other quotas stand now than those the officer was shown; both figures are in facts."""

    code = "quota.changed"


class QuotaInvalid(Invalid):
    """Lines of the quota cannot stand; every one is listed."""

    code = "quota.invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"名额表有 {len(faults)} 行不符，逐行列在 errors 中；未保存任何内容。",
            f"{len(faults)} line(s) of the quotas cannot stand, each listed in errors; nothing "
            "was saved.",
            faults=faults,
        )


class QuotaBelowUsed(Conflict):
    """A school has used more places than it would be given."""

    code = "quota.below-used"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"{len(faults)} 所学校已用名额多于拟给名额，逐校列在 errors 中；未保存任何内容。"
            "请不低于已用数，或先退回相应申请。",
            f"{len(faults)} school(s) have used more than they would be given, each listed in "
            "errors; nothing was saved. Give no less than is used, or reject cases first.",
            faults=faults,
        )


def recall_fault(line: tuple[str, str], code: str, figures: tuple[int, int, int]) -> Fault:
    """One line of a recall that asks too much; figures: available, asked, committed, in fen."""
    available, asked, committed = (show_yuan(fen) for fen in figures)
    return Fault(
        "recall-below-committed",
        f"指标明细 {line[0]} 可用 {available} 元，拟收回 {asked} 元，已核定未付 {committed} 元。",
        f"Fund line {line[1]} has {available} yuan available, {asked} are recalled, "
        f"{committed} are committed.",
        where=code,
        more={
            "fund_line": code,
            "available": available,
            "asked": asked,
            "committed": committed,
        },
    )

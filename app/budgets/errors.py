"""What the budget refuses."""

from collections.abc import Sequence
from uuid import UUID

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from app.core.money import show_yuan
from app.ledger.errors import ACCOUNT_WORDS, Overdrawn
from app.registry.errors import missing_faults


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


class HolderUnknown(NotFound):
    """No city or county centre of that code is the caller's."""

    code = "budget.holder-unknown"

    def __init__(self, holder: str) -> None:
        super().__init__(
            f"没有代码为 {holder} 的市级或县级资助中心，或不属于你；请核对代码。",
            f"No city or county centre of yours has the code {holder}; check the code.",
        )


class ModeTooLate(Conflict):
    """Fund lines of that fiscal year are open, or a later year was told before."""

    code = "budget.mode-too-late"

    def __init__(self, holder: str, year: int, line: str | None) -> None:
        why = (
            (f"已开立指标明细 {line}", f"fund line {line} is open")
            if line
            else ("该年度或以后年度已设定过", "that year or a later one has been set")
        )
        super().__init__(
            f"{holder} 自 {year} 年起的支付方式不能再改：{why[0]}。请从尚未开立指标的年度起设定。",
            f"How {holder} pays from {year} on can no longer be set: {why[1]}. "
            "Set it from a year on of which no fund line is open.",
        )


class CashInvalid(Invalid):
    """Lines of the voucher cannot stand; every one is listed."""

    code = "budget.cash-invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"凭证有 {len(faults)} 处不符，逐条列在 errors 中；未登记任何内容。",
            f"The voucher has {len(faults)} fault(s), each listed in errors; nothing was recorded.",
            faults=faults,
        )


class CashRecorded(Conflict):
    """The voucher has been recorded for a fund line already."""

    code = "budget.cash-recorded"

    def __init__(self, number: str, lines: Sequence[str]) -> None:
        super().__init__(
            f"凭证 {number} 已登记过 {len(lines)} 条指标明细，未重复登记；请核对凭证号。",
            f"Voucher {number} is recorded already for {len(lines)} of these fund lines and was "
            "not recorded again; check its number.",
            faults=[
                Fault(
                    "line-recorded",
                    f"凭证 {number} 已登记指标明细 {line}。",
                    f"Voucher {number} is recorded for fund line {line}.",
                    where=line,
                )
                for line in lines
            ],
        )


class CashShort(Conflict):
    """Fund lines have less cash on the dedicated account than is to leave it."""

    code = "budget.cash-short"

    @classmethod
    def of(cls, overdrawn: Overdrawn) -> "CashShort":
        """The refusal of the books in the office's words."""
        zh, en = ACCOUNT_WORDS[overdrawn.account]
        return cls(
            f"{len(overdrawn.shorts)} 条指标明细的{zh}不足，逐条列在 errors 中；未移动任何资金。"
            "请先登记到账凭证，或减少本次支付。",
            f"{len(overdrawn.shorts)} fund line(s) hold too little {en}, each listed in errors; "
            "no money was moved. Record the voucher of the cash that came, or pay less.",
            faults=[
                short.fault(cls.code, (zh, en), (short.fund_line, short.fund_line))
                for short in overdrawn.shorts
            ],
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


class YearEndInvalid(Invalid):
    """Some fund line is not there, or its year is closed; nothing was proposed for any."""

    code = "year-end.invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 条指标明细不能提出结转规则，逐条列在 errors 中；均未提出。"
            "请改正后重新提出。",
            f"Nothing can be proposed for {len(faults)} fund line(s), each listed in errors, and "
            "nothing was for any. Mend the list and propose again.",
            faults=faults,
        )


class YearEndsNotFound(NotFound):
    """Some of what was proposed for year ends is not within the caller's sight."""

    code = "year-end.not-found"

    def __init__(self, missing: Sequence[UUID]) -> None:
        super().__init__(
            "有结转规则没有找到，请核对编号；未处理任何一项。",
            "Some of these proposals for year ends cannot be found; check the identifiers. None "
            "was touched.",
            faults=missing_faults(missing),
        )


class YearEndsMoved(Conflict):
    """Some of what was proposed does not wait any more, or its year is closed; each is listed."""

    code = "year-end.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 项结转规则已不在待复核，或其年度已年结，逐项列出；未处理任何一项。"
            "请重新查看。",
            f"{len(faults)} proposal(s) for year ends no longer wait, or their year is closed, "
            "each listed; none was touched. Look again.",
            faults=faults,
        )


class OwnYearEnds(Forbidden):
    """Nobody answers what they proposed."""

    code = "year-end.own"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 项结转规则由您本人提出，须由另一人复核；未处理任何一项。",
            f"{len(faults)} proposal(s) for year ends are your own; none was touched. Another "
            "person answers them.",
            faults=faults,
        )

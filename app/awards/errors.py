"""What is refused about promises."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.awards.models import AwardOf, AwardState, InstalmentState
from app.core.errors import Conflict, Fault, NotFound
from app.core.money import show_yuan
from app.ledger.errors import ACCOUNT_WORDS, Short
from app.ledger.models import AccountKind
from app.policy.facts import Words

AWARD_WORDS: dict[AwardState | None, tuple[str, str]] = {
    AwardState.PROVISIONAL: ("待公示", "provisional"),
    AwardState.GRANTED: ("已确定", "granted"),
    AwardState.CANCELLED: ("已撤销", "cancelled"),
    None: ("没有核定资助", "without an award"),
}
OF_WORDS: dict[AwardOf, tuple[str, str]] = {
    AwardOf.APPLICATION: ("申请", "application"),
    AwardOf.ALLOCATION: ("学校资金", "school allocation"),
}
INSTALMENT_WORDS: dict[InstalmentState | None, tuple[str, str]] = {
    InstalmentState.AWAITING_APPROPRIATION: ("待下达指标", "awaiting its appropriation"),
    InstalmentState.COMMITTED: ("已核定未付", "committed"),
    InstalmentState.IN_RUN: ("已列入发放批次", "in a payout run"),
    InstalmentState.PAID: ("已发放", "paid"),
    InstalmentState.CANCELLED: ("已撤销", "cancelled"),
    None: ("不存在", "not there"),
}


@dataclass(frozen=True)
class Over:
    """A case that goes over its student's yearly maximum; amounts in fen."""

    number: str
    asked_fen: int
    had_fen: int
    most_fen: int


class BudgetExhausted(Conflict):
    """The fund lines hold too little for the cases; every one is named with need and shortfall."""

    code = "budget.exhausted"

    def __init__(self, shorts: Sequence[Short], words: Mapping[str, tuple[str, str]]) -> None:
        self.shorts = tuple(shorts)
        place = ACCOUNT_WORDS[AccountKind.AVAILABLE]
        super().__init__(
            f"{len(self.shorts)} 条指标明细的可用指标不足，逐条列在 errors 中；未核定任何资助。"
            "请等待下达指标，或选择“资金用尽为止”。",
            f"{len(self.shorts)} fund line(s) have too little available, each listed in errors; "
            "nothing was awarded. Wait for an appropriation, or ask for as far as the money goes.",
            faults=[
                short.fault(self.code, place, words.get(short.fund_line, (short.fund_line,) * 2))
                for short in self.shorts
            ],
        )


class AlreadyAwarded(Conflict):
    """Some of these cases carry an award already."""

    code = "award.already-there"

    def __init__(self, cases: Sequence[UUID]) -> None:
        super().__init__(
            f"其中 {len(cases)} 份申请本期已有核定资助，未作任何更改；请刷新名单后重试。",
            f"{len(cases)} of these applications have an award for the period already; nothing "
            "was changed. Read the list again.",
            faults=[
                Fault(
                    self.code,
                    f"申请 {case} 的学生本期已有该项核定资助。",
                    f"The student of application {case} has an award for the period already.",
                    where=str(case),
                )
                for case in cases
            ],
        )


class ExclusiveAward(Conflict):
    """Some of these students have an award that this programme cannot stand beside."""

    code = "award.exclusive"

    def __init__(self, standing: Iterable[tuple[str, str, Words]]) -> None:
        faults = [
            Fault(
                self.code,
                f"{number} 的学生本学年已享受“{name.zh}”，两项不可兼得；请不予资助或退回。",
                f"The student of {number} has {name.en} in this school year, and may not have "
                "both; reject or return the case.",
                where=number,
                more={"programme": code},
            )
            for number, code, name in standing
        ]
        super().__init__(
            f"{len(faults)} 份申请的学生本学年已享受互斥的资助，逐份列在 errors 中；未作任何更改。",
            f"{len(faults)} case(s) are of students who have an exclusive award in this school "
            "year, each listed in errors; nothing was changed.",
            faults=faults,
        )


class YearMaximum(Conflict):
    """With these awards some students would have more of the programme than a year allows."""

    code = "award.year-maximum"

    def __init__(self, over: Iterable[Over]) -> None:
        faults = [
            Fault(
                self.code,
                f"{each.number}：本学年已核定 {show_yuan(each.had_fen)} 元，本次 "
                f"{show_yuan(each.asked_fen)} 元，超过每学年上限 {show_yuan(each.most_fen)} 元。",
                f"{each.number}: {show_yuan(each.had_fen)} yuan awarded this school year and "
                f"{show_yuan(each.asked_fen)} now exceed the yearly maximum of "
                f"{show_yuan(each.most_fen)}.",
                where=each.number,
                more={
                    "awarded": show_yuan(each.had_fen),
                    "amount": show_yuan(each.asked_fen),
                    "maximum": show_yuan(each.most_fen),
                },
            )
            for each in over
        ]
        super().__init__(
            f"{len(faults)} 份申请将超过学生每学年上限，逐份列在 errors 中；未作任何更改。",
            f"{len(faults)} case(s) would exceed the yearly maximum of their students, each listed "
            "in errors; nothing was changed.",
            faults=faults,
        )


class AwardsMoved(Conflict):
    """Some of these awards are not in the state this act starts from."""

    code = "award.moved"

    def __init__(self, moved: Iterable[tuple[UUID, AwardState | None]], of: AwardOf) -> None:
        zh, en = OF_WORDS[of]
        faults = [
            Fault(
                self.code,
                f"{zh} {case} 的资助{AWARD_WORDS[state][0]}。",
                f"The award of {en} {case} is {AWARD_WORDS[state][1]}.",
                where=str(case),
            )
            for case, state in moved
        ]
        super().__init__(
            f"其中 {len(faults)} 项资助的状态已变化，逐项列在 errors 中；未作任何更改。",
            f"{len(faults)} of these awards have moved meanwhile, each listed in errors; nothing "
            "was changed.",
            faults=faults,
        )


class AwardNotCancellable(Conflict):
    """Money of some of these awards is on its way or with the payee."""

    code = "award.not-cancellable"

    def __init__(self, standing: Iterable[tuple[UUID, int, InstalmentState]], of: AwardOf) -> None:
        zh, en = OF_WORDS[of]
        faults = [
            Fault(
                self.code,
                f"{zh} {case} 的第 {seq} 期{INSTALMENT_WORDS[state][0]}。",
                f"Instalment {seq} of {en} {case} is {INSTALMENT_WORDS[state][1]}.",
                where=str(case),
                more={"instalment": seq, "state": state.value},
            )
            for case, seq, state in standing
        ]
        super().__init__(
            f"{len(faults)} 期资助已列入发放批次或已发放，不能撤销；请先从发放批次中移出。",
            f"{len(faults)} instalment(s) are in a payout run or paid, so their awards cannot be "
            "cancelled; take them out of the run first.",
            faults=faults,
        )


class InstalmentsMoved(Conflict):
    """Some of these instalments are not in the state this act starts from."""

    code = "instalment.moved"

    def __init__(self, moved: Iterable[tuple[UUID, InstalmentState | None]]) -> None:
        faults = [
            Fault(
                self.code,
                f"发放期次 {instalment} {INSTALMENT_WORDS[state][0]}。",
                f"Instalment {instalment} is {INSTALMENT_WORDS[state][1]}.",
                where=str(instalment),
            )
            for instalment, state in moved
        ]
        super().__init__(
            f"其中 {len(faults)} 期资助的状态已变化，逐项列在 errors 中；未作任何更改。",
            f"{len(faults)} of these instalments have moved meanwhile, each listed in errors; "
            "nothing was changed.",
            faults=faults,
        )


class AwardNotFound(NotFound):
    """No such award, or none within the caller's scope."""

    code = "award.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有这项核定资助，或不在您的管辖范围内。",
            "There is no such award within your scope.",
        )

"""What the books refuse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.core.errors import Conflict, Fault
from app.core.money import show_yuan
from app.ledger.models import AccountKind

ACCOUNT_WORDS: dict[AccountKind, tuple[str, str]] = {
    AccountKind.TREASURY: ("财政", "treasury"),
    AccountKind.AVAILABLE: ("可用指标", "available"),
    AccountKind.COMMITTED: ("已核定未付", "committed"),
    AccountKind.IN_TRANSIT: ("在途资金", "in transit"),
    AccountKind.PAID: ("已发放", "paid"),
    AccountKind.RECOVERABLE: ("应收回资金", "recoverable"),
    AccountKind.RETURNED_TO_TREASURY: ("已交回财政", "returned to treasury"),
    AccountKind.WRITTEN_OFF: ("已核销", "written off"),
    AccountKind.CASH_SOURCE: ("财政拨款账户", "the treasury's account"),
    AccountKind.CASH: ("专户到账资金", "cash received"),
    AccountKind.CASH_SENT: ("已送银行资金", "cash sent"),
    AccountKind.CASH_PAID: ("已付资金", "cash paid"),
}


@dataclass(frozen=True)
class Short:
    """A fund line whose account holds less than a movement needs; all amounts in fen."""

    fund_line: str
    have_fen: int
    need_fen: int

    @property
    def short_fen(self) -> int:
        """How much is missing, in fen."""
        return self.need_fen - self.have_fen

    def fault(self, code: str, place: tuple[str, str], line: tuple[str, str]) -> Fault:
        """The shortage in words: which account of which fund line, have, need and short in yuan."""
        have, need, short = (
            show_yuan(fen) for fen in (self.have_fen, self.need_fen, self.short_fen)
        )
        return Fault(
            code,
            f"指标明细 {line[0]} 的{place[0]}有 {have} 元，需要 {need} 元，差 {short} 元。",
            f"Fund line {line[1]} has {have} yuan {place[1]}, {need} are needed, {short} short.",
            where=self.fund_line,
            more={"fund_line": self.fund_line, "have": have, "need": need, "short": short},
        )


class Overdrawn(Conflict):
    """Accounts hold less than the movement takes from them; `shorts` names every one."""

    code = "ledger.overdrawn"

    def __init__(self, account: AccountKind, shorts: Sequence[Short]) -> None:
        self.account = account
        self.shorts = tuple(shorts)
        zh, en = ACCOUNT_WORDS[account]
        super().__init__(
            f"{len(self.shorts)} 条指标明细的{zh}不足，逐条列在 errors 中；未移动任何资金。",
            f"{len(self.shorts)} fund line(s) hold too little {en}, each listed in errors; "
            "no money was moved.",
            faults=[
                short.fault(self.code, (zh, en), (short.fund_line, short.fund_line))
                for short in self.shorts
            ],
        )


class DayClosed(Conflict):
    """The day, or a later one, is closed already."""

    code = "ledger.day-closed"

    def __init__(self, day: date) -> None:
        super().__init__(
            f"{day} 或其后的日期已结账，不能再次结账；之后的收付记入下一个未结账日。",
            f"{day}, or a later day, is closed and is not closed again; what happens is posted on "
            "the next open day.",
        )


class DayNotYet(Conflict):
    """The day is still to come, or an earlier day with transfers is open."""

    code = "ledger.day-not-yet"

    def __init__(self, day: date, earlier: date | None) -> None:
        super().__init__(
            f"{earlier} 有收付尚未结账，请先结 {earlier}，再结 {day}。"
            if earlier
            else f"{day} 尚未到来，不能结账。",
            f"{earlier} has transfers and is open; close it before {day}."
            if earlier
            else f"{day} is still to come and cannot be closed.",
        )

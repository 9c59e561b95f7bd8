"""Bank statements as the service sees them, whatever the bank's format, and what must hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from app.bank.errors import StatementGap, StatementUnbalanced
from app.core.errors import Fault
from app.core.money import show_yuan

Direction = Literal["debit", "credit"]


class StatementLine(NamedTuple):
    """One movement on the account, `line_no` counting the statement's lines from 1.

    `reference` is our payout, payment file or run number where the bank carries it.
    """

    line_no: int
    booked_on: date
    sequence: str | None
    reference: str | None
    counter_account: str | None
    counter_name: str | None
    amount_fen: int
    direction: Direction
    is_return: bool
    text: str

    @property
    def signed_fen(self) -> int:
        """What the line does to the balance."""
        return self.amount_fen if self.direction == "credit" else -self.amount_fen


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of one account over some days, in yuan of China."""

    account: str
    number: int
    opened_on: date
    closed_on: date
    opening_fen: int
    closing_fen: int
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, kw_only=True)
class LastStatement:
    """What the next statement of an account must follow."""

    number: int
    closed_on: date
    closing_fen: int


def check_balanced(statement: Statement) -> None:
    """Raises StatementUnbalanced unless opening and lines come to closing, naming both figures."""
    reckoned = statement.opening_fen + sum(line.signed_fen for line in statement.lines)
    if reckoned != statement.closing_fen:
        ours, theirs = show_yuan(reckoned), show_yuan(statement.closing_fen)
        raise StatementUnbalanced(
            f"期初余额加明细为 {ours} 元，期末余额为 {theirs} 元，整份未接收。请银行更正后重发。",
            f"Opening balance and lines come to {ours} and the closing balance is {theirs}, so "
            "nothing was taken. Ask the bank for a corrected statement.",
        )


def check_follows(statement: Statement, last: LastStatement | None) -> None:
    """Raises StatementGap unless the statement follows the account's last one.

    The number is the next one, or 1 in a later year; the opening balance is the last closing one.
    The first statement of an account follows nothing.
    """
    if last is None:
        return
    faults = [*_number_faults(statement, last), *_balance_faults(statement, last)]
    if faults:
        raise StatementGap(
            "对账单与该账户上一份不衔接，整份未接收。请先上传缺少的对账单。",
            "The statement does not follow the account's last one, so nothing was taken. "
            "Hand in the missing statements first.",
            faults=faults,
        )


def _number_faults(statement: Statement, last: LastStatement) -> Sequence[Fault]:
    year_begins = statement.opened_on.year > last.closed_on.year
    faults = []
    if statement.number != last.number + 1 and not (year_begins and statement.number == 1):
        faults.append(
            Fault(
                "number_gap",
                f"对账单号为 {statement.number}，应为 {last.number + 1}",
                f"the number is {statement.number} and must be {last.number + 1}",
                "number",
            )
        )
    if statement.opened_on < last.closed_on:
        faults.append(
            Fault(
                "days_overlap",
                f"起始日期 {statement.opened_on} 早于上一份截止日期 {last.closed_on}",
                f"it opens on {statement.opened_on}, before the last closed on {last.closed_on}",
                "opened_on",
            )
        )
    return faults


def _balance_faults(statement: Statement, last: LastStatement) -> Sequence[Fault]:
    if statement.opening_fen == last.closing_fen:
        return []
    opening, closing = show_yuan(statement.opening_fen), show_yuan(last.closing_fen)
    return [
        Fault(
            "opening_differs",
            f"期初余额为 {opening} 元，上一份期末余额为 {closing} 元",
            f"the opening balance is {opening} and the last closing balance was {closing}",
            "opening",
        )
    ]

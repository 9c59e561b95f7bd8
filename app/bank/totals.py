"""Control totals: what ties a return file to the payment file it answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import polars as pl

from app.bank.errors import ReturnFileOfAnother, TotalsDiffer
from app.core.errors import Fault
from app.core.money import show_yuan

_SHOWN_CHARS = 40
_LINES_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """How many lines, how much together, and a hash of who gets what."""

    count: int
    sum_fen: int
    accounts_sha256: bytes


class CountedLine(Protocol):
    """What control totals are taken over."""

    @property
    def seq(self) -> int:
        """The line's number in its payment file."""

    @property
    def account(self) -> str:
        """The payee's account."""

    @property
    def amount_fen(self) -> int:
        """The amount in fen."""


def control_totals(lines: Iterable[CountedLine]) -> ControlTotals:
    """The totals of a file's lines, the same in whatever order the lines stand.

    No line is kept, for a file has many: where they are not in order they are gone through again.
    """
    digest, count, sum_fen, last, in_order = sha256(), 0, 0, -1, True
    for line in lines:
        digest.update(_text(line))
        count += 1
        sum_fen += line.amount_fen
        last, in_order = line.seq, in_order and line.seq > last
    if not in_order:
        texts = sorted((_text(line) for line in lines), key=_place)
        digest = sha256(b"".join(texts))
    return ControlTotals(count, sum_fen, digest.digest())


def _text(line: CountedLine) -> bytes:
    return f"{line.seq}|{line.account}|{line.amount_fen}\n".encode()


def _place(text: bytes) -> tuple[int, bytes, int]:
    seq, rest = text.split(b"|", 1)
    account, fen = rest.rsplit(b"|", 1)
    return int(seq), account, int(fen)


def totals_of(table: pl.DataFrame) -> ControlTotals:
    """The same of a frame with the columns seq, account and amount_fen."""
    who = table.select("seq", "account", "amount_fen").sort("seq", "account", "amount_fen")
    digest = sha256()
    for piece in who.iter_slices(_LINES_AT_ONCE):
        lines = piece.select(pl.concat_str(pl.all(), separator="|") + "\n").to_series()
        digest.update("".join(lines).encode("utf-8"))
    return ControlTotals(who.height, int(who["amount_fen"].sum()), digest.digest())


def check_totals(sent: ControlTotals, received: ControlTotals) -> None:
    """A return file with every line has the totals of its payment file. Raises TotalsDiffer."""
    faults = _figures(
        sent, received, count=sent.count != received.count, amount=sent.sum_fen != received.sum_fen
    )
    if sent.accounts_sha256 != received.accounts_sha256:
        ours, theirs = sent.accounts_sha256.hex()[:12], received.accounts_sha256.hex()[:12]
        faults.append(
            Fault(
                "accounts_differ",
                f"序号、账号、金额的校验值不一致：代发文件 {ours}，回盘文件 {theirs}",
                "The hash over line number, account and amount differs: "
                f"{ours} in the payment file, {theirs} in the return file",
                "accounts",
            )
        )
    _refuse(sent, received, faults)


def check_within(sent: ControlTotals, received: ControlTotals) -> None:
    """A file with only some of the lines has no more of them, and no more money, than was sent.

    For failures-only replies and reversals; that each of its lines was sent, the caller finds by
    line number, account and amount. Raises TotalsDiffer.
    """
    faults = _figures(
        sent, received, count=received.count > sent.count, amount=received.sum_fen > sent.sum_fen
    )
    _refuse(sent, received, faults)


def check_number(sent: str, said: str) -> None:
    """A reply that names the payment file names the one it is handed in for.

    Raises ReturnFileOfAnother.
    """
    if sent != said:
        raise ReturnFileOfAnother(sent, said[:_SHOWN_CHARS])


def _figures(
    sent: ControlTotals, received: ControlTotals, *, count: bool, amount: bool
) -> list[Fault]:
    faults = []
    if count:
        faults.append(
            Fault(
                "count_differs",
                f"笔数不符：代发文件 {sent.count} 笔，回盘文件 {received.count} 笔",
                f"The payment file has {sent.count} lines, the return file {received.count}",
                "count",
            )
        )
    if amount:
        ours, theirs = show_yuan(sent.sum_fen), show_yuan(received.sum_fen)
        faults.append(
            Fault(
                "sum_differs",
                f"金额不符：代发文件 {ours} 元，回盘文件 {theirs} 元",
                f"The payment file sums to {ours} yuan, the return file to {theirs}",
                "sum",
            )
        )
    return faults


def _refuse(sent: ControlTotals, received: ControlTotals, faults: list[Fault]) -> None:
    if not faults:
        return
    raise TotalsDiffer(
        "回盘文件与代发文件对不上，整份未接收。请核对是否选错代发文件，或请银行重发回盘文件。",
        "The return file does not fit the payment file, so nothing of it was taken. Check that the "
        "right payment file is named, or ask the bank for the file again.",
        faults=faults,
        facts={
            "sent": {"count": sent.count, "amount": show_yuan(sent.sum_fen)},
            "received": {"count": received.count, "amount": show_yuan(received.sum_fen)},
        },
    )

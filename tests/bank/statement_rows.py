"""A statement as its bank would write it in the generic format."""

from collections.abc import Sequence

from app.core.money import show_yuan

HEAD = "账号,对账单号,币种,起始日期,截止日期,期初余额,期末余额,笔数"
LINES = "记账日期,流水号,借贷,金额,对方账号,对方户名,参考号,业务种类,摘要"
ACCOUNT = "37050166010800000017"


def row(
    yuan: str,
    *,
    day: str = "2008-06-03",
    seq: str = "",
    credit: bool = False,
    account: str = "",
    reference: str = "",
    kind: str = "代发",
) -> tuple[str, int]:
    """A line and what it does to the balance."""
    fen = int(yuan.replace(".", ""))
    side = "贷" if credit else "借"
    line = f"{day},{seq},{side},{yuan},{account},赵芳,{reference},{kind},助学金"
    return line, fen if credit else -fen


def statement(
    rows: Sequence[tuple[str, int]],
    *,
    number: int = 1,
    opening: int = 100_000_000,
    off: int = 0,
    days: tuple[str, str] = ("2008-06-01", "2008-06-30"),
) -> bytes:
    """The file's bytes; `off` is put on the closing balance."""
    closing = show_yuan(opening + sum(fen for _, fen in rows) + off)
    head = f"{ACCOUNT},{number},CNY,{days[0]},{days[1]},{show_yuan(opening)},{closing},{len(rows)}"
    return "".join(f"{r}\r\n" for r in (HEAD, head, LINES, *(r for r, _ in rows))).encode("gb18030")

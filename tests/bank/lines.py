"""Payment lines that name only what a test is about."""

from app.bank.payment_file import PaymentLine

RARE_NAMES = ("张䶮", "李㛃", "王𬭎", "阿依古丽·买买提")


def make_line(seq: int = 1, **changes: object) -> PaymentLine:
    line = PaymentLine(seq, "张三", "6217000010001234563", 312_50, "11010519491231002X")
    return line._replace(**changes)


def make_lines(count: int) -> list[PaymentLine]:
    return [
        make_line(seq, account=f"6217{seq:015d}", amount_fen=100_00 + seq)
        for seq in range(1, count + 1)
    ]

"""pain.001 written by the service's own writer, beside sepaxml's of the same payments."""

from datetime import date, datetime

from sepaxml import SepaTransfer

from app.bank.iso.credit_transfer import (
    Agent,
    Debtor,
    Group,
    Message,
    Transfer,
    write_credit_transfer,
)
from app.core.clock import SHANGHAI
from benchmarks.measuring import Measure, alternately

BOUND = 1 / 3
TURNS = 3
_IBAN, _BIC = "DE89370400440532013000", "COBADEFF"
_DAY = date(2008, 4, 1)
_FEN = 250_00


def measure(payments: int) -> Measure:
    """Message and bytes of so many payments; sepaxml without its check against the schema."""
    transfers = [
        Transfer(
            f"P-2008-{n:07d}", f"学生{n}", f"{6217_0000_0000_0000 + n}", _FEN, text="寄宿生补助"
        )
        for n in range(payments)
    ]
    ours, theirs = alternately(lambda: _ours(transfers), lambda: _theirs(transfers), turns=TURNS)
    name = f"pain.001 of {payments:,} payments"
    return Measure(name, payments, ours, "sepaxml, the same payments", theirs, BOUND)


def _ours(transfers: list[Transfer]) -> int:
    debtor = Debtor("济宁市学生资助管理中心", "37001234567890123456", Agent("农村信用社"))
    group = Group("G-1", debtor, _DAY, transfers)
    message = Message("M-1", datetime(2008, 4, 1, 9, tzinfo=SHANGHAI), debtor.name, [group])
    return sum(len(piece) for piece in write_credit_transfer(message))


def _theirs(transfers: list[Transfer]) -> int:
    """Its accounts are IBANs, so each payment goes to the same one."""
    config = {"name": "Centre", "IBAN": _IBAN, "BIC": _BIC, "batch": True, "currency": "EUR"}
    message = SepaTransfer(config, clean=False)
    for each in transfers:
        message.add_payment(
            {
                "name": each.name, "IBAN": _IBAN, "BIC": _BIC, "amount": each.amount_fen,
                "execution_date": _DAY, "description": each.text,
                "endtoend_id": each.end_to_end_id,
            }
        )  # fmt: skip
    return len(message.export(validate=False))

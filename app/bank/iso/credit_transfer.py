"""pain.001.001.09, the customer's credit transfers: one group a debtor account, the same lines
always giving the same bytes.

Text is written piece by piece: building a tree of a hundred thousand payments first takes some
twenty times as long and all of its memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from xml.sax.saxutils import escape

from app.core.money import show_yuan

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CURRENCY = "CNY"
ID_CHARS_MAX = 35
TEXT_CHARS_MAX = 140
_CHUNK_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Agent:
    """A bank: its name, and where known its CNAPS number (12 digits, 大额支付行号)."""

    name: str
    cnaps: str | None = None


@dataclass(frozen=True, slots=True)
class Debtor:
    """The account money leaves from."""

    name: str
    account: str
    agent: Agent


class Transfer(NamedTuple):
    """One payment; `end_to_end_id` is the payout's number and comes back in every report."""

    end_to_end_id: str
    name: str
    account: str
    amount_fen: int
    bank_name: str = ""
    text: str = ""


@dataclass(frozen=True)
class Group:
    """The transfers of one debtor account on one day (`PmtInf`)."""

    id: str
    debtor: Debtor
    execute_on: date
    transfers: Sequence[Transfer]

    @property
    def sum_fen(self) -> int:
        """What leaves the account, in fen."""
        return sum(transfer.amount_fen for transfer in self.transfers)


@dataclass(frozen=True)
class Message:
    """A message to one bank. `made_at` is given, so that the same message has the same bytes."""

    id: str
    made_at: datetime
    initiator: str
    groups: Sequence[Group]


def write_credit_transfer(message: Message) -> Iterator[bytes]:
    """The message in UTF-8, in pieces. Raises ValueError for an id or a text that is too long.

    Names, accounts and texts are what `payment_file` has checked: nothing that XML cannot hold.
    """
    count = sum(len(group.transfers) for group in message.groups)
    total = sum(group.sum_fen for group in message.groups)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{NAMESPACE}">\n<CstmrCdtTrfInitn>\n<GrpHdr>'
        f"<MsgId>{_id(message.id)}</MsgId>"
        f"<CreDtTm>{message.made_at.isoformat(timespec='seconds')}</CreDtTm>"
        f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{show_yuan(total)}</CtrlSum>"
        f"<InitgPty><Nm>{_text(message.initiator)}</Nm></InitgPty></GrpHdr>\n"
    ).encode()
    for group in message.groups:
        yield _head(group).encode()
        yield from _pieces(group.transfers)
        yield b"</PmtInf>\n"
    yield b"</CstmrCdtTrfInitn>\n</Document>\n"


def _head(group: Group) -> str:
    debtor = group.debtor
    return (
        f"<PmtInf><PmtInfId>{_id(group.id)}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<BtchBookg>true</BtchBookg><NbOfTxs>{len(group.transfers)}</NbOfTxs>"
        f"<CtrlSum>{show_yuan(group.sum_fen)}</CtrlSum>"
        f"<ReqdExctnDt><Dt>{group.execute_on.isoformat()}</Dt></ReqdExctnDt>"
        f"<Dbtr><Nm>{_text(debtor.name)}</Nm></Dbtr>"
        f"<DbtrAcct>{_account(debtor.account)}<Ccy>{CURRENCY}</Ccy></DbtrAcct>"
        f"<DbtrAgt>{_agent(debtor.agent)}</DbtrAgt>\n"
    )


def _pieces(transfers: Iterable[Transfer]) -> Iterator[bytes]:
    piece: list[str] = []
    for transfer in transfers:
        piece.append(_transfer(transfer))
        if len(piece) == _CHUNK_LINES:
            yield "".join(piece).encode()
            piece.clear()
    yield "".join(piece).encode()


def _transfer(transfer: Transfer) -> str:
    agent = f"<CdtrAgt>{_agent(Agent(transfer.bank_name))}</CdtrAgt>" if transfer.bank_name else ""
    told = f"<RmtInf><Ustrd>{_text(transfer.text)}</Ustrd></RmtInf>" if transfer.text else ""
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{_id(transfer.end_to_end_id)}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{CURRENCY}">{show_yuan(transfer.amount_fen)}</InstdAmt></Amt>'
        f"{agent}<Cdtr><Nm>{_text(transfer.name)}</Nm></Cdtr>"
        f"<CdtrAcct>{_account(transfer.account)}</CdtrAcct>{told}</CdtTrfTxInf>\n"
    )


def _agent(agent: Agent) -> str:
    clearing = (
        "<ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId>"
        f"<MmbId>{_id(agent.cnaps)}</MmbId></ClrSysMmbId>"
        if agent.cnaps
        else ""
    )
    return f"<FinInstnId>{clearing}<Nm>{_text(agent.name)}</Nm></FinInstnId>"


def _account(number: str) -> str:
    return f"<Id><Othr><Id>{_id(number)}</Id></Othr></Id>"


def _id(text: str) -> str:
    if not 0 < len(text) <= ID_CHARS_MAX:
        raise ValueError(f"{text!r} cannot be an identifier: it has 1 to {ID_CHARS_MAX} characters")
    return escape(text)


def _text(text: str) -> str:
    if not 0 < len(text) <= TEXT_CHARS_MAX:
        raise ValueError(f"{text!r} cannot be written: a text has 1 to {TEXT_CHARS_MAX} characters")
    return escape(text)

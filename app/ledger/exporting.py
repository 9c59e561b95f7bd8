"""The books as files that prove themselves without the database: transfers, days, accounts.

Each line of `transfers.txt` is a transfer's canonical line and its digest, which anybody can take.
The journal is for hledger, an accounting program of somebody else's, to read the same books.
"""

import json
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.core.money import show_yuan
from app.ledger.models import LedgerDay
from app.ledger.queries import trial_balance
from app.ledger.seals import CANONICAL, COLUMNS
from app.ledger.signing import Signer

VERSION = 1
TRANSFERS, DAYS, ACCOUNTS = "transfers.txt", "days.txt", "accounts.txt"
JOURNAL, MANIFEST, PUBLIC_KEY = "ledger.journal", "manifest.json", "public-key.pem"
DAY_COLUMNS = ("day", "transfers", "amount_fen", "previous", "sha256", "signature", "signed_by")
ACCOUNT_COLUMNS = ("code", "debits_fen", "credits_fen")
_AT_ONCE = 10_000


def export(session: Session, to: Path, *, signer: Signer | None = None) -> dict[str, str]:
    """Writes the books into a directory; answers each file's sha256. Memory does not grow.

    The caller's transaction sees one moment of the books. A file appears whole or not at all. No
    name or number of a person is in it.
    """
    to.mkdir(parents=True, exist_ok=True)
    digests = {
        TRANSFERS: _write(to / TRANSFERS, _transfers(session)),
        JOURNAL: _write(to / JOURNAL, _journal(session)),
        DAYS: _write(to / DAYS, _days(session)),
        ACCOUNTS: _write(to / ACCOUNTS, _accounts(session)),
    }
    if signer is not None:
        digests[PUBLIC_KEY] = _write(to / PUBLIC_KEY, [signer.public_pem().decode().rstrip("\n")])
    balance = {row.kind.value: show_yuan(row.balance_fen) for row in trial_balance(session)}
    told = {"version": VERSION, "sha256": digests, "trial_balance": balance}
    _write(to / MANIFEST, [json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)])
    return digests


def _write(path: Path, lines: Iterable[str]) -> str:
    digest, part = sha256(), path.with_name(path.name + ".part")
    with part.open("wb") as out:
        for line in lines:
            data = line.encode() + b"\n"
            digest.update(data)
            out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    return digest.hexdigest()


def _streamed(session: Session, asked: str) -> Iterator[tuple[object, ...]]:
    found = session.execute(text(asked), execution_options={"yield_per": _AT_ONCE})
    for row in found:
        yield tuple(row)


def _transfers(session: Session) -> Iterator[str]:
    yield "|".join((*COLUMNS, "sha256"))
    asked = f"SELECT {CANONICAL} FROM ledger_transfer t ORDER BY t.office_day, t.id"  # noqa: S608
    for (line,) in _streamed(session, asked):
        yield f"{line}|{sha256(str(line).encode()).hexdigest()}"


def _journal(session: Session) -> Iterator[str]:
    asked = (
        "SELECT id, office_day, kind, refers_to, debit, credit, amount_fen "
        "FROM ledger_transfer ORDER BY office_day, id"
    )
    for number, day, kind, refers_to, debit, credit, fen in _streamed(session, asked):
        yuan = show_yuan(int(str(fen)))
        yield f"{day} ({number}) {kind}  ; {refers_to}"
        yield f"    {_account(credit)}  {yuan} CNY"
        yield f"    {_account(debit)}  -{yuan} CNY"
        yield ""


def _account(code: object) -> str:
    """`2008/boarding-subsidy/county/370811/paid` as levels of hledger's own."""
    return str(code).replace("/", ":")


def _days(session: Session) -> Iterator[str]:
    yield "|".join(DAY_COLUMNS)
    for each in session.execute(select(LedgerDay).order_by(col(LedgerDay.day))).scalars():
        seals = (each.previous, each.sha256, each.signature or b"")
        told = (each.day, each.transfers, each.amount_fen, *(bytes(one).hex() for one in seals))
        yield "|".join([*map(str, told), each.signed_by or ""])


def _accounts(session: Session) -> Iterator[str]:
    yield "|".join(ACCOUNT_COLUMNS)
    asked = "SELECT code, debits_fen, credits_fen FROM ledger_account ORDER BY code"
    for row in _streamed(session, asked):
        yield "|".join(map(str, row))

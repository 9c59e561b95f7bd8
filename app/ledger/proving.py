"""Proves an export of the books by itself: no database, no service, and nobody's word.

What is wrong is named by file and line, the first of each kind, for one change breaks many sums.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.money import show_yuan
from app.ledger.exporting import (
    ACCOUNT_COLUMNS,
    ACCOUNTS,
    DAY_COLUMNS,
    DAYS,
    MANIFEST,
    TRANSFERS,
    VERSION,
)
from app.ledger.models import AccountKind, TransferKind
from app.ledger.rules import MOVES
from app.ledger.seals import COLUMNS, FIRST
from app.ledger.signing import is_signed, key_id


@dataclass(frozen=True)
class Broken:
    """Where an export is wrong, and what is so."""

    file: str
    line: int
    said: str

    def __str__(self) -> str:
        """In one line."""
        return f"{self.file}:{self.line}: {self.said}"


@dataclass
class _Day:
    """A day's seal as the export says it, and what its transfers come to as they are read."""

    line: int
    row: dict[str, str]
    seal: "hashlib._Hash"
    transfers: int = 0
    amount_fen: int = 0


@dataclass
class _Books:
    """What the files come to as they are read."""

    days: dict[str, _Day] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)
    passed_over: list[Broken] = field(default_factory=list)


def prove(folder: Path, *, key: Ed25519PublicKey | None = None) -> list[Broken]:
    """Everything wrong with an export, the transfers first; empty when it proves itself.

    Memory grows with the days, not with the transfers. Raises OSError for a file that is not
    there, ValueError for one that is no export.
    """
    told = json.loads((folder / MANIFEST).read_text())
    if told.get("version") != VERSION:
        raise ValueError(f"{MANIFEST}: version {told.get('version')} is not known")
    books = _Books()
    strange = [*_headings(folder), *_read_days(folder, books)]
    broken = [*_transfers(folder, books), *strange, *_seals(books, key), *books.passed_over]
    broken += _accounts(folder, books)
    broken += _digests(folder, told["sha256"])
    return broken


def _headings(folder: Path) -> Iterator[Broken]:
    for name, columns in _HEADINGS.items():
        with (folder / name).open("rb") as read:
            if read.readline().rstrip(b"\n") != "|".join(columns).encode():
                yield Broken(name, 1, "is not the heading of this file")


_HEADINGS = {
    TRANSFERS: (*COLUMNS, "sha256"),
    DAYS: DAY_COLUMNS,
    ACCOUNTS: ACCOUNT_COLUMNS,
}


def _rows(folder: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """The lines below the heading, cut into cells."""
    with (folder / name).open("rb") as read:
        for number, line in enumerate(read, start=1):
            if number > 1:
                yield number, line.rstrip(b"\n").decode("utf-8", "replace").split("|")


def _is_number(cell: str) -> bool:
    return cell.isascii() and cell.isdigit()


def _read_days(folder: Path, books: _Books) -> Iterator[Broken]:
    last = ""
    for number, cells in _rows(folder, DAYS):
        row = dict(zip(DAY_COLUMNS, cells, strict=False))
        if len(cells) != len(DAY_COLUMNS) or not _is_sealed(row):
            yield Broken(DAYS, number, "is no sealed day")
        elif row["day"] <= last:
            yield Broken(DAYS, number, f"{row['day']} is out of order or there twice")
        else:
            last = row["day"]
            books.days[last] = _Day(number, row, hashlib.sha256(bytes.fromhex(row["previous"])))


def _is_sealed(row: dict[str, str]) -> bool:
    """A day and two digests, and a signature with its key or neither."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", row["day"]) is None:
        return False
    signed = _is_hex(row["signature"], 64) and _is_hex(row["signed_by"], 32)
    whole = signed or row["signature"] == row["signed_by"] == ""
    return whole and _is_hex(row["previous"], 32) and _is_hex(row["sha256"], 32)


def _is_hex(value: str, size: int) -> bool:
    return re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value) is not None


def _transfers(folder: Path, books: _Books) -> Iterator[Broken]:
    last, sealed_to = ("", 0), max(books.days, default="")
    for number, (*cells, digest) in _rows(folder, TRANSFERS):
        # What corrects nothing has no last cell.
        if len(cells) not in {len(COLUMNS) - 1, len(COLUMNS)} or not (
            _is_number(cells[0]) and _is_number(cells[3])
        ):
            yield Broken(TRANSFERS, number, "is no transfer")
            continue
        row = dict(zip(COLUMNS, cells, strict=False))
        here, leaf = (row["office_day"], int(row["id"])), hashlib.sha256("|".join(cells).encode())
        for said in _wrong_with_transfer(row, whole=leaf.hexdigest() == digest, after=here > last):
            yield Broken(TRANSFERS, number, f"transfer {row['id']} {said}")
        last = here
        _count(books, row, leaf.digest())
        if row["office_day"] < sealed_to and row["office_day"] not in books.days:
            said = f"transfer {row['id']} is on {row['office_day']}, which was passed over unsealed"
            books.passed_over.append(Broken(TRANSFERS, number, said))


def _wrong_with_transfer(row: dict[str, str], *, whole: bool, after: bool) -> Iterator[str]:
    if not after:
        yield "is out of order or there twice"
    if not whole:
        yield "is not what was exported"
    if not _allowed(row):
        yield "moves what its kind does not"


def _count(books: _Books, row: dict[str, str], leaf: bytes) -> None:
    fen = int(row["amount_fen"])
    books.sums[f"{row['debit']} debit"] += fen
    books.sums[f"{row['credit']} credit"] += fen
    day = books.days.get(row["office_day"])
    if day is not None:
        day.seal.update(leaf)
        day.transfers += 1
        day.amount_fen += fen


def _allowed(row: dict[str, str]) -> bool:
    try:
        leaves, reaches = MOVES[TransferKind(row["kind"])]
    except ValueError:
        return False
    line, _, kind = row["debit"].rpartition("/")
    other, _, reached = row["credit"].rpartition("/")
    return (line, kind, reached) == (other, leaves.value, reaches.value)


def _seals(books: _Books, key: Ed25519PublicKey | None) -> Iterator[Broken]:
    previous = FIRST.hex()
    for name, day in books.days.items():
        said = _wrong_with(day, previous)
        if said:
            yield Broken(DAYS, day.line, f"{name}: {said}")
        previous = day.row["sha256"]
        if key is not None and not _signed(day.row, key):
            yield Broken(DAYS, day.line, f"{name}: is not signed by the key given")


def _wrong_with(day: _Day, previous: str) -> str | None:
    row = day.row
    if row["previous"] != previous:
        return "is not chained to the day before"
    if row["transfers"] != str(day.transfers):
        return f"was sealed with {row['transfers']} transfers and has {day.transfers}"
    if row["amount_fen"] != str(day.amount_fen):
        return f"was sealed with {row['amount_fen']} fen and has {day.amount_fen}"
    if row["sha256"] != day.seal.hexdigest():
        return "its transfers do not give its seal"
    return None


def _signed(row: dict[str, str], key: Ed25519PublicKey) -> bool:
    seal, signature = bytes.fromhex(row["sha256"]), bytes.fromhex(row["signature"])
    return row["signed_by"] == key_id(key) and is_signed(key, seal, signature)


def _accounts(folder: Path, books: _Books) -> Iterator[Broken]:
    debits = credits_ = 0
    for number, cells in _rows(folder, ACCOUNTS):
        if len(cells) != len(ACCOUNT_COLUMNS) or cells[0].rpartition("/")[2] not in _KINDS:
            yield Broken(ACCOUNTS, number, "is no account")
            continue
        code, debit, credit = cells
        ours = books.sums[f"{code} debit"], books.sums[f"{code} credit"]
        if (debit, credit) != tuple(map(str, ours)):
            has = f"debits {debit}, credits {credit} fen"
            yield Broken(
                ACCOUNTS, number, f"{code}: {has}; its transfers give {ours[0]}, {ours[1]}"
            )
        debits, credits_ = debits + ours[0], credits_ + ours[1]
    if debits != credits_:
        yield Broken(ACCOUNTS, 0, f"the trial balance is off by {show_yuan(credits_ - debits)}")


_KINDS = frozenset(kind.value for kind in AccountKind)


def _digests(folder: Path, told: dict[str, str]) -> Iterator[Broken]:
    for name, digest in sorted(told.items()):
        found = hashlib.sha256()
        with (folder / name).open("rb") as read:
            while piece := read.read(1 << 20):
                found.update(piece)
        if found.hexdigest() != digest:
            yield Broken(name, 0, "is not the file that was exported")

"""Proves an export of the books by itself: no database, no service, and nobody's word.

What is wrong is named by file and line, the first of each kind, for one change breaks many sums.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.money import show_yuan
from app.ledger.exporting import ACCOUNTS, DAY_COLUMNS, DAYS, MANIFEST, TRANSFERS, VERSION
from app.ledger.models import TransferKind
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
    digest: bytes
    transfers: int = 0
    amount_fen: int = 0


def prove(folder: Path, *, key: Ed25519PublicKey | None = None) -> list[Broken]:
    """Everything wrong with an export, the transfers first; empty when it proves itself.

    Raises OSError for a file that is not there, ValueError for one that is no export.
    """
    told = json.loads((folder / MANIFEST).read_text())
    if told.get("version") != VERSION:
        raise ValueError(f"{MANIFEST}: version {told.get('version')} is not known")
    sums: Counter[str] = Counter()
    seen: dict[str, list[bytes]] = {}
    totals: Counter[str] = Counter()
    broken = [*_transfers(folder, sums, seen, totals)]
    broken += _days(folder, seen, totals, key)
    broken += _accounts(folder, sums)
    broken += _digests(folder, told["sha256"])
    return broken


def _lines(folder: Path, name: str) -> Iterator[tuple[int, str]]:
    with (folder / name).open("rb") as read:
        for number, line in enumerate(read, start=1):
            yield number, line.rstrip(b"\n").decode("utf-8", "replace")


def _transfers(
    folder: Path, sums: Counter[str], seen: dict[str, list[bytes]], totals: Counter[str]
) -> Iterator[Broken]:
    last = ("", 0)
    for number, line in _lines(folder, TRANSFERS):
        if number == 1:
            continue
        canonical, _, digest = line.rpartition("|")
        cells = canonical.split("|")
        if len(cells) != len(COLUMNS) or not (cells[0].isdigit() and cells[3].isdigit()):
            yield Broken(TRANSFERS, number, "is no transfer")
            continue
        row = dict(zip(COLUMNS, cells, strict=True))
        here = (row["office_day"], int(row["id"]))
        if here <= last:
            yield Broken(TRANSFERS, number, f"transfer {row['id']} is out of order or there twice")
        last = here
        leaf = sha256(canonical.encode()).digest()
        if leaf.hex() != digest:
            yield Broken(TRANSFERS, number, f"transfer {row['id']} is not what was exported")
        if not _allowed(row):
            yield Broken(TRANSFERS, number, f"transfer {row['id']} moves what its kind does not")
        fen = int(row["amount_fen"])
        sums[f"{row['debit']} debit"] += fen
        sums[f"{row['credit']} credit"] += fen
        totals[row["office_day"]] += fen
        seen.setdefault(row["office_day"], []).append(leaf)


def _allowed(row: dict[str, str]) -> bool:
    try:
        leaves, reaches = MOVES[TransferKind(row["kind"])]
    except ValueError:
        return False
    line, _, kind = row["debit"].rpartition("/")
    other, _, reached = row["credit"].rpartition("/")
    return (line, kind, reached) == (other, leaves.value, reaches.value)


def _days(
    folder: Path,
    seen: dict[str, list[bytes]],
    totals: Counter[str],
    key: Ed25519PublicKey | None,
) -> Iterator[Broken]:
    previous = FIRST
    for number, line in _lines(folder, DAYS):
        if number == 1:
            continue
        row = dict(zip(DAY_COLUMNS, line.split("|"), strict=False))
        leaves = seen.get(row["day"], [])
        said = _wrong_with(row, leaves, totals[row["day"]], previous)
        if said:
            yield Broken(DAYS, number, f"{row['day']}: {said}")
        previous = bytes.fromhex(row["sha256"]) if _is_hex(row["sha256"]) else FIRST
        if key is not None and not _signed(row, key):
            yield Broken(DAYS, number, f"{row['day']}: is not signed by the key given")


def _wrong_with(
    row: dict[str, str], leaves: list[bytes], amount_fen: int, previous: bytes
) -> str | None:
    if row["previous"] != previous.hex():
        return "is not chained to the day before"
    if row["transfers"] != str(len(leaves)):
        return f"was sealed with {row['transfers']} transfers and has {len(leaves)}"
    if row["amount_fen"] != str(amount_fen):
        return f"was sealed with {row['amount_fen']} fen and has {amount_fen}"
    if row["sha256"] != sha256(previous + b"".join(leaves)).hexdigest():
        return "its transfers do not give its seal"
    return None


def _is_hex(value: str) -> bool:
    try:
        return len(bytes.fromhex(value)) == len(FIRST)
    except ValueError:
        return False


def _signed(row: dict[str, str], key: Ed25519PublicKey) -> bool:
    try:
        seal, signature = bytes.fromhex(row["sha256"]), bytes.fromhex(row["signature"])
    except ValueError:
        return False
    return row["signed_by"] == key_id(key) and is_signed(key, seal, signature)


def _accounts(folder: Path, sums: Counter[str]) -> Iterator[Broken]:
    debits = credits_ = 0
    for number, line in _lines(folder, ACCOUNTS):
        if number == 1:
            continue
        code, debit, credit = line.split("|")
        ours = sums[f"{code} debit"], sums[f"{code} credit"]
        if (debit, credit) != tuple(map(str, ours)):
            has = f"debits {debit}, credits {credit} fen"
            yield Broken(
                ACCOUNTS, number, f"{code}: {has}; its transfers give {ours[0]}, {ours[1]}"
            )
        debits, credits_ = debits + ours[0], credits_ + ours[1]
    if debits != credits_:
        yield Broken(ACCOUNTS, 0, f"the trial balance is off by {show_yuan(credits_ - debits)}")


def _digests(folder: Path, told: dict[str, str]) -> Iterator[Broken]:
    for name, digest in sorted(told.items()):
        found = sha256()
        with (folder / name).open("rb") as read:
            while piece := read.read(1 << 20):
                found.update(piece)
        if found.hexdigest() != digest:
            yield Broken(name, 0, "is not the file that was exported")

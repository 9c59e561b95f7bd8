"""The lines of a run's bank files, as many as there are payouts: kept small, made when asked for.

A line as the bank gets it is a dozen objects; those of a city's payouts at once would take more
memory than the file they make. Here the texts stand in one another's wake, what many have in common
stands once, and the rest is numbers in arrays.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from app.bank.line_faults import PaymentLine

_ID_BYTES = 16
_BETWEEN = "\0"  # which the database keeps in no text


class Sent(NamedTuple):
    """A payout on its way, with its number and its line of the bank's file."""

    payout_id: UUID
    number: str
    line: PaymentLine


class Lines:
    """The payouts of a run in the order of their numbers, by their place among them from 0."""

    def __init__(self) -> None:
        self._ids = bytearray()
        self._texts = bytearray()
        self._ends = array("q")
        self._fen = array("q")
        self._shared = array("l")
        self._known: dict[tuple[str, str], int] = {}
        self._of_shared: list[tuple[str, str]] = []

    def add(self, sent: Sent) -> None:
        """The next one; where it stands in its file is not known yet."""
        line = sent.line
        own = (sent.number, line.name, line.account, line.resident_id)
        self._ids += sent.payout_id.bytes
        self._texts += _BETWEEN.join(own).encode()
        self._ends.append(len(self._texts))
        self._fen.append(line.amount_fen)
        shared = (line.summary, line.bank_name)
        if shared not in self._known:
            self._known[shared] = len(self._of_shared)
            self._of_shared.append(shared)
        self._shared.append(self._known[shared])

    def __len__(self) -> int:
        return len(self._ends)

    def payout(self, place: int) -> UUID:
        """Whose line it is."""
        start = place * _ID_BYTES
        return UUID(bytes=bytes(self._ids[start : start + _ID_BYTES]))

    def bank_name(self, place: int) -> str:
        """The bank of the account."""
        return self._of_shared[self._shared[place]][1]

    def line(self, place: int, seq: int) -> PaymentLine:
        """The line at a place, as number `seq` of its file."""
        return self._read(place, seq)[1]

    def at(self, place: int, seq: int) -> Sent:
        """The same with its payout."""
        return Sent(self.payout(place), *self._read(place, seq))

    def _read(self, place: int, seq: int) -> tuple[str, PaymentLine]:
        """The payout's number, and its line."""
        start = self._ends[place - 1] if place else 0
        own = self._texts[start : self._ends[place]].decode().split(_BETWEEN)
        number, name, account, resident_id = own
        shared = self._of_shared[self._shared[place]]
        return number, PaymentLine(seq, name, account, self._fen[place], resident_id, *shared)


class Chunk:
    """The lines of one file, by their places, numbered from 1."""

    def __init__(self, lines: Lines, places: Sequence[int]) -> None:
        self._lines, self._places = lines, places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Sent]:
        for seq, place in enumerate(self._places, start=1):
            yield self._lines.at(place, seq)

    def lines(self) -> Iterator[PaymentLine]:
        """As the file is written of them."""
        for seq, place in enumerate(self._places, start=1):
            yield self._lines.line(place, seq)

    def payouts(self) -> Iterator[UUID]:
        """Whose lines they are, in order."""
        return map(self._lines.payout, self._places)


class Payments:
    """The lines of a file alone, as it is written of them."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk

    def __len__(self) -> int:
        return len(self._chunk)

    def __iter__(self) -> Iterator[PaymentLine]:
        return self._chunk.lines()

"""Large files in pieces: written and read a piece at a time, so that none is in memory whole."""

import hashlib
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.core import crypto, db
from app.documents.models import DocumentPiece

PIECE = 1024 * 1024
_LEVEL = 1  # rolls are digits and few characters: a third is left, as fast as it is sealed
_NO_BYTES = 4
_ADD = (
    "INSERT INTO document_piece (document_id, no, school_id, county_id, body) "
    "VALUES (%s, %s, %s, %s, %b)"
)


def measured(file: BinaryIO) -> tuple[int, bytes]:
    """How many bytes a file has, and their sha256."""
    file.seek(0)
    size, seen = 0, hashlib.sha256()
    while piece := file.read(PIECE):
        size += len(piece)
        seen.update(piece)
    return size, seen.digest()


def keep(
    session: Session,
    file: BinaryIO,
    document_id: UUID,
    *,
    school_id: UUID | None,
    county_id: UUID | None,
) -> None:
    """Stores a file's pieces: one statement, however large it is."""

    def lines() -> Iterator[tuple[object, ...]]:
        file.seek(0)
        for no, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
            yield document_id, no, school_id, county_id, _sealed(piece, no, document_id)

    # Not COPY, which row security does not allow; the driver takes the pieces one by one.
    with db.raw(session).cursor() as cursor:
        cursor.executemany(_ADD, lines())


def opened(session: Session, document_id: UUID, size: int) -> BinaryIO:
    """The file to read from and seek in. Raises CiphertextBroken where a piece does not open."""
    return io.BufferedReader(_Pieces(session, document_id, size), PIECE)


class _Pieces(io.RawIOBase):
    """A stored file that holds the piece it reads from, and no other."""

    def __init__(self, session: Session, document_id: UUID, size: int) -> None:
        super().__init__()
        self._session = session
        self._document_id = document_id
        self._size = size
        self._place = 0
        self._held = (-1, b"")

    def readable(self) -> bool:
        """It is read from."""
        return True

    def seekable(self) -> bool:
        """From any place."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a place."""
        begins = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}
        self._place = max(0, begins[whence] + offset)
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fills the buffer from one piece; 0 at the end."""
        if self._place >= self._size:
            return 0
        no, at = divmod(self._place, PIECE)
        if self._held[0] != no:
            self._held = (no, self._piece(no))
        part = self._held[1][at : at + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _piece(self, no: int) -> bytes:
        wanted = select(col(DocumentPiece.body)).where(
            col(DocumentPiece.document_id) == self._document_id, col(DocumentPiece.no) == no
        )
        found = self._session.execute(wanted).scalar_one_or_none()
        return _unsealed(found or b"", no, self._document_id)


def _sealed(piece: bytes, no: int, document_id: UUID) -> bytes:
    # The number is sealed with the bytes, so that pieces cannot change places.
    packed = no.to_bytes(_NO_BYTES) + zlib.compress(piece, _LEVEL)
    return crypto.encrypt_bytes(packed, table="document_piece", column="body", record=document_id)


def _unsealed(sealed: bytes, no: int, document_id: UUID) -> bytes:
    packed = crypto.decrypt_bytes(sealed, table="document_piece", column="body", record=document_id)
    if packed[:_NO_BYTES] != no.to_bytes(_NO_BYTES):
        raise crypto.CiphertextBroken(
            f"文件 {document_id} 的第 {no} 块被调换，请从备份恢复。",
            f"Piece {no} of document {document_id} is another's; restore it from a backup.",
        )
    return zlib.decompress(packed[_NO_BYTES:])

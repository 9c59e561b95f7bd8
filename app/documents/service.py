"""Keeps files: encrypted, and the same bytes of the same kind and scope once."""

import io
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, crypto, ids
from app.core.actor import Actor
from app.documents import pieces, queries
from app.documents.errors import DocumentNotFound
from app.documents.models import Document, DocumentKind

NAME_MAX = 200


def store(  # noqa: PLR0913 what a file is and whose
    session: Session,
    *,
    kind: DocumentKind,
    name: str,
    media_type: str,
    data: bytes,
    by: Actor,
    school_id: UUID | None = None,
    county_id: UUID | None = None,
) -> Document:
    """The stored file with these bytes; one that is there already in the same scope is answered.

    `school_id` and `county_id` say whose it is: both null is seen by the city alone. The answer's
    `body` is not loaded; `read` opens it. What is larger than a piece is kept in pieces, so that it
    is not in memory once more sealed and once more on its way.
    """
    if len(data) > pieces.PIECE:
        return store_file(
            session, kind=kind, name=name, media_type=media_type, file=io.BytesIO(data), by=by,
            school_id=school_id, county_id=county_id,
        )  # fmt: skip
    document_id = ids.new()
    described = _Described(
        kind, name[:NAME_MAX], media_type, len(data), crypto.fingerprint(data), school_id, county_id
    )
    sealed = crypto.encrypt_bytes(data, table="document", column="body", record=document_id)
    _add(session, document_id, described, sealed, by=by)
    return _found(session, described)


def store_file(  # noqa: PLR0913 what a file is and whose
    session: Session,
    *,
    kind: DocumentKind,
    name: str,
    media_type: str,
    file: BinaryIO,
    by: Actor,
    school_id: UUID | None = None,
    county_id: UUID | None = None,
) -> Document:
    """As `store`, of a file that is never in memory whole: it is kept in pieces."""
    document_id = ids.new()
    size, sha256 = pieces.measured(file)
    described = _Described(kind, name[:NAME_MAX], media_type, size, sha256, school_id, county_id)
    if _add(session, document_id, described, b"", by=by):
        pieces.keep(session, file, document_id, school_id=school_id, county_id=county_id)
    return _found(session, described)


def open_file(session: Session, document_id: UUID) -> BinaryIO:
    """The file's own bytes to read from, while the transaction lasts; one in pieces stays so.

    Raises DocumentNotFound outside the transaction's scope.
    """
    found = session.execute(
        select(col(Document.body), col(Document.size)).where(col(Document.id) == document_id)
    ).one_or_none()
    if found is None:
        raise DocumentNotFound
    sealed, size = found
    if not sealed:
        return pieces.opened(session, document_id, size)
    return io.BytesIO(
        crypto.decrypt_bytes(sealed, table="document", column="body", record=document_id)
    )


def read(session: Session, document_id: UUID) -> bytes:
    """The file's own bytes. Raises DocumentNotFound outside the transaction's scope."""
    return open_file(session, document_id).read()


@dataclass(frozen=True)
class _Described:
    """What a file is, and whose."""

    kind: DocumentKind
    name: str
    media_type: str
    size: int
    sha256: bytes
    school_id: UUID | None
    county_id: UUID | None


def _add(
    session: Session, document_id: UUID, described: _Described, body: bytes, *, by: Actor
) -> bool:
    """Adds the file under this id; false where it is there already."""
    stored = session.execute(
        insert(Document)
        .values(
            id=document_id, body=body, stored_by=by.id, stored_at=clock.now(), **vars(described)
        )
        .on_conflict_do_nothing(index_elements=["sha256", "kind", "school_id", "county_id"])
        .returning(col(Document.id))
    ).scalar_one_or_none()
    if stored is None:
        return False
    detail = {
        "kind": described.kind.value,
        "size": described.size,
        "sha256": described.sha256.hex(),
    }
    audit.note(session, by=by, did="document.stored", records=[document_id], detail=detail)
    return True


def _found(session: Session, described: _Described) -> Document:
    found: Document = session.execute(
        queries.described().where(
            col(Document.sha256) == described.sha256,
            col(Document.kind) == described.kind,
            col(Document.school_id).is_not_distinct_from(described.school_id),
            col(Document.county_id).is_not_distinct_from(described.county_id),
        )
    ).scalar_one()
    return found

"""Keeps files: encrypted, and the same bytes of the same kind and scope once."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, crypto, ids
from app.core.actor import Actor
from app.documents import queries
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
    `body` is not loaded; `read` opens it.
    """
    document_id, sha256 = ids.new(), crypto.fingerprint(data)
    sealed = crypto.encrypt_bytes(data, table="document", column="body", record=document_id)
    stored = session.execute(
        insert(Document)
        .values(
            id=document_id,
            school_id=school_id,
            county_id=county_id,
            kind=kind,
            name=name[:NAME_MAX],
            media_type=media_type,
            size=len(data),
            sha256=sha256,
            body=sealed,
            stored_by=by.id,
            stored_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["sha256", "kind", "school_id", "county_id"])
        .returning(col(Document.id))
    ).scalar_one_or_none()
    if stored is not None:
        detail = {"kind": kind.value, "size": len(data), "sha256": sha256.hex()}
        audit.note(session, by=by, did="document.stored", records=[document_id], detail=detail)
    found: Document = session.execute(
        queries.described().where(
            col(Document.sha256) == sha256,
            col(Document.kind) == kind,
            col(Document.school_id).is_not_distinct_from(school_id),
            col(Document.county_id).is_not_distinct_from(county_id),
        )
    ).scalar_one()
    return found


def read(session: Session, document_id: UUID) -> bytes:
    """The file's own bytes. Raises DocumentNotFound outside the transaction's scope."""
    sealed = session.execute(
        select(col(Document.body)).where(col(Document.id) == document_id)
    ).scalar_one_or_none()
    if sealed is None:
        raise DocumentNotFound
    return crypto.decrypt_bytes(sealed, table="document", column="body", record=document_id)

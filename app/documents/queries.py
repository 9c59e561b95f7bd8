"""Reads what is known of stored files, without their bytes."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from app.core.actor import Actor
from app.core.scoping import among, visible
from app.documents.errors import DocumentNotFound
from app.documents.models import Document, DocumentKind


def described() -> Select[Document]:
    """Documents with `body` left where it is."""
    return select(Document).options(defer(Document.body))  # type: ignore[arg-type]


def one(session: Session, document_id: UUID, *, by: Actor, kind: DocumentKind) -> Document:
    """The document of that kind, without its bytes. Raises DocumentNotFound outside the scope."""
    found: Document | None = session.execute(
        described().where(
            col(Document.id) == document_id, col(Document.kind) == kind, visible(Document, by)
        )
    ).scalar_one_or_none()
    if found is None:
        raise DocumentNotFound
    return found


def owners(
    session: Session, wanted: Collection[UUID], *, by: Actor, kind: DocumentKind
) -> dict[UUID, UUID | None]:
    """Whose those of the documents of that kind are that lie in scope: a school's, else null."""
    found = session.execute(
        select(col(Document.id), col(Document.school_id)).where(
            among(col(Document.id), wanted), col(Document.kind) == kind, visible(Document, by)
        )
    )
    return dict(map(tuple, found))

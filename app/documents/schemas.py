"""What the door of documents shows."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from app.documents.models import Document, DocumentKind


class DocumentOut(BaseModel):
    """A stored file, without its bytes; `sha256` is that of the file itself."""

    id: UUID
    kind: DocumentKind
    name: str
    media_type: str
    size: int
    sha256: str
    stored_at: datetime

    @classmethod
    def of(cls, document: Document) -> "DocumentOut":
        """The reply for a stored document."""
        return cls(
            id=document.id,
            kind=document.kind,
            name=document.name,
            media_type=document.media_type,
            size=document.size,
            sha256=document.sha256.hex(),
            stored_at=document.stored_at,
        )

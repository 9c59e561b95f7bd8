"""Stored files. Append-only."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, enum_column, moment_column, one_of


class DocumentKind(StrEnum):
    """What a stored file is."""

    SHEET = "sheet"
    ANNOTATED_SHEET = "annotated_sheet"
    SCAN = "scan"
    PAYMENT_FILE = "payment_file"
    RETURN_FILE = "return_file"
    STATEMENT = "statement"
    PAY_REGISTER = "pay_register"
    SIGNED_REGISTER = "signed_register"


class Document(SQLModel, table=True):
    """One file's bytes, encrypted. School and county are null where no school's data is inside.

    `body` is empty where the bytes stand in `DocumentPiece`: a file too large to be in memory.
    """

    __table_args__ = (
        one_of("kind", DocumentKind),
        Index(
            "uq_document_once",
            "sha256",
            "kind",
            "school_id",
            "county_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    kind: DocumentKind = enum_column(DocumentKind)
    name: str = Field(max_length=200)
    media_type: str = Field(max_length=100)
    size: int
    sha256: bytes = bytes_column()
    body: bytes = bytes_column()
    stored_by: UUID
    stored_at: datetime = moment_column()


class DocumentPiece(SQLModel, table=True):
    """A part of a large file's bytes, packed and encrypted with its place. Append-only."""

    __tablename__ = "document_piece"
    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    no: int = Field(primary_key=True)
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    body: bytes = bytes_column()

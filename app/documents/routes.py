"""Scans of paper documents: up and down."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, UploadFile

from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor, Scope
from app.core.db import DbSession
from app.core.downloads import attached
from app.core.web import AidRoute
from app.documents import queries, service
from app.documents.models import DocumentKind
from app.documents.scans import read_scan
from app.documents.schemas import DocumentOut

router = APIRouter(route_class=AidRoute, tags=["documents"])


@router.post("/documents", status_code=201)
def upload_scan(
    session: DbSession, by: Annotated[Actor, may(Act.DOCUMENT_STORE)], file: UploadFile
) -> DocumentOut:
    """Stores the scan of a paper, as of an appropriation or a household register.

    PDF, JPEG or PNG, at most 10 MiB. A school's is seen by the school and its office.
    """
    scan = read_scan(file.file)
    stored = service.store(
        session,
        kind=DocumentKind.SCAN,
        name=file.filename or "scan",
        media_type=scan.media_type,
        data=scan.data,
        by=by,
        school_id=by.school_id if by.scope is Scope.SCHOOL else None,
        county_id=None if by.scope is Scope.CITY else by.county_id,
    )
    return DocumentOut.of(stored)


@router.get("/documents/{document_id}", response_class=Response)
def download_scan(
    session: DbSession, by: Annotated[Actor, may(Act.DOCUMENT_READ)], document_id: UUID
) -> Response:
    """The bytes of a scan; the audit trail keeps who took it."""
    found = queries.one(session, document_id, by=by, kind=DocumentKind.SCAN)
    audit.note(session, by=by, did="document.downloaded", records=[document_id])
    return Response(
        service.read(session, document_id),
        media_type=found.media_type,
        headers=attached(str(document_id)),
    )

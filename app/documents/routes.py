"""Scans of paper documents: up and down."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, UploadFile

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
    session: DbSession, by: Annotated[Actor, may(Act.APPROPRIATE)], file: UploadFile
) -> DocumentOut:
    """Stores the scan of an appropriation document: PDF, JPEG or PNG, at most 10 MiB."""
    scan = read_scan(file.file)
    stored = service.store(
        session,
        kind=DocumentKind.SCAN,
        name=file.filename or "scan",
        media_type=scan.media_type,
        data=scan.data,
        by=by,
        county_id=by.county_id if by.scope is Scope.COUNTY else None,
    )
    return DocumentOut.of(stored)


@router.get("/documents/{document_id}", response_class=Response)
def download_scan(
    session: DbSession, by: Annotated[Actor, may(Act.BUDGET_READ)], document_id: UUID
) -> Response:
    """The bytes of a scan."""
    found = queries.one(session, document_id, by=by, kind=DocumentKind.SCAN)
    return Response(
        service.read(session, document_id),
        media_type=found.media_type,
        headers=attached(str(document_id)),
    )

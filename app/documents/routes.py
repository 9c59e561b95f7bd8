"""Scans of paper documents: up and down."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, UploadFile

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor, Scope
from app.core.db import DbSession
from app.core.problems import TooLarge
from app.core.web import AidRoute
from app.documents import queries, service
from app.documents.errors import ScanTypeWrong
from app.documents.models import DocumentKind
from app.documents.rules import SCAN_BYTES_MAX, scan_type
from app.documents.schemas import DocumentOut

router = APIRouter(route_class=AidRoute, tags=["documents"])


@router.post("/documents", status_code=201)
def upload_scan(
    session: DbSession, by: Annotated[Actor, may(Act.APPROPRIATE)], file: UploadFile
) -> DocumentOut:
    """Stores the scan of an appropriation document: PDF, JPEG or PNG, at most 10 MiB."""
    data = file.file.read(SCAN_BYTES_MAX + 1)
    if len(data) > SCAN_BYTES_MAX:
        raise TooLarge(
            "扫描件超过 10 MiB，请降低分辨率后重新扫描；未保存任何内容。",
            "The scan is over 10 MiB; scan it at a lower resolution. Nothing was saved.",
        )
    media_type = scan_type(data)
    if media_type is None:
        raise ScanTypeWrong
    stored = service.store(
        session,
        kind=DocumentKind.SCAN,
        name=file.filename or "scan",
        media_type=media_type,
        data=data,
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
        headers={
            "Content-Disposition": f'attachment; filename="{document_id}"',
            "X-Content-Type-Options": "nosniff",
        },
    )

"""Files on their way out: what a route says of them, and the reply that has one saved."""

from typing import Any
from urllib.parse import quote

from fastapi import Response

from app.core.media import XLSX


def described(says: str, *kinds: str) -> dict[int | str, dict[str, Any]]:
    """What a route that answers a file of one of these media types says of its replies."""
    return {200: {"content": {kind: {} for kind in kinds}, "description": says}}


def attached(name: str) -> dict[str, str]:
    """The header that has a reply saved under a name."""
    return {"Content-Disposition": f"attachment; filename={quote(name)}"}


def workbook(book: bytes, name: str) -> Response:
    """The reply that has a workbook saved under a name."""
    return Response(book, media_type=XLSX, headers=attached(name))

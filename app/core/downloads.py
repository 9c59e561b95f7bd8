"""Files on their way out: what a route says of them, and the reply that has one saved."""

import re
from typing import Any
from urllib.parse import quote

from fastapi import Response

from app.core.media import XLSX

_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_ANY_NAME = "attachment; filename=\"download\"; filename*=UTF-8''{}"


def described(says: str, *kinds: str) -> dict[int | str, dict[str, Any]]:
    """What a route that answers a file of one of these media types says of its replies."""
    return {200: {"content": {kind: {} for kind in kinds}, "description": says}}


def attached(name: str) -> dict[str, str]:
    """The headers that have a reply saved under a name, and never shown as something else.

    A name that may hold anything is given as RFC 6266 asks: one sent up could break the header.
    """
    plain = _PLAIN.fullmatch(name)
    told = f'attachment; filename="{name}"' if plain else _ANY_NAME.format(quote(name, safe=""))
    return {"Content-Disposition": told, "X-Content-Type-Options": "nosniff"}


def workbook(book: bytes, name: str) -> Response:
    """The reply that has a workbook saved under a name."""
    return Response(book, media_type=XLSX, headers=attached(name))

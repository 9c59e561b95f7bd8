"""`ETag` and `If-Match`: nobody overwrites what they have not seen."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from app.core.errors import Conflict, Invalid

_TAG = re.compile(r'(?:W/)?"([0-9]{1,9})"', re.ASCII)


class VersionNotNamed(Invalid):
    """A change must name the version it was made from."""

    status = 428
    code = "etag.if-match-missing"


class VersionStale(Conflict):
    """Somebody else has changed the record meanwhile."""

    status = 412
    code = "etag.stale"


def _named(if_match: Annotated[str | None, Header(max_length=40)] = None) -> int:
    if if_match is None:
        raise VersionNotNamed(
            "修改须带 If-Match：先读取记录，把应答中的 ETag 原样带上。",
            "A change needs If-Match: read the record first and send its ETag back.",
        )
    tag = _TAG.fullmatch(if_match.strip())
    # A tag that is none of ours fits no record.
    return int(tag.group(1)) if tag else -1


IfMatch = Annotated[int, Depends(_named)]
"""The version the caller has seen. Raises VersionNotNamed where the header is missing."""


def tag(response: Response, version: int) -> None:
    """Sets the `ETag` of a record that people edit."""
    response.headers["ETag"] = f'"{version}"'


def check(seen: int, version: int) -> None:
    """Raises VersionStale where the record has moved on from the version the caller has seen."""
    if seen != version:
        raise VersionStale(
            "该记录已被他人修改，请重新读取后再改。",
            "The record was changed by somebody else; read it again and repeat your change.",
        )

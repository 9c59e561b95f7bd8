"""Lists come in pages behind a cursor: the last id seen, opaque to the caller."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from app.core.errors import Invalid

PAGE_DEFAULT = 50
PAGE_MAX = 200

Row = TypeVar("Row")
Item = TypeVar("Item")


class CursorWrong(Invalid):
    """The cursor was not made by this service."""

    code = "paging.cursor-wrong"


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the following page or null."""

    items: list[Item]
    next: str | None


@dataclass(frozen=True)
class PageAsked:
    """What the caller asked for: how many, and after which id."""

    limit: int
    after: UUID | None

    @property
    def fetch(self) -> int:
        """One more than asked, to know whether another page follows."""
        return self.limit + 1


def _asked(
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> PageAsked:
    return PageAsked(limit=limit, after=None if cursor is None else _decode(cursor))


Paging = Annotated[PageAsked, Depends(_asked)]


def page_of(
    rows: Sequence[Row],
    asked: PageAsked,
    *,
    key: Callable[[Row], UUID],
    show: Callable[[Row], Item],
) -> Page[Item]:
    """A page from `asked.fetch` rows ordered by the key."""
    kept = rows[: asked.limit]
    more = len(rows) > asked.limit
    return Page(items=[show(row) for row in kept], next=_encode(key(kept[-1])) if more else None)


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Sets the `Link` header to the following page, keeping the filters."""
    if cursor is None:
        return
    asked = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    query = urlencode([*asked, ("cursor", cursor)])
    response.headers["Link"] = f'<{quote(request.url.path)}?{query}>; rel="next"'


def _encode(key: UUID) -> str:
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def _decode(cursor: str) -> UUID:
    try:
        key = UUID(bytes=base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    # The decoder passes over what is not of its alphabet; ours has one spelling only.
    if key is None or _encode(key) != cursor:
        raise CursorWrong(
            "翻页游标无效，请从第一页重新开始。",
            "The cursor is not one of ours; start again from the first page.",
        )
    return key

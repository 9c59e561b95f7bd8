"""Lists come in pages behind a cursor: the last id seen, opaque to the caller."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import BigInteger, Select, literal

from app.core.errors import Invalid

PAGE_DEFAULT = 50
PAGE_MAX = 200
_BIGINT_MAX = 2**63 - 1

Sought = TypeVar("Sought", bound=Select[*tuple[Any, ...]])
Row = TypeVar("Row")
Item = TypeVar("Item")


class CursorWrong(Invalid):
    """The cursor was not made by this service."""

    code = "paging.cursor-wrong"


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the following page or null."""

    items: list[Item]
    next: str | None


def _no_link(cursor: str | None) -> None:
    """Nobody follows a link where there is no reply."""


@dataclass(frozen=True)
class PageAsked:
    """What the caller asked for: how many, and after which id.

    `link` puts the way to the following page, by its cursor, into the reply.
    """

    limit: int
    after: UUID | None
    link: Callable[[str | None], None] = field(default=_no_link, compare=False)

    @property
    def fetch(self) -> int:
        """One more than asked, to know whether another page follows."""
        return self.limit + 1

    @property
    def after_line(self) -> int | None:
        """The cursor of numbered lines, as a number.

        That of another list is far larger; cut to BIGINT it finds nothing after it.
        """
        return None if self.after is None else min(self.after.int, _BIGINT_MAX)

    def cut(self, query: Sought, key: Any, *, newest_first: bool = False) -> Sought:
        """The page's rows of a select, in the order of the key that the cursor is one of."""
        ordered = query.order_by(key.desc() if newest_first else key).limit(self.fetch)
        if self.after is None:
            return ordered
        return ordered.where(key < self.after if newest_first else key > self.after)

    def cut_lines(self, query: Sought, line: Any) -> Sought:
        """The same of a list whose lines are numbered; the cursor is the line's number as an id."""
        ordered = query.order_by(line).limit(self.fetch)
        if self.after_line is None:
            return ordered
        return ordered.where(line > literal(self.after_line, BigInteger))


async def _asked(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> PageAsked:
    after = None if cursor is None else _decode(cursor)
    return PageAsked(limit, after, partial(link_next, request, response))


Paging = Annotated[PageAsked, Depends(_asked)]


def page_of(
    rows: Sequence[Row],
    asked: PageAsked,
    *,
    key: Callable[[Row], UUID],
    show: Callable[[Row], Item],
) -> Page[Item]:
    """A page from `asked.fetch` rows ordered by the key; the reply links to the following one."""
    kept = rows[: asked.limit]
    following = _encode(key(kept[-1])) if len(rows) > asked.limit else None
    asked.link(following)
    return Page(items=[show(row) for row in kept], next=following)


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

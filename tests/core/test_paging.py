"""Cursors are opaque and only ours pass; the link to the next page keeps path and filters."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import Request, Response
from sqlalchemy import Integer, Select, column, func, select
from sqlmodel import Session

from app.core.paging import PageAsked, link_next

LAST = UUID(int=2**100)


def asked(path: str, query: str) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [],
        }
    )


def test_a_path_in_chinese_is_quoted_and_the_filters_stay() -> None:
    response = Response()
    link_next(asked("/api/v1/trail/济财教指〔2008〕1号", "limit=1&cursor=old"), response, "new")
    assert response.headers["Link"].startswith("</api/v1/trail/%E6%B5%8E")
    assert response.headers["Link"].endswith('?limit=1&cursor=new>; rel="next"')


def test_the_last_page_has_no_link() -> None:
    response = Response()
    link_next(asked("/api/v1/schools", ""), response, None)
    assert "Link" not in response.headers


@pytest.mark.parametrize(
    ("after", "newest_first", "ends"),
    [
        (None, False, " ORDER BY id LIMIT 21"),
        (None, True, " ORDER BY id DESC LIMIT 21"),
        (LAST, False, f" WHERE id > '{LAST.hex}' ORDER BY id LIMIT 21"),
        (LAST, True, f" WHERE id < '{LAST.hex}' ORDER BY id DESC LIMIT 21"),
    ],
)
def test_a_page_begins_behind_the_cursor_and_has_one_row_more_than_asked(
    after: UUID | None, newest_first: bool, ends: str
) -> None:
    query = PageAsked(20, after).cut(select(column("id")), column("id"), newest_first=newest_first)
    assert shown(query) == f"SELECT id{ends}"


@pytest.mark.parametrize(
    ("after", "ends"),
    [
        (None, ""),
        (UUID(int=17), " WHERE line_no > 17"),
        (LAST, " WHERE line_no > 9223372036854775807"),  # a cursor of another list
    ],
)
def test_of_numbered_lines_the_cursor_is_the_number(after: UUID | None, ends: str) -> None:
    query = PageAsked(1, after).cut_lines(select(column("line_no")), column("line_no"))
    assert shown(query) == f"SELECT line_no{ends} ORDER BY line_no LIMIT 2"


@pytest.mark.parametrize(("after", "found"), [(UUID(int=3), [4, 5]), (LAST, [])])
def test_a_cursor_of_another_list_finds_no_line_of_a_narrow_column(
    session: Session, after: UUID, found: list[int]
) -> None:
    lines = func.generate_series(1, 5).table_valued(column("no", Integer)).render_derived()
    query = PageAsked(20, after).cut_lines(select(lines.c.no), lines.c.no)
    assert list(session.execute(query).scalars()) == found


def shown(query: Select[Any]) -> str:
    """A select on one line, with its values."""
    text = str(query.compile(compile_kwargs={"literal_binds": True}))
    return " ".join(text.split())

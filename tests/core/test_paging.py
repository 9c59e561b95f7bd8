"""Cursors are opaque and only ours pass; the link to the next page keeps path and filters."""

from fastapi import Request, Response

from app.core.paging import link_next


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

"""Every route has a guard, and the table says who may pass each."""

from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from app.auth.models import Role
from app.auth.permissions import MAY, Act
from app.main import create_app
from tests.factories.office import City

OPEN = {
    "/api/v1/token",
    "/api/v1/token/revoke",
    "/api/v1/public/notices/{number}",  # 公示 is for everybody
    "/healthz",
}


def acts_of(dependant: Dependant) -> Iterator[Act]:
    act = getattr(dependant.call, "act", None)
    if act is not None:
        yield act
    for needed in dependant.dependencies:
        yield from acts_of(needed)


def routes() -> list[tuple[str, str, list[Act]]]:
    """Method, path and guards of every route that answers with more than its own description."""
    app = create_app(serve_from_bound_engine=True)
    found = []
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            acts = list(acts_of(context.original_route.dependant))
            found += [(method, str(context.path), acts) for method in context.methods or ()]
    return found


def test_every_route_asks_for_exactly_one_act_save_the_open_doors() -> None:
    found = routes()
    wrong = [(m, p, a) for m, p, a in found if p not in OPEN and len(a) != 1]
    assert wrong == []
    assert {path for _, path, acts in found if not acts} == OPEN
    assert len(found) > 15


def test_every_route_that_is_no_api_route_only_describes_the_service() -> None:
    app = create_app(serve_from_bound_engine=True)
    others = {
        str(context.path)
        for context in iter_route_contexts(app.routes)
        if not isinstance(context.original_route, APIRoute)
    }
    assert others == {"/api/v1/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}


def test_the_table_has_an_entry_for_every_act_and_somebody_may_do_it() -> None:
    assert set(MAY) == set(Act)
    assert [act for act, roles in MAY.items() if not roles] == []


def test_an_administrator_decides_nothing_and_moves_no_money() -> None:
    may = {act for act in Act if Role.ADMINISTRATOR in MAY[act]}
    assert may == {
        Act.SELF, Act.PASSWORD_CHANGE, Act.OFFICE_DAY_SET, Act.ORGANISATION_READ,
        Act.ORGANISATION_MANAGE, Act.STAFF_MANAGE, Act.CLIENT_MANAGE, Act.PROGRAMME_READ,
        Act.ROUND_READ,
    }  # fmt: skip


def test_maker_and_checker_share_neither_opening_nor_release() -> None:
    assert MAY[Act.RUN_OPEN] == {Role.FINANCE_MAKER}
    assert MAY[Act.RUN_RELEASE] == {Role.FINANCE_CHECKER}


def test_a_role_without_leave_is_refused_by_name_of_the_act(client: TestClient, city: City) -> None:
    asked: dict[str, Any] = {"kind": "county_centre", "code": "370827", "name": "鱼台县资助中心"}
    answer = client.post(
        "/api/v1/organisations",
        json={**asked, "parent_id": str(city.centre)},
        headers=city.bearer("city_officer"),
    )
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/auth.not-allowed"
    assert answer.json()["act"] == "organisation.manage"

"""Systems that act for schools, and the heads' leave for them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth import queries, service
from app.auth.guards import may
from app.auth.models import ApiClient
from app.auth.permissions import Act
from app.auth.schemas import (
    ClientIn,
    ClientOut,
    ClientPatch,
    ClientSecretOut,
    GrantIn,
    GrantOut,
)
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["API clients"])


@router.post("/clients", status_code=201)
def create_client(
    session: DbSession, asked: ClientIn, by: Annotated[Actor, may(Act.CLIENT_MANAGE)]
) -> ClientSecretOut:
    """Makes a client; its secret is shown this once."""
    return _with_secret(*service.create_client(session, asked.name, by=by))


@router.get("/clients")
def list_clients(
    session: DbSession,
    by: Annotated[Actor, may(Act.CLIENT_MANAGE)],
    asked: Paging,
) -> Page[ClientOut]:
    """Every API client."""
    del by
    rows = queries.clients(session, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=ClientOut.of)


@router.patch("/clients/{client}")
def switch_client(
    session: DbSession,
    client: UUID,
    asked: ClientPatch,
    by: Annotated[Actor, may(Act.CLIENT_MANAGE)],
) -> ClientOut:
    """Switches a client on or off, at once."""
    return ClientOut.of(service.switch_client(session, client, active=asked.active, by=by))


@router.post("/clients/{client}/secret")
def renew_secret(
    session: DbSession, client: UUID, by: Annotated[Actor, may(Act.CLIENT_MANAGE)]
) -> ClientSecretOut:
    """A new secret, shown this once; the old one ends."""
    return _with_secret(*service.renew_secret(session, client, by=by))


def _with_secret(client: ApiClient, secret: str) -> ClientSecretOut:
    return ClientSecretOut(
        id=client.id, client_id=client.client_id, name=client.name, client_secret=secret
    )


@router.post("/client-grants", status_code=201)
def grant_client(
    session: DbSession, asked: GrantIn, by: Annotated[Actor, may(Act.CLIENT_GRANT)]
) -> GrantOut:
    """The head's leave for a client to act for the school."""
    return GrantOut.of(*service.grant_client(session, asked.client_id, by=by))


@router.get("/client-grants")
def list_grants(
    session: DbSession,
    by: Annotated[Actor, may(Act.CLIENT_GRANT)],
    asked: Paging,
) -> Page[GrantOut]:
    """The school's grants, live and revoked."""
    rows = queries.grants(session, asked, by=by)
    return page_of(
        rows, asked, key=lambda row: row[0].id, show=lambda row: GrantOut.of(row[0], row[1])
    )


@router.delete("/client-grants/{grant_id}", status_code=204)
def revoke_grant(
    session: DbSession, grant_id: UUID, by: Annotated[Actor, may(Act.CLIENT_GRANT)]
) -> None:
    """Ends a grant of the school, at once."""
    service.revoke_grant(session, grant_id, by=by)

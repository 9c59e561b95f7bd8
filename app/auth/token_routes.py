"""Where tokens are given out and taken back; the only doors without a token before them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from sqlmodel import Session

from app.auth import logins, tokens
from app.auth.errors import TokenRequestWrong
from app.auth.logins import LoggedIn, Refused
from app.auth.schemas import TokenOut
from app.core.db import DbSession
from app.core.problems import render
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["log-in"])
_basic = HTTPBasic(auto_error=False)

Text = Annotated[str | None, Form(max_length=512)]


@dataclass(frozen=True)
class TokenForm:
    """The fields of a token request; which are needed depends on the grant type."""

    grant_type: Annotated[str, Form(max_length=40)]
    username: Text = None
    password: Text = None
    refresh_token: Text = None
    client_id: Text = None
    client_secret: Text = None
    scope: Text = None  # standard clients send it; the caller's post decides, not the request


@router.post("/token")
def give_token(
    request: Request,
    response: Response,
    session: DbSession,
    form: Annotated[TokenForm, Depends()],
    basic: Annotated[HTTPBasicCredentials | None, Depends(_basic)] = None,
) -> TokenOut:
    """Tokens by OAuth2: grant type `password`, `client_credentials` or `refresh_token`."""
    outcome = _outcome(session, form, basic)
    if isinstance(outcome, Refused):
        return render(request, outcome.error)  # type: ignore[return-value]  # commits, not raises
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(
        access_token=outcome.access_token,
        token_type="bearer",  # noqa: S106 a word of RFC 6750
        expires_in=int(tokens.LIFETIME.total_seconds()),
        refresh_token=outcome.refresh_token,
    )


def _outcome(
    session: Session, form: TokenForm, basic: HTTPBasicCredentials | None
) -> LoggedIn | Refused:
    if form.grant_type == "password":
        if not form.username or not form.password:
            raise TokenRequestWrong("invalid_request", "username, password")
        return logins.log_in(session, form.username, form.password)
    if form.grant_type == "refresh_token":
        if not form.refresh_token:
            raise TokenRequestWrong("invalid_request", "refresh_token")
        return logins.refresh(session, form.refresh_token)
    if form.grant_type != "client_credentials":
        known = "grant_type = password | client_credentials | refresh_token"
        raise TokenRequestWrong("unsupported_grant_type", known)
    name = basic.username if basic is not None else form.client_id
    secret = basic.password if basic is not None else form.client_secret
    if not name or not secret:
        raise TokenRequestWrong("invalid_request", "client_id, client_secret")
    return logins.log_in_client(session, name, secret)


@router.post("/token/revoke", status_code=204)
def revoke_token(session: DbSession, token: Annotated[str, Form(max_length=512)]) -> None:
    """Logs out: ends the refresh token and its family. The same answer for an unknown one."""
    logins.log_out(session, token)

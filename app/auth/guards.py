"""What stands before every route: who calls, whether they may, how far they see."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import OAuth2PasswordBearer

from app.auth import callers
from app.auth.errors import NotAllowed, NotLoggedIn
from app.auth.permissions import MAY, Act
from app.core import idempotency
from app.core.actor import Actor
from app.core.db import DbSession, enter
from app.core.idempotency import IdempotencyKey

_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/token", auto_error=False)


def guard(act: Act) -> Callable[..., Actor]:
    """A dependency that lets a caller with leave for `act` pass, and enters their scope."""
    allowed = MAY[act]

    def pass_through(
        request: Request,
        session: DbSession,
        token: Annotated[str | None, Depends(_bearer)],
        sent: Annotated[bytes, Depends(idempotency.fingerprint)],
        key: IdempotencyKey = None,
        aid_school: Annotated[str | None, Header(max_length=10)] = None,
    ) -> Actor:
        if token is None:
            raise NotLoggedIn
        actor = callers.from_token(session, token, school_code=aid_school)
        request.state.actor = actor
        request.state.act = act.value
        if not actor.roles & allowed:
            raise NotAllowed(act.value)
        enter(session, actor)
        if key is not None and request.method == "POST":
            request.state.claim = idempotency.claim(
                session, actor_id=actor.id, key=key, request_sha256=sent
            )
        return actor

    pass_through.act = act  # type: ignore[attr-defined]  # read by the test of guarded routes
    return pass_through


def may(act: Act) -> Any:
    """Marks the parameter of a route that receives the caller who was let through."""
    return Depends(guard(act), scope="function")

"""Forgets what the door need not remember any longer."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from app.auth.models import LoginGuard
from app.core import clock, idempotency, jobs
from app.core.actor import Actor

GUARD_KEPT = timedelta(days=1)  # far longer than any lock lasts


@jobs.task("auth.forget", every="25 * * * *")
def forget(session: Session, actor: Actor, **_: object) -> None:
    """Every hour: replies kept over 72 hours, and names nobody has tried for a day."""
    del actor
    idempotency.forget_old(session)
    session.execute(delete(LoginGuard).where(col(LoginGuard.last_at) < clock.now() - GUARD_KEPT))

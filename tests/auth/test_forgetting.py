"""What the door remembers has an end, and not before it."""

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from app.auth.jobs import forget
from app.auth.models import LoginGuard
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.core.models import KeptReply


def left(session: Session, table: str) -> int:
    return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def remember(session: Session, *, ago: timedelta) -> None:
    then = clock.now() - ago
    session.add(LoginGuard(name_index=ids.new().bytes, failures=1, last_at=then))
    session.add(
        KeptReply(
            id=ids.new(), actor_id=ids.new(), key="a-key-of-old", request_sha256=b"x", made_at=then
        )
    )
    session.flush()


def test_a_name_is_forgotten_after_a_day_and_a_reply_after_three(session: Session) -> None:
    for ago in (timedelta(hours=23), timedelta(hours=25), timedelta(hours=71), timedelta(hours=73)):
        remember(session, ago=ago)
    forget(session, SYSTEM)
    assert left(session, "login_guard") == 1
    assert left(session, "kept_reply") == 3

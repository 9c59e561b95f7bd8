"""Log-ins: by password, by a client's secret, by refresh token, and out again.

A refusal that must be remembered is an answer, not an exception: the count of failures, the lock
and the revoked family commit with it.
"""

import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.auth import callers, passwords, rules
from app.auth.errors import LockedOut, PasswordWeak, RefreshRefused, WrongClient, WrongLogin
from app.auth.models import ApiClient, LoginGuard, RefreshToken, StaffMember
from app.core import clock, crypto, ids
from app.core.actor import Actor, ActorKind, Scope
from app.core.errors import AidError

SECRET_BYTES = 32


@dataclass(frozen=True)
class Refused:
    """A refusal that commits what was written to remember it."""

    error: AidError


@dataclass(frozen=True)
class LoggedIn:
    """A pair of tokens; a client has no refresh token."""

    access_token: str
    refresh_token: str | None


def log_in(session: Session, username: str, password: str) -> LoggedIn | Refused:
    """Tokens for a person, or the refusal: wrong, or locked after five failures in a row.

    Raises LoginsBusy when too many log in at once.
    """
    name = rules.login_name(username)
    with passwords.place_in_queue():
        found = session.scalars(
            select(StaffMember).where(col(StaffMember.username) == name, col(StaffMember.active))
        ).one_or_none()
        refused = _check(session, name, password, staff=found)
        if refused is not None or found is None:
            return refused or Refused(WrongLogin())
    actor = callers.of_staff(session, found)
    audit.note(session, by=actor, did="auth.logged-in", records=[found.id])
    until = clock.now() + rules.REFRESH_LIFETIME
    return LoggedIn(
        callers.token_of(actor), _new_refresh(session, found.id, family=None, until=until)
    )


def change_password(session: Session, *, by: Actor, old: str, new: str) -> Refused | None:
    """A person's new password; ends every session of theirs. A wrong old one counts as a failure.

    Raises PasswordWeak with every reason.
    """
    staff = session.get_one(StaffMember, by.id, with_for_update=True)
    with passwords.place_in_queue():
        refused = _check(session, staff.username, old, staff=staff)
        if refused is not None:
            return refused
        set_password(staff, new, where="/body/new_password")
    end_sessions(session, staff.id)
    audit.note(session, by=by, did="auth.password-changed", records=[staff.id])
    return None


def set_password(staff: StaffMember, new: str, *, where: str) -> None:
    """Sets a person's password and remembers the one before. Raises PasswordWeak."""
    kept = [staff.password_hash, *staff.former_hashes]
    faults = passwords.faults_of(new, staff.username, where=where)
    # Five comparisons take half a second: only for a password that is otherwise good.
    if not faults and passwords.is_repeated(new, kept):
        faults = [passwords.repeated(where)]
    if faults:
        raise PasswordWeak(faults)
    staff.former_hashes = kept[: passwords.REMEMBERED - 1]
    staff.password_hash = passwords.hashed(new)


def log_in_client(session: Session, client_id: str, secret: str) -> LoggedIn | Refused:
    """A token for a school's system, or the refusal."""
    found = session.scalars(
        select(ApiClient).where(col(ApiClient.client_id) == client_id, col(ApiClient.active))
    ).one_or_none()
    kept = found.secret_hash if found is not None else hash_of_secret("")
    if not hmac.compare_digest(kept, hash_of_secret(secret)) or found is None:
        audit.refusal(
            session,
            by=_stranger(ActorKind.CLIENT),
            did="auth.log-in",
            because=WrongClient.code,
            detail={"client": str(found.id) if found is not None else None},
        )
        return Refused(WrongClient())
    actor = callers.of_client(found)
    audit.note(session, by=actor, did="auth.logged-in", records=[found.id])
    return LoggedIn(callers.token_of(actor), None)


def refresh(session: Session, token: str) -> LoggedIn | Refused:
    """A new pair for a refresh token, which is then used up; using it again ends its family."""
    now = clock.now()
    known = session.execute(
        select(col(RefreshToken.id), col(RefreshToken.family_id)).where(
            col(RefreshToken.token_sha256) == _sha256(token)
        )
    ).one_or_none()
    if known is None:
        return Refused(RefreshRefused())
    _hold_family(session, known.family_id)
    row = session.get_one(RefreshToken, known.id, populate_existing=True)
    if row.used_at is not None:
        return _reused(session, row)
    staff = session.get_one(StaffMember, row.staff_id)
    if row.revoked_at is not None or row.expires_at <= now or not staff.active:
        return Refused(RefreshRefused())
    row.used_at = now
    following = _new_refresh(session, staff.id, family=row.family_id, until=row.expires_at)
    return LoggedIn(callers.token_for(session, staff), following)


def log_out(session: Session, token: str) -> None:
    """Ends the family of a refresh token; an unknown token is nothing to end."""
    found = session.execute(
        select(col(RefreshToken.family_id), col(RefreshToken.staff_id)).where(
            col(RefreshToken.token_sha256) == _sha256(token)
        )
    ).one_or_none()
    if found is None:
        return
    _hold_family(session, found.family_id)
    _revoke_family(session, found.family_id)
    staff = session.get_one(StaffMember, found.staff_id)
    by = callers.of_staff(session, staff)
    audit.note(session, by=by, did="auth.logged-out", records=[staff.id])


def end_sessions(session: Session, staff_id: UUID) -> None:
    """Revokes every refresh token of a person; access tokens end by themselves in 15 minutes."""
    # The family is held by its first token, so that no token is being added to it meanwhile.
    session.execute(
        select(col(RefreshToken.id))
        .where(
            col(RefreshToken.staff_id) == staff_id,
            col(RefreshToken.id) == col(RefreshToken.family_id),
        )
        .order_by(col(RefreshToken.id))
        .with_for_update()
    )
    session.execute(
        update(RefreshToken)
        .where(col(RefreshToken.staff_id) == staff_id, col(RefreshToken.revoked_at).is_(None))
        .values(revoked_at=clock.now())
    )


def free_name(session: Session, username: str) -> None:
    """Ends the lock of a name and forgets its failures."""
    _remember(session, _name_index(username), failures=0, locked_until=None)


def new_secret() -> str:
    """A secret of 256 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of_secret(secret: str) -> str:
    """What is kept of a client's secret: of 256 random bits a plain sha256 tells nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(
    session: Session, name: str, password: str, *, staff: StaffMember | None
) -> Refused | None:
    """Compares, counts and locks; the row stays held: parallel guesses count singly."""
    index = _name_index(name)
    now = clock.now()
    held = session.execute(
        insert(LoginGuard)
        .values(name_index=index, failures=0, last_at=now)
        .on_conflict_do_update(index_elements=["name_index"], set_={"last_at": now})
        .returning(col(LoginGuard.failures), col(LoginGuard.locked_until))
    ).one()
    if rules.is_locked(held.locked_until, now):
        left = math.ceil((held.locked_until - now).total_seconds())
        return _refuse(session, LockedOut(left), staff=staff, index=index)
    if passwords.matches(password, staff.password_hash if staff is not None else None):
        _remember(session, index, failures=0, locked_until=None)
        return None
    failures, until = rules.after_failure(held.failures, held.locked_until, at=now)
    _remember(session, index, failures=failures, locked_until=until)
    return _refuse(session, WrongLogin(), staff=staff, index=index, failures=failures)


def _refuse(
    session: Session,
    error: AidError,
    *,
    staff: StaffMember | None,
    index: bytes,
    failures: int | None = None,
) -> Refused:
    by = _stranger(ActorKind.PERSON) if staff is None else callers.of_staff(session, staff)
    # A name that nobody has may be a password in the wrong field: its index alone is noted.
    detail = {"name_index": index.hex(), "failures": failures}
    audit.refusal(session, by=by, did="auth.log-in", because=error.code, detail=detail)
    return Refused(error)


def _remember(
    session: Session, index: bytes, *, failures: int, locked_until: datetime | None
) -> None:
    session.execute(
        update(LoginGuard)
        .where(col(LoginGuard.name_index) == index)
        .values(failures=failures, locked_until=locked_until)
    )


def _reused(session: Session, row: RefreshToken) -> Refused:
    _revoke_family(session, row.family_id)
    staff = session.get_one(StaffMember, row.staff_id)
    audit.refusal(
        session,
        by=callers.of_staff(session, staff),
        did="auth.refresh-reused",
        because=RefreshRefused.code,
        detail={"family": str(row.family_id)},
    )
    return Refused(RefreshRefused())


def _hold_family(session: Session, family_id: UUID) -> None:
    # Whoever rotates or revokes holds the first token, so no token joins a family being revoked.
    session.execute(
        select(col(RefreshToken.id)).where(col(RefreshToken.id) == family_id).with_for_update()
    )


def _revoke_family(session: Session, family_id: UUID) -> None:
    session.execute(
        update(RefreshToken)
        .where(col(RefreshToken.family_id) == family_id, col(RefreshToken.revoked_at).is_(None))
        .values(revoked_at=clock.now())
    )


def _new_refresh(session: Session, staff_id: UUID, *, family: UUID | None, until: datetime) -> str:
    token, key = new_secret(), ids.new()
    session.add(
        RefreshToken(
            id=key,
            family_id=family or key,
            staff_id=staff_id,
            token_sha256=_sha256(token),
            made_at=clock.now(),
            expires_at=until,
        )
    )
    return token


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _name_index(name: str) -> bytes:
    return crypto.blind_index(name, table="login_guard", column="name_index")


def _stranger(kind: ActorKind) -> Actor:
    return Actor(id=UUID(int=0), kind=kind, name="unknown", scope=Scope.NONE)

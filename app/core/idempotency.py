"""`Idempotency-Key`: the same key and body get the first answer, another body a 409."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response
from sqlalchemy import text
from sqlmodel import Session
from starlette.datastructures import UploadFile

from app.core import clock, crypto, ids
from app.core.errors import Conflict

KEEP = timedelta(hours=72)
CHUNK = 1024 * 1024
REFUSED_FROM = 400
FORMS = ("multipart/", "application/x-www-form-urlencoded")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        description="Same key and body: the first answer again, for 72 hours.",
    ),
]


class KeyReused(Conflict):
    """The key was used for another request."""

    code = "idempotency.key-reused"


@dataclass(frozen=True)
class Claim:
    """A key this request holds until its reply is kept."""

    id: UUID


@dataclass(frozen=True)
class Replay:
    """The first answer to the same request."""

    status: int
    body: bytes
    media_type: str


class Replayed(Exception):
    """Not an error: ends the request with the kept answer, which a handler sends."""

    def __init__(self, replay: Replay) -> None:
        super().__init__("answered before")
        self.replay = replay


async def fingerprint(request: Request) -> bytes:
    """sha256 over method, path, query and body; of a form over its fields and its files' bytes.

    A form's own bytes will not do: they are read by now, and a boundary differs each time. Empty
    where there is no key to keep it with.
    """
    if request.method != "POST" or "idempotency-key" not in request.headers:
        return b""
    seen = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}".encode())
    seen.update(request.headers.get("aid-school", "").encode())
    if not request.headers.get("content-type", "").lower().startswith(FORMS):
        seen.update(await request.body())
        return seen.digest()
    for name, value in sorted((await request.form()).multi_items(), key=lambda item: item[0]):
        seen.update(f"\0{name}\0".encode())
        if not isinstance(value, UploadFile):
            seen.update(value.encode())
            continue
        while chunk := await value.read(CHUNK):
            seen.update(chunk)
        await value.seek(0)
    return seen.digest()


def claim(session: Session, *, actor_id: UUID, key: str, request_sha256: bytes) -> Claim:
    """Takes the key, waiting for a twin that holds it.

    Raises Replayed with the first answer, or KeyReused when that answered another request.
    """
    mine = ids.new()
    took = session.execute(
        text(
            "INSERT INTO kept_reply (id, actor_id, key, request_sha256, made_at) "
            "VALUES (:id, :actor, :key, :sha, :now) ON CONFLICT (actor_id, key) DO UPDATE "
            "SET id = excluded.id, request_sha256 = excluded.request_sha256, "
            "made_at = excluded.made_at, status = NULL, body = NULL "
            "WHERE kept_reply.made_at < :oldest RETURNING id"
        ),
        {
            "id": mine,
            "actor": actor_id,
            "key": key,
            "sha": request_sha256,
            "now": clock.now(),
            "oldest": clock.now() - KEEP,
        },
    ).scalar_one_or_none()
    if took is not None:
        return Claim(mine)
    kept = session.execute(
        text(
            "SELECT id, request_sha256, status, body, media_type FROM kept_reply "
            "WHERE actor_id = :actor AND key = :key"
        ),
        {"actor": actor_id, "key": key},
    ).one()
    if bytes(kept.request_sha256) != request_sha256:
        raise KeyReused(
            "该 Idempotency-Key 已用于另一请求，请换一个新的键。",
            "This Idempotency-Key answered another request; use a new key for this one.",
        )
    body = crypto.decrypt_bytes(kept.body, table="kept_reply", column="body", record=kept.id)
    raise Replayed(Replay(kept.status, body, kept.media_type))


def keep(session: Session, held: Claim, response: Response) -> None:
    """Keeps the reply with the key, before commit; a refusal or a stream frees the key instead."""
    body = getattr(response, "body", None)
    if response.status_code >= REFUSED_FROM or not isinstance(body, bytes):
        session.execute(text("DELETE FROM kept_reply WHERE id = :id"), {"id": held.id})
        return
    sealed = crypto.encrypt_bytes(body, table="kept_reply", column="body", record=held.id)
    session.execute(
        text(
            "UPDATE kept_reply SET status = :status, body = :body, media_type = :type "
            "WHERE id = :id"
        ),
        {
            "status": response.status_code,
            "body": sealed,
            "type": response.media_type or "application/json",
            "id": held.id,
        },
    )


def forget_old(session: Session) -> int:
    """Deletes replies older than 72 hours; answers how many."""
    gone = session.execute(
        text("DELETE FROM kept_reply WHERE made_at < :oldest RETURNING id"),
        {"oldest": clock.now() - KEEP},
    )
    return len(gone.all())

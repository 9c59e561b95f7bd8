"""`Idempotency-Key`: the same key and body get the first answer, another body a 409."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Request, Response
from sqlalchemy import Row, text
from sqlmodel import Session
from starlette.datastructures import UploadFile

from app.core import clock, crypto, ids
from app.core.errors import Conflict

KEEP = timedelta(hours=72)
CHUNK = 1024 * 1024
REFUSED_FROM = 400
JSON = "application/json"
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


_TAKE = text("""
INSERT INTO kept_reply (id, actor_id, key, request_sha256, made_at)
SELECT w.id, :actor, w.key, w.sha, :now FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[]),
    CAST(:shas AS bytea[])) w (id, key, sha)
ON CONFLICT (actor_id, key) DO UPDATE SET id = excluded.id,
    request_sha256 = excluded.request_sha256, made_at = excluded.made_at, status = NULL, body = NULL
WHERE kept_reply.made_at < :oldest RETURNING id, key
""")
_KEPT = text("""
SELECT id, key, request_sha256, status, body, media_type FROM kept_reply
WHERE actor_id = :actor AND key = ANY(CAST(:keys AS text[]))
""")
_KEEP = text("""
UPDATE kept_reply k SET status = r.status, body = r.body, media_type = r.type
FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS int[]), CAST(:bodies AS bytea[]),
    CAST(:types AS text[])) r (id, status, body, type)
WHERE k.id = r.id
""")
_FREE = text("DELETE FROM kept_reply WHERE id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True)
class Wanted:
    """A key that a request wants to hold; `sha256` is its fingerprint."""

    key: str
    sha256: bytes


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


def claim(
    session: Session, wanted: Sequence[Wanted], *, actor_id: UUID
) -> list[Claim | Replayed | KeyReused]:
    """Takes the keys, each different, waiting for twins that hold one; answers each in order.

    Of a key that was used before, what ends the request: the first reply, or KeyReused.
    """
    if not wanted:
        return []
    took = session.execute(_TAKE, _taking(wanted, actor_id)).all()
    held: dict[str, Claim | Replayed | KeyReused] = {row.key: Claim(row.id) for row in took}
    if len(held) < len(wanted):
        sent = {each.key: each.sha256 for each in wanted if each.key not in held}
        found = session.execute(_KEPT, {"actor": actor_id, "keys": list(sent)})
        held |= {kept.key: _answered_before(kept, sent[kept.key]) for kept in found}
    return [held[each.key] for each in wanted]


def _taking(wanted: Sequence[Wanted], actor_id: UUID) -> dict[str, object]:
    now = clock.now()
    # In equal order everywhere, so that two groups never wait for one another.
    ordered = sorted(wanted, key=lambda each: each.key)
    return {
        "ids": ids.new_many(len(ordered)),
        "keys": [each.key for each in ordered],
        "shas": [each.sha256 for each in ordered],
        "actor": actor_id,
        "now": now,
        "oldest": now - KEEP,
    }


def _answered_before(kept: Row[Any], sha256: bytes) -> Replayed | KeyReused:
    if bytes(kept.request_sha256) != sha256:
        return KeyReused(
            "该 Idempotency-Key 已用于另一请求，请换一个新的键。",
            "This Idempotency-Key answered another request; use a new key for this one.",
        )
    body = crypto.decrypt_bytes(kept.body, table="kept_reply", column="body", record=kept.id)
    return Replayed(Replay(kept.status, body, kept.media_type))


def keep(session: Session, replies: Sequence[tuple[Claim, Response]]) -> None:
    """Keeps each reply with its key, before commit; a refusal or a stream frees the key instead."""
    kept, freed = [], []
    for held, response in replies:
        body = getattr(response, "body", None)
        if response.status_code >= REFUSED_FROM or not isinstance(body, bytes):
            freed.append(held.id)
            continue
        sealed = crypto.encrypt_bytes(body, table="kept_reply", column="body", record=held.id)
        kept.append((held.id, response.status_code, sealed, response.media_type or JSON))
    if kept:
        columns = zip(*kept, strict=True)
        given = dict(zip(("ids", "statuses", "bodies", "types"), map(list, columns), strict=True))
        session.execute(_KEEP, given)
    if freed:
        session.execute(_FREE, {"ids": freed})


def forget_old(session: Session) -> int:
    """Deletes replies older than 72 hours; answers how many."""
    gone = session.execute(
        text("DELETE FROM kept_reply WHERE made_at < :oldest RETURNING id"),
        {"oldest": clock.now() - KEEP},
    )
    return len(gone.all())

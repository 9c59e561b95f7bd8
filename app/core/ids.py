"""Identifiers: UUIDv7 for nouns, made here or by the SQL expression below."""

from uuid import UUID

import uuid_utils
from uuid_utils import compat

SQL_UUID7 = (
    "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing substring(int8send("
    "(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1)"
    ", 'hex')::uuid"
)
"""A UUIDv7 as an SQL expression, for `INSERT … SELECT` (PostgreSQL 15 has no uuidv7())."""


def new() -> UUID:
    """A new UUIDv7: sorts by time of making."""
    return compat.uuid7()


def new_many(count: int) -> list[UUID]:
    """`count` new UUIDv7s, in order."""
    return [compat.uuid7() for _ in range(count)]


def new_texts(count: int) -> list[str]:
    """`count` new UUIDv7s as text, in order: for frames, which hold ids so."""
    made = uuid_utils.uuid7
    return [str(made()) for _ in range(count)]

"""Encryption by column and blind indexes for the numbers that name people."""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable
from functools import cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core import settings
from app.core.errors import Unavailable

AES_256_GCM, SM4_GCM = 1, 2  # the suite byte
KEY_ID = 1
NONCE_BYTES = 12
TAG_BYTES = 16
HEAD_BYTES = 2 + NONCE_BYTES
_SM4_KEY_BYTES = 16


class CiphertextBroken(Unavailable):
    """A stored ciphertext does not open: moved to another record, altered, or another key."""

    code = "crypto.ciphertext-broken"


@cache
def _key(purpose: str, length: int) -> bytes:
    master = base64.b64decode(settings.get().encryption_key.get_secret_value())
    kdf = HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=purpose.encode())
    return kdf.derive(master)


@cache
def _aes(table: str, column: str) -> AESGCM:
    return AESGCM(_key(f"encrypt|{table}|{column}", 32))


def _bound(table: str, column: str, record: UUID) -> bytes:
    # Bound to its place, a ciphertext cannot be copied to another person's record.
    return f"{table}|{column}|{record}".encode()


def encrypt(text: str, *, table: str, column: str, record: UUID) -> bytes:
    """The text sealed for one column of one record: suite, key id, nonce, text and tag."""
    return encrypt_bytes(text.encode(), table=table, column=column, record=record)


def encrypt_bytes(data: bytes, *, table: str, column: str, record: UUID) -> bytes:
    """Bytes sealed for one column of one record."""
    nonce, bound = os.urandom(NONCE_BYTES), _bound(table, column, record)
    if settings.get().cipher == "sm4-gcm":
        key = _key(f"encrypt|{table}|{column}|sm4", _SM4_KEY_BYTES)
        sealer = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        sealer.authenticate_additional_data(bound)
        body = sealer.update(data) + sealer.finalize() + sealer.tag
        return bytes((SM4_GCM, KEY_ID)) + nonce + body
    sealed = _aes(table, column).encrypt(nonce, data, bound)
    return bytes((AES_256_GCM, KEY_ID)) + nonce + sealed


def encrypt_many(
    texts: Iterable[str | None], *, table: str, column: str, records: Iterable[str]
) -> list[bytes | None]:
    """Each text sealed for one column of its record, whose id is given as text; None for None."""
    if settings.get().cipher == "sm4-gcm":
        return [
            None if text is None else encrypt(text, table=table, column=column, record=UUID(record))
            for text, record in zip(texts, records, strict=True)
        ]
    # The same as `encrypt`, with what is alike for all of them outside the loop.
    seal, head = _aes(table, column).encrypt, bytes((AES_256_GCM, KEY_ID))
    place, fresh = f"{table}|{column}|", os.urandom
    sealed: list[bytes | None] = []
    for text, record in zip(texts, records, strict=True):
        if text is None:
            sealed.append(None)
            continue
        nonce = fresh(NONCE_BYTES)
        sealed.append(head + nonce + seal(nonce, text.encode(), (place + record).encode()))
    return sealed


def decrypt(sealed: bytes, *, table: str, column: str, record: UUID) -> str:
    """The text of a sealed column. Raises CiphertextBroken when it does not open here."""
    return decrypt_bytes(sealed, table=table, column=column, record=record).decode()


def decrypt_bytes(sealed: bytes, *, table: str, column: str, record: UUID) -> bytes:
    """The bytes of a sealed column. Raises CiphertextBroken when they do not open here."""
    sealed = bytes(sealed)
    suite, nonce, body = sealed[:1], sealed[2:HEAD_BYTES], sealed[HEAD_BYTES:]
    bound = _bound(table, column, record)
    try:
        if suite == bytes((SM4_GCM,)):
            key = _key(f"encrypt|{table}|{column}|sm4", _SM4_KEY_BYTES)
            text, tag = body[:-TAG_BYTES], body[-TAG_BYTES:]
            opener = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
            opener.authenticate_additional_data(bound)
            return opener.update(text) + opener.finalize()
        return _aes(table, column).decrypt(nonce, body, bound)
    except (InvalidTag, ValueError) as error:
        raise CiphertextBroken(
            f"加密字段 {table}.{column} 无法解开，请联系系统管理员。",
            f"The sealed column {table}.{column} does not open; tell the administrator.",
        ) from error


def decrypt_many(
    sealed: Iterable[bytes], *, table: str, column: str, records: Iterable[str]
) -> list[str]:
    """The text of each sealed column. Raises CiphertextBroken when one does not open here."""
    return [
        decrypt(each, table=table, column=column, record=UUID(record))
        for each, record in zip(sealed, records, strict=True)
    ]


def blind_index(text: str, *, table: str, column: str) -> bytes:
    """A keyed hash for look-up and uniqueness; equal texts have equal indexes."""
    return hmac.digest(_key(f"index|{table}|{column}", 32), text.encode(), hashlib.sha256)


def blind_indexes(texts: Iterable[str | None], *, table: str, column: str) -> list[bytes | None]:
    """The blind index of each text, None for None."""
    key = _key(f"index|{table}|{column}", 32)
    return [
        None if text is None else hmac.digest(key, text.encode(), hashlib.sha256) for text in texts
    ]


def fingerprint(data: bytes) -> bytes:
    """The sha256 of bytes."""
    return hashlib.sha256(data).digest()

"""Ed25519 over a day's seal, by a key that the database never holds."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.core import settings
from app.core.settings import SettingsWrong


class KeyWrong(SettingsWrong):
    """The file holds no Ed25519 key in PEM; the text says which file."""


@dataclass(frozen=True)
class Signer:
    """Signs seals; `key_id` is the sha256 of the public key, in hex."""

    key: Ed25519PrivateKey

    @property
    def key_id(self) -> str:
        """Which key signs."""
        return key_id(self.key.public_key())

    def sign(self, seal: bytes) -> bytes:
        """The signature of a seal, 64 bytes."""
        return self.key.sign(seal)

    def public_pem(self) -> bytes:
        """What an auditor checks with."""
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def own_signer() -> Signer | None:
    """The signer that AID_SEAL_KEY_FILE names, at start-up and at each close. Raises KeyWrong."""
    path = settings.get().seal_key_file
    return None if path is None else signer_of(path)


def signer_of(path: Path) -> Signer:
    """The signer whose private key is in a PEM file. Raises KeyWrong."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyWrong(f"{path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyWrong(f"{path}: an Ed25519 private key in PEM is wanted")
    return Signer(key)


def public_key_of(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file. Raises KeyWrong."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KeyWrong(f"{path}: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyWrong(f"{path}: an Ed25519 public key in PEM is wanted")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """The sha256 of the raw public key, in hex."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return sha256(raw).hexdigest()


def is_signed(key: Ed25519PublicKey, seal: bytes, signature: bytes) -> bool:
    """Whether the key signed the seal."""
    try:
        key.verify(signature, seal)
    except InvalidSignature:
        return False
    return True

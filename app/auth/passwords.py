"""Passwords: hashed with argon2, a few at a time, and what a good one is."""

import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from app.auth.errors import LoginsBusy
from app.core.errors import Fault

LENGTH_MIN = 12
LENGTH_MAX = 128
CLASSES_MIN = 3
REMEMBERED = 5  # the present one and the four before it

# A hash takes 64 MiB and a tenth of a second; more at once would stop the rest of the service.
AT_ONCE = 2
IN_THE_QUEUE = 8

_hasher = PasswordHash((Argon2Hasher(),))
_turns = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(IN_THE_QUEUE)


@contextmanager
def place_in_queue() -> Iterator[None]:
    """A place among those who log in at this moment. Raises LoginsBusy when all are taken.

    Whoever waits holds a thread and a connection, so not everybody may wait.
    """
    if not _places.acquire(blocking=False):
        raise LoginsBusy
    try:
        yield
    finally:
        _places.release()


def hashed(password: str) -> str:
    """The argon2 hash to store."""
    with _turns:
        return _hasher.hash(_plain(password))


def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; None takes as long, so that names stay unknown."""
    with _turns:
        try:
            same = _hasher.verify(_plain(password), stored or _nobody())
        except PwdlibError:
            return False
    return same and stored is not None


def faults_of(password: str, username: str, *, where: str = "/body/password") -> list[Fault]:
    """Everything that is wrong with a new password; empty when it will do."""
    faults = []
    text = _plain(password)
    if len(text) < LENGTH_MIN:
        faults.append(
            Fault(
                "password.too-short",
                f"密码至少 {LENGTH_MIN} 个字符。",
                f"A password has at least {LENGTH_MIN} characters.",
                where,
            )
        )
    if len(text) > LENGTH_MAX:
        faults.append(
            Fault(
                "password.too-long",
                f"密码最多 {LENGTH_MAX} 个字符。",
                f"A password has at most {LENGTH_MAX} characters.",
                where,
            )
        )
    if _classes(text) < CLASSES_MIN:
        faults.append(
            Fault(
                "password.too-few-kinds",
                "密码须含大写字母、小写字母、数字、其他字符四类中的至少三类。",
                "A password has three of: capital letters, small letters, digits, others.",
                where,
            )
        )
    if username.casefold() in text.casefold():
        faults.append(
            Fault(
                "password.contains-username",
                "密码不能包含用户名。",
                "A password must not contain the username.",
                where,
            )
        )
    return faults


def is_repeated(password: str, kept: Sequence[str]) -> bool:
    """Whether a new password is one of the last five; `kept` are their hashes, newest first."""
    return any(matches(password, stored) for stored in kept[:REMEMBERED])


def repeated(where: str) -> Fault:
    """What is wrong with a password that was used before."""
    return Fault(
        "password.used-before",
        f"不能与最近 {REMEMBERED} 次使用过的密码相同。",
        f"The last {REMEMBERED} passwords cannot be used again.",
        where,
    )


def _classes(text: str) -> int:
    kinds = {
        "upper" if letter.isupper() else "lower" if letter.islower() else
        "digit" if letter.isdigit() else "other"
        for letter in text
    }  # fmt: skip
    return len(kinds)


def _plain(password: str) -> str:
    # The same letters may come composed or decomposed from different keyboards.
    return unicodedata.normalize("NFC", password)


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")

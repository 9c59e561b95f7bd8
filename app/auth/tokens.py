"""Access tokens: the one place that touches python-jose.

The library accepts much that we never issue (other algorithms, JWE, keys named in the header,
stray characters in base64), so a token must be byte for byte of the form made here before the
library sees it.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Literal, Self
from uuid import UUID

from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError
from jose.utils import base64url_decode, base64url_encode
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StrictInt,
    ValidationError,
    model_validator,
)

from app.auth.errors import NotLoggedIn
from app.auth.models import Role
from app.core import clock, ids, settings
from app.core.actor import ActorKind, Scope

ALGORITHM = "HS256"
ISSUER = "student-aid-centre"
AUDIENCE = "student-aid-centre/api"
TYPE = "at+jwt"
LIFETIME = timedelta(minutes=15)
SKEW = timedelta(seconds=5)
BYTES_MAX = 4 * 1024
NAME_MAX = 120
CLASS_NAME_MAX = 40
PROVED_KEPT = 1_024  # tokens whose signature need not be reckoned again

_HEADER = base64url_encode(b'{"alg":"HS256","typ":"at+jwt"}').decode()
_FORM = re.compile(rf"{_HEADER}\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]{{43}})", re.ASCII)
_REQUIRED = {f"require_{claim}": True for claim in ("aud", "iat", "exp", "iss", "sub", "jti")} | {
    "leeway": 0
}


class Claims(BaseModel):
    """What a token says of its bearer; nothing else may stand in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    iss: Literal["student-aid-centre"]
    aud: Literal["student-aid-centre/api"]
    typ: Literal["access"]
    sub: UUID
    jti: UUID
    iat: StrictInt
    exp: StrictInt
    kind: Literal[ActorKind.PERSON, ActorKind.CLIENT]
    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    scope: Scope
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
    organisation_id: UUID | None = None
    school_id: UUID | None = None
    county_id: UUID | None = None
    grade: StrictInt | None = None
    class_name: Annotated[str | None, Field(max_length=CLASS_NAME_MAX)] = None

    @property
    def in_force(self) -> bool:
        """Whether it is neither issued in the future nor expired."""
        now = clock.now()
        return self.iat <= (now + SKEW).timestamp() and now.timestamp() < self.exp

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not self.in_force:
            raise ValueError("issued in the future, or expired")
        if not 0 < self.exp - self.iat <= LIFETIME.total_seconds():
            raise ValueError("lives longer than any token of ours")
        if self.scope is Scope.SCHOOL and None in {self.school_id, self.county_id}:
            raise ValueError("a school's scope needs the school and who runs it")
        if self.scope is Scope.COUNTY and self.county_id is None:
            raise ValueError("a county's scope needs the county")
        is_system = Role.SCHOOL_SYSTEM in self.roles
        if is_system != (self.kind is ActorKind.CLIENT) or (is_system and len(self.roles) > 1):
            raise ValueError("only a client is a school's system, and it is nothing else")
        return self


def issue(subject: UUID, kind: ActorKind, claims: Mapping[str, object]) -> str:
    """A signed token of 15 minutes for a person or client; `claims` as in Claims, by JSON types."""
    issued = int(clock.now().timestamp())
    body = {
        **claims,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "typ": "access",
        "sub": str(subject),
        "jti": str(ids.new()),
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "kind": kind.value,
    }
    key = _key(settings.get().secret)
    return jwt.encode(body, key, algorithm=ALGORITHM, headers={"typ": TYPE})


def read(token: str) -> Claims:
    """What a token says, once its form, signature, times and every claim hold.

    Raises NotLoggedIn, the same whatever is wrong.
    """
    claims = _proved(token, settings.get().secret)
    # A token proved before says the same for good, but not for longer than it says.
    if not claims.in_force:
        raise NotLoggedIn
    return claims


@lru_cache(maxsize=PROVED_KEPT)
def _proved(token: str, secret: SecretStr) -> Claims:
    """What a token of ours says; one that does not hold raises NotLoggedIn and is not kept."""
    form = _FORM.fullmatch(token) if len(token) <= BYTES_MAX else None
    if form is None or not _is_canonical(form[1]):
        raise NotLoggedIn
    try:
        said = jwt.decode(
            token, _key(secret), [ALGORITHM], options=_REQUIRED, audience=AUDIENCE, issuer=ISSUER
        )
        return Claims.model_validate(said)
    # The library lets what int() and json raise on odd claims through.
    except (JOSEError, ValidationError, TypeError, ValueError, OverflowError, RecursionError):
        raise NotLoggedIn from None


def _key(secret: SecretStr) -> Key:
    # Made here: given text, the library would first try to read it as JSON and a set of keys.
    return jwk.construct(secret.get_secret_value(), ALGORITHM)


def _is_canonical(segment: str) -> bool:
    # Base64 leaves spare bits in the last letter; with them set, another text has the same bytes.
    return base64url_encode(base64url_decode(segment.encode())).decode() == segment

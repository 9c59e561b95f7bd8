"""Only a token made here, whole and unaltered, opens the door."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi.testclient import TestClient

from app.auth import tokens
from app.auth.errors import NotLoggedIn
from app.core import settings
from app.core.actor import ActorKind
from tests.factories.office import City

HEADER = {"alg": "HS256", "typ": "at+jwt"}
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_DER = RSA.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
PUBLIC_PEM = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def secret() -> bytes:
    return settings.get().secret.get_secret_value().encode()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def body(**changes: Any) -> dict[str, Any]:
    """The claims of a good token, with some changed; `...` leaves one out."""
    now = int(time.time())
    good = {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "typ": "access",
        "sub": str(uuid4()),
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + 900,
        "kind": "person",
        "name": "王芳",
        "scope": "city",
        "roles": ["city_officer"],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def token(
    claims: Any = None, header: Any = None, key: bytes | None = None, raw: bytes | None = None
) -> str:
    """A token signed with HS256, by default with our own secret."""
    head = b64(json.dumps(header or HEADER, separators=(",", ":")).encode())
    said = b64(raw if raw is not None else json.dumps(claims or body()).encode())
    signing = f"{head}.{said}".encode()
    return f"{head}.{said}.{b64(hmac.digest(key or secret(), signing, hashlib.sha256))}"


def unsigned(alg: str) -> str:
    head = b64(json.dumps({"alg": alg, "typ": "at+jwt"}).encode())
    return f"{head}.{b64(json.dumps(body()).encode())}."


def by_rsa() -> str:
    head = b64(json.dumps({"alg": "RS256", "typ": "at+jwt"}).encode())
    said = b64(json.dumps(body()).encode())
    signed = RSA.sign(f"{head}.{said}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{said}.{b64(signed)}"


def altered() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{b64(json.dumps(body(roles=['administrator'])).encode())}.{signature}"


def spare_bits() -> str:
    whole = token()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return whole[:-1] + letters[letters.index(whole[-1]) ^ 1]


def now() -> int:
    return int(time.time())


FORGERIES: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "blank": lambda: "   ",
    "a word": lambda: "token",
    "only dots": lambda: "..",
    "algorithm none": lambda: unsigned("none"),
    "algorithm None": lambda: unsigned("None"),
    "algorithm in small letters": lambda: token(header={**HEADER, "alg": "hs256"}),
    "algorithm missing": lambda: token(header={"typ": "at+jwt"}),
    "algorithm a list": lambda: token(header={**HEADER, "alg": ["HS256"]}),
    "HS384 in the header": lambda: token(header={**HEADER, "alg": "HS384"}),
    "HS256 with a public key in DER": lambda: token(key=PUBLIC_DER),
    "HS256 with a public key in PEM": lambda: token(key=PUBLIC_PEM),
    "RS256 by a key of one's own": by_rsa,
    "RS256 in the header, HS256 within": lambda: token(header={**HEADER, "alg": "RS256"}),
    "another secret": lambda: token(key=b"x" * 32),
    "the secret cut short": lambda: token(key=secret()[:-1]),
    "an empty secret": lambda: token(key=b"\0"),
    "a JWE of five parts": lambda: token() + ".AAAA.BBBB",
    "enc in the header": lambda: token(header={**HEADER, "enc": "A256GCM"}),
    "jwk in the header": lambda: token(header={**HEADER, "jwk": {"kty": "oct", "k": "eA"}}),
    "jku in the header": lambda: token(header={**HEADER, "jku": "https://evil.example/k"}),
    "x5u in the header": lambda: token(header={**HEADER, "x5u": "https://evil.example/c"}),
    "kid as a path": lambda: token(header={**HEADER, "kid": "../../dev/null"}, key=b"\0"),
    "kid as SQL": lambda: token(header={**HEADER, "kid": "x' UNION SELECT 'k"}),
    "crit in the header": lambda: token(header={**HEADER, "crit": ["exp"]}),
    "an identity token's type": lambda: token(header={**HEADER, "typ": "JWT"}),
    "payload altered": altered,
    "signature missing": lambda: token().rsplit(".", 1)[0] + ".",
    "signature cut short": lambda: token()[:-4],
    "spare bits of the signature set": spare_bits,
    "bytes after": lambda: token() + "A",
    "a line end after": lambda: token() + "\n",
    "padding after": lambda: token() + "=",
    "a space before": lambda: " " + token(),
    "dots doubled": lambda: token().replace(".", ".."),
    "stray letters in base64": lambda: token().replace(".", ".!", 1),
    "full-width letters": lambda: token().replace("A", "Ａ").replace("e", "ｅ"),
    "over 4 KiB": lambda: token(body(name="x" * 4096)),
    "issuer of another": lambda: token(body(iss="somebody")),
    "audience of another": lambda: token(body(aud="somebody")),
    "audience a list": lambda: token(body(aud=[tokens.AUDIENCE])),
    "type of a refresh token": lambda: token(body(typ="refresh")),
    **{
        f"{claim} missing": lambda claim=claim: token(body(**{claim: ...}))  # type: ignore[misc]
        for claim in ("iss", "aud", "typ", "sub", "jti", "iat", "exp", "kind", "scope", "roles")
    },
    "expired this second": lambda: token(body(iat=now() - 900, exp=now())),
    "expired long ago": lambda: token(body(iat=now() - 2000, exp=now() - 1100)),
    "issued in the future": lambda: token(body(iat=now() + 60, exp=now() + 600)),
    "not before the future": lambda: token(body(nbf=now() + 600)),
    "lives for a day": lambda: token(body(exp=now() + 86400)),
    "lives backwards": lambda: token(body(iat=now() + 3, exp=now() + 2)),
    "exp with a fraction": lambda: token(body(exp=now() + 600.5)),
    "exp as text": lambda: token(body(exp=str(now() + 600))),
    "exp true": lambda: token(body(exp=True)),
    "exp null": lambda: token(body(exp=None)),
    "exp a list": lambda: token(body(exp=[now() + 600])),
    "exp infinite": lambda: token(body(exp=float("inf"))),
    "exp beyond all": lambda: token(body(exp=10**400)),
    "subject no UUID": lambda: token(body(sub="administrator")),
    "subject a number": lambda: token(body(sub=1)),
    "role unknown": lambda: token(body(roles=["emperor"])),
    "roles empty": lambda: token(body(roles=[])),
    "roles a text": lambda: token(body(roles="city_officer")),
    "scope unknown": lambda: token(body(scope="world")),
    "a school's scope without a school": lambda: token(body(scope="school")),
    "a county's scope without a county": lambda: token(body(scope="county")),
    "a person as a school's system": lambda: token(body(roles=["school_system"])),
    "a client as an officer": lambda: token(body(kind="client")),
    "the service itself": lambda: token(body(kind="system")),
    "a claim we never make": lambda: token(body(admin=True)),
    "payload a list": lambda: token(raw=b"[]"),
    "payload no JSON": lambda: token(raw=b"{"),
    "payload no UTF-8": lambda: token(raw=b"\xff\xfe{}"),
    "payload nested deep": lambda: token(raw=b"[" * 2800),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forgery_is_no_token(forgery: Callable[[], str]) -> None:
    with pytest.raises(NotLoggedIn):
        tokens.read(forgery())


def test_the_token_the_forgeries_start_from_is_good() -> None:
    assert tokens.read(token()).name == "王芳"
    assert len(FORGERIES) >= 25


def test_what_is_issued_is_read_back() -> None:
    who = uuid4()
    made = tokens.issue(
        who, ActorKind.PERSON, {"name": "王芳", "scope": "city", "roles": ["city_officer"]}
    )
    claims = tokens.read(made)
    assert (claims.sub, claims.name, claims.exp - claims.iat) == (who, "王芳", 900)


def test_every_forgery_that_a_header_can_carry_is_answered_401(client: TestClient) -> None:
    for name, forgery in FORGERIES.items():
        sent = forgery()
        if not sent.isascii() or sent != sent.strip():
            continue
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {sent}"})
        assert answer.status_code == 401, name
        assert answer.json()["type"] == "/problems/auth.not-logged-in", name
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_token_is_answered_401_and_a_good_one_says_who_calls(
    client: TestClient, city: City
) -> None:
    assert client.get("/api/v1/me").status_code == 401
    said = client.get("/api/v1/me", headers=city.bearer("county_officer@370811")).json()
    assert said["roles"] == ["county_officer"]
    assert said["scope"] == "county"
    assert said["county_id"] == str(city.counties["370811"])


@pytest.mark.parametrize(
    ("who", "scope", "county"),
    [
        ("school_clerk@2137000006", "school", "370811"),
        ("class_teacher@2137000006", "school", "370811"),
        ("school_head@3637000060", "school", "centre"),
        ("finance_maker@370811", "county", "370811"),
        ("finance_checker", "city", None),
        ("auditor", "city", None),
        ("administrator", "none", None),
    ],
)
def test_how_far_each_role_sees(
    client: TestClient, city: City, who: str, scope: str, county: str | None
) -> None:
    said = client.get("/api/v1/me", headers=city.bearer(who)).json()
    wanted = {"centre": str(city.centre), None: None}.get(county) or (
        str(city.counties[county]) if county in city.counties else None
    )
    assert (said["scope"], said["county_id"]) == (scope, wanted)
    if scope == "school":
        assert said["school_id"] == str(city.schools[who.split("@")[1]].id)

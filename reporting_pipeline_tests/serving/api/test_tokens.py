"""Only tokens of the issuer are accepted, with its keys of now, for us, and until they expire."""

import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from reporting_pipeline.errors import IssuerUnavailable, TokenRefused
from reporting_pipeline.serving.api.tokens import IssuedTokens, KnownTokens, Role
from reporting_pipeline_tests.sample_reports import BERLIN

ISSUER = "https://login.example.org"
AUDIENCE = "reporting"


@dataclass
class Issuer:
    """An identity provider with keys, which it serves over HTTP."""

    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    fetch_count: int = 0

    def add(self, key_id: str) -> None:
        self.keys[key_id] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def published(self) -> bytes:
        """The key set."""
        found = []
        for key_id, key in self.keys.items():
            public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
            found.append({**public, "kid": key_id, "use": "sig", "alg": "RS256"})
        return json.dumps({"keys": found}).encode()

    def token(self, key_id: str, **changed: Any) -> str:
        """A token that is right but for the changed claims; a claim that is None is left out."""
        claims = {**right_claims(), **changed}
        present = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": key_id}
        return jwt.encode(present, self.keys[key_id], algorithm="RS256", headers=headers)


def right_claims() -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "anna",
        "role": "editor",
        "organization_id": str(BERLIN),
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }


@pytest.fixture
def issuer() -> Issuer:
    found = Issuer()
    found.add("first")
    return found


@pytest.fixture
def keys_url(issuer: Issuer) -> Iterator[str]:
    """The address of the key set, on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetch_count += 1
            content = issuer.published()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()
        thread.join()


def tokens_of(keys_url: str, cooldown_seconds: float = 0) -> IssuedTokens:
    return IssuedTokens(ISSUER, AUDIENCE, keys_url, cooldown_seconds)


def test_a_right_token_names_the_caller_the_organisation_and_the_role(
    issuer: Issuer, keys_url: str
) -> None:
    found = tokens_of(keys_url).claims(issuer.token("first"))

    assert (found.subject, found.organization_id, found.role) == ("anna", BERLIN, Role.EDITOR)
    assert not found.is_platform


def test_keys_are_fetched_once_for_many_tokens(issuer: Issuer, keys_url: str) -> None:
    tokens = tokens_of(keys_url)

    for number in range(20):
        tokens.claims(issuer.token("first", sub=f"caller {number}"))

    assert issuer.fetch_count == 1


def test_a_new_key_of_the_issuer_is_fetched_when_a_token_names_it(
    issuer: Issuer, keys_url: str
) -> None:
    tokens = tokens_of(keys_url)
    tokens.claims(issuer.token("first"))
    former = issuer.token("first")
    issuer.add("second")
    del issuer.keys["first"]

    assert tokens.claims(issuer.token("second")).subject == "anna"
    with pytest.raises(TokenRefused, match="no key of this id"):
        tokens.claims(former)


def test_tokens_with_unknown_keys_do_not_make_the_issuer_busy(
    issuer: Issuer, keys_url: str
) -> None:
    tokens = tokens_of(keys_url, cooldown_seconds=60)
    issuer.keys["unknown"] = issuer.keys["first"]
    unknown = issuer.token("unknown")
    del issuer.keys["unknown"]

    for _ in range(10):
        with pytest.raises(TokenRefused, match="no key of this id"):
            tokens.claims(unknown)

    assert issuer.fetch_count == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": datetime(2025, 1, 1, tzinfo=UTC)}, "expired"),
        ({"exp": None}, "lacks"),
        ({"sub": None}, "lacks"),
        ({"aud": "another"}, "another audience"),
        ({"aud": None}, "another audience|lacks"),
        ({"iss": "https://evil.example.org"}, "another issuer"),
        ({"iss": None}, "another issuer|lacks"),
        ({"nbf": datetime(2099, 1, 1, tzinfo=UTC)}, "not valid yet"),
        ({"role": "admin"}, "`role` is none of"),
        ({"role": None}, "`role` is none of"),
        ({"role": ["viewer"]}, "`role` is none of"),
        ({"organization_id": None}, "`organization_id`"),
        ({"organization_id": "' or 1=1"}, "`organization_id`"),
        ({"platform": "true"}, "`platform`"),
        ({"sub": ""}, "`sub`"),
        ({"sub": "x" * 201}, "`sub`"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused_with_the_reason(
    issuer: Issuer, keys_url: str, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TokenRefused, match=reason):
        tokens_of(keys_url).claims(issuer.token("first", **changed))


def test_a_token_without_a_signature_is_refused(keys_url: str) -> None:
    headers = {"kid": "first"}
    token = jwt.encode(right_claims(), "", algorithm="none", headers=headers)

    with pytest.raises(TokenRefused, match="algorithm"):
        tokens_of(keys_url).claims(token)


def test_the_public_key_is_not_accepted_as_a_shared_secret(issuer: Issuer, keys_url: str) -> None:
    public = issuer.keys["first"].public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # The library refuses to make such a token, so it is put together here.
    claims = {**right_claims(), "exp": 4_000_000_000}
    head = {"alg": "HS256", "typ": "JWT", "kid": "first"}
    parts = [base64url_encode(json.dumps(each).encode()) for each in (head, claims)]
    signature = hmac.digest(pem, b".".join(parts), "sha256")
    token = b".".join([*parts, base64url_encode(signature)]).decode()

    with pytest.raises(TokenRefused, match="algorithm"):
        tokens_of(keys_url).claims(token)


def test_a_token_of_another_key_with_the_id_of_a_known_one_is_refused(
    issuer: Issuer, keys_url: str
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(right_claims(), other, algorithm="RS256", headers={"kid": "first"})

    with pytest.raises(TokenRefused, match="signature"):
        tokens_of(keys_url).claims(token)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "\N{SNOWMAN}.x.y", "e30.e30.", "x" * 9_000])
def test_text_that_is_no_token_is_refused(keys_url: str, text: str) -> None:
    with pytest.raises(TokenRefused):
        tokens_of(keys_url).claims(text)


def test_an_issuer_that_does_not_answer_is_not_the_fault_of_the_caller(issuer: Issuer) -> None:
    with pytest.raises(IssuerUnavailable, match="try again"):
        tokens_of("http://127.0.0.1:9/keys").claims(issuer.token("first"))


def test_the_platform_needs_no_organisation(issuer: Issuer, keys_url: str) -> None:
    token = issuer.token("first", platform=True, organization_id=None)

    found = tokens_of(keys_url).claims(token)

    assert (found.is_platform, found.organization_id) == (True, None)


def test_a_known_token_is_not_read_again_until_it_ends(issuer: Issuer, keys_url: str) -> None:
    known = KnownTokens(tokens_of(keys_url))
    token = issuer.token("first")
    claims = known.read(token)

    assert known.known(token, claims.expires_at - 1) == claims
    assert known.known(token, claims.expires_at + 1) is None
    assert known.known(f"{token}x", 0) is None


def test_ids_of_organisations_are_read_in_any_spelling(issuer: Issuer, keys_url: str) -> None:
    token = issuer.token("first", organization_id=str(BERLIN).upper())

    assert tokens_of(keys_url).claims(token).organization_id == UUID(str(BERLIN))

"""Reads bearer tokens: who calls, for which organisation, in which role.

A token is a JWT with these claims:

    sub                 who calls, for the audit log
    organization_id     the organisation of the caller; absent only with `platform`
    role                viewer, editor, approver or operator
    platform            true for the platform's own finance team, which may name any organisation
    iss, aud, exp       the issuer, the audience, and the end; all three are required

In production an identity provider issues tokens (`IssuedTokens`); its public keys are fetched from
its JWKS address and kept for five minutes. On one machine the API has a key of its own
(`local_keys`). Only signatures of a pair of keys are accepted: never `none`, and never a shared
secret, for which a public key could be misused.
"""

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import jwt
from cachetools import TTLCache
from jwt import PyJWKClient
from jwt.types import Options
from typing_extensions import override

from reporting_pipeline.errors import IssuerUnavailable, TokenRefused

_ALGORITHMS = ["EdDSA", "ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
_OPTIONS: Options = {"require": ["exp", "iss", "aud", "sub"]}
_LEEWAY_SECONDS = 10
_KEYS_SECONDS = 300
_FETCH_TIMEOUT_SECONDS = 5
_KNOWN_SECONDS = 30
_MAX_KNOWN = 10_000
_MAX_TOKEN_CHARACTERS = 8_192
_MAX_SUBJECT_CHARACTERS = 200
_REASONS: Mapping[type, str] = MappingProxyType(
    {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it is not valid yet",
        jwt.InvalidAudienceError: "it is for another audience",
        jwt.InvalidIssuerError: "it has another issuer",
        jwt.MissingRequiredClaimError: "it lacks one of `exp`, `iss`, `aud` and `sub`",
        jwt.PyJWKClientError: "the issuer has no key of this id",
        jwt.InvalidAlgorithmError: "its algorithm is not accepted",
        jwt.InvalidSignatureError: "its signature is wrong",
        Exception: "it cannot be read",
    }
)


class Role(StrEnum):
    """What a caller may do; each role may also do what the ones before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    OPERATOR = "operator"

    def includes(self, least: "Role") -> bool:
        """True if this role may do what `least` may."""
        order = list(Role)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a valid token says.

    Attributes:
        subject: Who calls.
        organization_id: The caller's organisation; None only for the platform.
        is_platform: The caller may name any organisation.
        expires_at: The end of the token, in seconds since 1970.
    """

    subject: str
    organization_id: UUID | None
    role: Role
    is_platform: bool
    expires_at: float


class Tokens(ABC):
    """Reads tokens of one issuer; all methods are thread-safe."""

    def __init__(self, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience

    @abstractmethod
    def _key(self, token: str) -> Any:
        """The public key that checks the signature."""

    def claims(self, token: str) -> Claims:
        """What a token says.

        Raises:
            TokenRefused: It is not valid now; the message says why, and shows no part of it.
            IssuerUnavailable: The issuer's keys cannot be fetched.
        """
        if len(token) > _MAX_TOKEN_CHARACTERS:
            message = "the token is too long: send one that the issuer gave you"
            raise TokenRefused(message)
        try:
            found = jwt.decode(
                token,
                self._key(token),
                algorithms=_ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options=_OPTIONS,
            )
        except jwt.PyJWKClientConnectionError as error:
            message = "the keys of the issuer cannot be fetched now: try again"
            raise IssuerUnavailable(message) from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise TokenRefused(f"the token is not valid: {_reason(error)}") from error
        return _claims(found)


class IssuedTokens(Tokens):
    """Tokens of an identity provider, whose public keys are at a JWKS address."""

    def __init__(self, issuer: str, audience: str, keys_url: str, cooldown_seconds: float) -> None:
        super().__init__(issuer, audience)
        self._keys = PyJWKClient(
            keys_url,
            lifespan=_KEYS_SECONDS,
            timeout=_FETCH_TIMEOUT_SECONDS,
            cooldown_duration=cooldown_seconds,
        )

    @override
    def _key(self, token: str) -> Any:
        return self._keys.get_signing_key_from_jwt(token)


class KnownTokens:
    """Tokens that were read within the last half minute, so that a busy caller is read once.

    A key that its issuer withdraws is refused half a minute after the next fetch of the keys.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known: TTLCache[bytes, Claims] = TTLCache(_MAX_KNOWN, _KNOWN_SECONDS)
        self._lock = threading.Lock()

    def known(self, token: str, now: float) -> Claims | None:
        """The claims of a token that was read just now, and has not ended."""
        with self._lock:
            found: Claims | None = self._known.get(_digest(token))
        return found if found is not None and found.expires_at > now else None

    def read(self, token: str) -> Claims:
        """The claims of a token; see `Tokens.claims`."""
        found = self._tokens.claims(token)
        with self._lock:
            self._known[_digest(token)] = found
        return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _claims(found: dict[str, Any]) -> Claims:
    subject, is_platform = found["sub"], found.get("platform", False)
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT_CHARACTERS:
        message = "the token is not valid: `sub` is no text of 1 to 200 characters"
        raise TokenRefused(message)
    if not isinstance(is_platform, bool):
        message = "the token is not valid: `platform` is neither true nor false"
        raise TokenRefused(message)
    try:
        role = Role(found.get("role", ""))
    except ValueError:
        roles = ", ".join(Role)
        raise TokenRefused(f"the token is not valid: `role` is none of {roles}") from None
    return Claims(
        subject=subject,
        organization_id=_organization(found.get("organization_id"), is_platform=is_platform),
        role=role,
        is_platform=is_platform,
        expires_at=float(found["exp"]),
    )


def _organization(value: object, *, is_platform: bool) -> UUID | None:
    if value is None and is_platform:
        return None
    try:
        return UUID(str(value))
    except ValueError:
        message = "the token is not valid: `organization_id` is no UUID"
        raise TokenRefused(message) from None


def _reason(error: Exception) -> str:
    """The reason in words; the library's own text of a malformed token may show parts of it."""
    kinds = (kind for kind in type(error).__mro__ if kind in _REASONS)
    return _REASONS[next(kinds)]

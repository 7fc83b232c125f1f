"""The API's own key, for the demo and for one machine: signs tokens, and checks them.

    {home}/api/key.pem     the private key of Ed25519, which only its owner may read

In production an identity provider issues tokens, and no key is made.
"""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from typing_extensions import override

from reporting_pipeline.embedded.account import own_account, private_folder
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.guards.regular_file import open_regular
from reporting_pipeline.serving.api.tokens import Role, Tokens

LOCAL_ISSUER = "urn:reporting-pipeline:local"
_OWNER_ONLY = 0o600
_MAX_KEY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A private key that signs tokens."""

    signer: Signer

    @classmethod
    def of_home(cls, home: Path) -> "LocalKey":
        """The key of a home; it is made if there is none.

        Raises:
            EnvironmentNotReady: Others than its owner may read the key, or it is no key.
        """
        path = private_folder(home / "api", own_account()) / "key.pem"
        _make(path)
        with open_regular(path) as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(_MAX_KEY_BYTES)
        if mode & 0o077:
            raise EnvironmentNotReady(f"others may read the key of the API: chmod 600 {path}")
        return cls(Signer.of_pem(content.decode("ascii", errors="replace")))

    def token(
        self,
        audience: str,
        role: Role,
        *,
        subject: str,
        organization_id: UUID | None,
        now: datetime,
        lifetime: timedelta,
    ) -> str:
        """A token for an organisation; for the platform if there is none."""
        claims: dict[str, Any] = {
            "iss": LOCAL_ISSUER,
            "aud": audience,
            "sub": subject,
            "role": str(role),
            "iat": now,
            "exp": now + lifetime,
        }
        if organization_id is None:
            claims["platform"] = True
        else:
            claims["organization_id"] = str(organization_id)
        return jwt.encode(claims, self.signer.key, algorithm="EdDSA")


class LocalTokens(Tokens):
    """Tokens that were signed with the key of this home."""

    def __init__(self, key: LocalKey, audience: str) -> None:
        super().__init__(LOCAL_ISSUER, audience)
        self._public = key.signer.public_key.key

    @override
    def _key(self, token: str) -> Any:
        return self._public


def _make(path: Path) -> None:
    """Write a new key, unless the file exists; of two programs, the first one writes it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if path.exists():
        return
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Signer.new().pem)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)

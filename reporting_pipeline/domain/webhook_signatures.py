"""Signatures of the Standard Webhooks specification (standardwebhooks.com).

Libraries for receivers exist in most languages. A message has three headers:

    webhook-id         the same each time the message is sent: receivers drop a known one
    webhook-timestamp  seconds since 1970, UTC: receivers refuse an old one
    webhook-signature  v1,Base64(HMAC-SHA256(secret, "{id}.{timestamp}.{body}"))
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

SECRET_PREFIX = "whsec_"  # noqa: S105 - the mark of a secret, and none itself
MIN_SECRET_BYTES = 24
_NEW_SECRET_BYTES = 32


def new_secret() -> str:
    """A random secret, as text for both sides."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_NEW_SECRET_BYTES)).decode()


def secret_bytes(text: str | None) -> bytes:
    """The bytes of a secret.

    Raises:
        ValueError: It is missing, too short or malformed.
    """
    try:
        secret = base64.b64decode((text or "").removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) < MIN_SECRET_BYTES:
        message = (
            f"expected {SECRET_PREFIX} and the Base64 of at least {MIN_SECRET_BYTES} random bytes"
        )
        raise ValueError(message)
    return secret


def signed_headers(secret: bytes, message_id: str, sent_at: int, body: bytes) -> Mapping[str, str]:
    """The headers of a message.

    Args:
        secret: The bytes of the secret.
        message_id: The same each time the message is sent.
        sent_at: Seconds since 1970, UTC.
        body: The message as it is sent.
    """
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": signature(secret, message_id, sent_at, body),
    }


def signature(secret: bytes, message_id: str, sent_at: int, body: bytes) -> str:
    """The value of the header `webhook-signature`."""
    signed = f"{message_id}.{sent_at}.".encode() + body
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"

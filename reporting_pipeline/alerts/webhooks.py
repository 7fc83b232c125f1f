"""Webhooks: signed JSON as the Standard Webhooks specification has it, and Slack's form.

    webhook-id         the same each time the message is sent: a receiver drops what it knows
    webhook-timestamp  seconds since 1970, UTC: a receiver refuses what is old
    webhook-signature  v1,Base64(HMAC-SHA256(secret, "{id}.{timestamp}.{body}"))

Libraries for receivers exist in most languages (standardwebhooks.com). Redirects are not followed:
what is signed for one receiver is for no other.

What belongs here: one request. What does not: sending it again (`deliveries`).
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from reporting_pipeline.alerts.words import text_of
from reporting_pipeline.errors import ChannelFailed, SettingsError

_TIMEOUT_SECONDS = (3, 5)
_PREFIX = "whsec_"
_SHORTEST_SECRET = 24
# The receiver says that the message itself is at fault; the same one will be no better.
_REFUSALS = frozenset({400, 405, 413, 415, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChannel:
    """A receiver of signed JSON."""

    name: str
    address: str = field(repr=False)
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, address: str, signing_secret: str | None) -> "WebhookChannel":
        """A webhook with the secret of the setting.

        Raises:
            SettingsError: There is none, or it is too short or malformed.
        """
        return cls(name=name, address=address, secret=_secret(signing_secret))

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:
        """Post the message; anything but 2xx is a failure."""
        body = json.dumps(message, ensure_ascii=False, sort_keys=True).encode()
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery_id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signature(self.secret, delivery_id, sent_at, body),
        }
        _post(self.name, self.address, body, headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackChannel:
    """An incoming webhook of Slack, or of what takes the same."""

    name: str
    address: str = field(repr=False)

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:  # noqa: ARG002 - a channel
        """Post the text; what it holds mentions nobody and links nowhere."""
        text = text_of(message)
        for sign, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, escaped)
        body = json.dumps({"text": text, "unfurl_links": False}).encode()
        _post(self.name, self.address, body, {"content-type": "application/json"})


def signature(secret: bytes, delivery_id: str, sent_at: int, body: bytes) -> str:
    """The signature of a message, as its header has it."""
    signed = f"{delivery_id}.{sent_at}.".encode() + body
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _post(name: str, address: str, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        response = requests.post(
            address,
            data=body,
            headers=dict(headers),
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,  # what it answers with is not read
        )
    except (requests.RequestException, ValueError) as error:
        # Its own words have the address, which may be a secret.
        message = f"{name} cannot be reached: {type(error).__name__}"
        raise ChannelFailed(message) from None
    with response:
        status: int = response.status_code
    if not response.ok or response.is_redirect:
        message = f"{name} answered {status}"
        raise ChannelFailed(message, is_refusal=status in _REFUSALS)


def _secret(text: str | None) -> bytes:
    try:
        secret = base64.b64decode((text or "").removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) < _SHORTEST_SECRET:
        message = (
            "REPORTING_ALERT_SIGNING_SECRET is needed for a webhook: expected whsec_ and the "
            f"Base64 of at least {_SHORTEST_SECRET} random bytes, as of `openssl rand -base64 32`"
        )
        raise SettingsError(message)
    return secret

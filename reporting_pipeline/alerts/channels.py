"""Channels: the services that receive alerts, each given by a URL.

    log://                                    the process's log
    webhook+https://host/path                 the message as signed JSON
    slack+https://hooks.slack.com/services/   `{"text": ...}`: Slack, Mattermost, Rocket.Chat ...
    any other                                 the services of Apprise: mailto://, tgram:// ...

`webhook+http://` and `slack+http://` are for receivers in one's own network. A URL may contain
secrets, so it is never shown: a channel's name has its scheme, its host and a digest.

Webhooks are signed (`domain.webhook_signatures`).
Redirects are not followed: a message signed for one receiver must not reach another.
"""

import hashlib
import json
import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from reporting_pipeline.alerts.alert import is_resolved, severity_of, subject_of, text_of
from reporting_pipeline.domain.webhook_signatures import secret_bytes, signed_headers
from reporting_pipeline.errors import ChannelFailed, SettingsError

_LOG = logging.getLogger(__name__)
# A URL may contain a comma; a comma that separates two URLs is followed by a scheme.
_SEPARATOR = re.compile(r",\s*(?=[a-z][a-z0-9+.-]*://)", re.IGNORECASE)
_LEVELS = {"warn": logging.WARNING, "error": logging.ERROR}
_SETTING = "REPORTING_ALERT_CHANNELS"
_TIMEOUT_SECONDS = (3, 5)
# The receiver rejects the message itself: sending it again does not help.
_REFUSALS = frozenset({400, 405, 413, 415, 422})


class Channel(Protocol):
    """A receiver of messages; `name` is unique among the channels and contains no secret."""

    @property
    def name(self) -> str:
        """The name in the catalogue and in the log."""

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:
        """Send a message, within seconds.

        Args:
            delivery_id: The same each time the message is sent.
            message: The result of `alert.message_of` or `alert.summary_of`.
            sent_at: Seconds since 1970, UTC.

        Raises:
            ChannelFailed: The message was not accepted.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedChannels:
    """The channels of a setting.

    Attributes:
        channels: One for each valid URL.
        faults: One error for each invalid URL, by its position and scheme, without secrets.
    """

    channels: tuple[Channel, ...]
    faults: tuple[str, ...] = ()


def open_channels(urls: str | None, signing_secret: str | None) -> tuple[Channel, ...]:
    """The channels of a setting; nothing is connected to yet.

    Args:
        urls: Separated by commas.
        signing_secret: `whsec_` and Base64; required if there is a webhook.

    Raises:
        SettingsError: A URL is invalid; the message lists all of them by position and scheme.
    """
    parsed = parse_channels(urls, signing_secret)
    if parsed.faults:
        raise SettingsError("; ".join(parsed.faults))
    return parsed.channels


def parse_channels(urls: str | None, signing_secret: str | None) -> ParsedChannels:
    """The valid channels of a setting, and the faults of the others."""
    listed = [each.strip() for each in _SEPARATOR.split(urls or "") if each.strip(" ,")]
    channels: dict[str, Channel] = {}
    faults: list[str] = []
    for position, url in enumerate(listed, start=1):
        try:
            channel = _open(position, url.rstrip(","), signing_secret)
        except SettingsError as error:
            faults.append(error.message)
        else:
            channels[channel.name] = channel
    return ParsedChannels(channels=tuple(channels.values()), faults=tuple(dict.fromkeys(faults)))


def channel_name(url: str) -> str:
    """The scheme and host of a URL, and a part of its digest that makes the name unique."""
    scheme, _, rest = url.partition("://")
    if not rest:
        return f"{scheme}://"
    host = "" if "+" not in scheme else urlsplit(url).hostname or ""
    return f"{scheme.lower()}://{host}#{hashlib.sha256(url.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class LogChannel:
    """The process's log."""

    name: str = "log://"

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:  # noqa: ARG002 - a channel
        """Log the message at the level of its severity; a resolved alert at INFO."""
        level = logging.INFO if is_resolved(message) else _LEVELS[severity_of(message)]
        _LOG.log(level, "%s", text_of(message))


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
            SettingsError: The secret is missing, too short or malformed.
        """
        return cls(name=name, address=address, secret=_secret(signing_secret))

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:
        """Post the message; any status but 2xx is a failure."""
        body = json.dumps(message, ensure_ascii=False, sort_keys=True).encode()
        headers = signed_headers(self.secret, delivery_id, sent_at, body)
        _post(self.name, self.address, body, headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackChannel:
    """An incoming webhook of Slack, or of a service with the same format."""

    name: str
    address: str = field(repr=False)

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:  # noqa: ARG002 - a channel
        """Post the text, escaped so that it mentions nobody and contains no links."""
        text = text_of(message)
        for sign, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, escaped)
        body = json.dumps({"text": text, "unfurl_links": False}).encode()
        _post(self.name, self.address, body, {"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """A service that Apprise supports."""

    name: str
    url: str = field(repr=False)

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:  # noqa: ARG002 - a channel
        """Send the text. Apprise returns whether it was accepted, and logs why not."""
        service = _apprise_service(self.url)
        if is_resolved(message):
            kind = "success"
        else:
            kind = "failure" if severity_of(message) == "error" else "warning"
        is_accepted = service is not None and service.notify(
            title=subject_of(message), body=text_of(message), notify_type=kind, body_format="text"
        )
        if not is_accepted:
            failure = (
                f"{self.name} did not accept the message; see the log of Apprise for the reason"
            )
            raise ChannelFailed(failure)


def _open(position: int, url: str, signing_secret: str | None) -> Channel:
    scheme = url.partition("://")[0].lower()
    if url.lower() == "log://":
        return LogChannel()
    kind, _, transport = scheme.partition("+")
    if kind in {"webhook", "slack"} and transport in {"http", "https"}:
        if not _has_host(url):
            raise _invalid(position, scheme, "it has no host")
        address, name = url.partition("+")[2], channel_name(url)
        if kind == "slack":
            return SlackChannel(name=name, address=address)
        return WebhookChannel.of(name, address, signing_secret)
    if _apprise_service(url) is None:
        raise _invalid(
            position,
            scheme,
            "expected log://, webhook+https://, slack+https:// or a URL that Apprise supports",
        )
    return AppriseChannel(name=channel_name(url), url=url)


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _invalid(position: int, scheme: str, why: str) -> SettingsError:
    message = f"{_SETTING}: URL {position}, of scheme {scheme[:40]!r}, is invalid: {why}"
    return SettingsError(message)


def _secret(text: str | None) -> bytes:
    try:
        return secret_bytes(text)
    except ValueError as error:
        message = (
            f"REPORTING_ALERT_SIGNING_SECRET is needed for a webhook: {error}, as of "
            "`openssl rand -base64 32`"
        )
        raise SettingsError(message) from None


def _post(name: str, address: str, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        response = requests.post(
            address,
            data=body,
            headers=dict(headers),
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,  # the body of the response is not read
        )
    except (requests.RequestException, ValueError) as error:
        # The error's text contains the address, which may be a secret.
        message = f"{name} cannot be reached: {type(error).__name__}"
        raise ChannelFailed(message) from None
    with response:
        status: int = response.status_code
    if not response.ok or response.is_redirect:
        message = f"{name} answered {status}"
        raise ChannelFailed(message, is_refusal=status in _REFUSALS)


def _apprise_service(url: str) -> Any:
    """The service of Apprise for a URL; None if Apprise does not support it."""
    with warnings.catch_warnings():
        # Some plugins of Apprise import modules that Python has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        logging.getLogger("apprise").addFilter(_no_urls)
        return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _no_urls(record: logging.LogRecord) -> bool:
    """Drop log records with URLs: Apprise logs an invalid URL with its secrets."""
    return "://" not in record.getMessage()

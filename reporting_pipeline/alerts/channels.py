"""Channels: where alerts are handed to, each by a URL.

    log://                                    the process's log
    webhook+https://host/path                 the message as JSON, signed
    slack+https://hooks.slack.com/services/   `{"text": ...}`: Slack, Mattermost, Rocket.Chat ...
    any other                                 what Apprise knows: mailto://, tgram:// ...

`webhook+http://` and `slack+http://` are for receivers in one's own network. A URL may hold
secrets, so it is shown nowhere: a channel's name has its scheme, its host and a digest.

What belongs here: reading the URLs. What does not: the web (`webhooks`), and sending it again
(`deliveries`).
"""

import hashlib
import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from reporting_pipeline.alerts.webhooks import SlackChannel, WebhookChannel
from reporting_pipeline.alerts.words import is_over, severity_of, subject_of, text_of
from reporting_pipeline.errors import ChannelFailed, SettingsError

_LOG = logging.getLogger(__name__)
# A comma may stand within a URL; one that separates is followed by a scheme.
_SEPARATOR = re.compile(r",\s*(?=[a-z][a-z0-9+.-]*://)", re.IGNORECASE)
_LEVELS = {"warn": logging.WARNING, "error": logging.ERROR}
_SETTING = "REPORTING_ALERT_CHANNELS"


class Channel(Protocol):
    """Where messages go; `name` is unique among the channels and holds no secret."""

    @property
    def name(self) -> str:
        """What the catalogue and the log call it."""

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:
        """Hand a message over, within seconds.

        Args:
            delivery_id: The same each time the message is sent.
            message: `book.message_of`, or a summary.
            sent_at: Seconds since 1970, UTC.

        Raises:
            ChannelFailed: It was not taken.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChannels:
    """What a setting says.

    Attributes:
        channels: Those of its URLs that are of use.
        faults: What is wrong with each of the others, by its place and scheme; no secrets.
    """

    channels: tuple[Channel, ...]
    faults: tuple[str, ...] = ()


def open_channels(urls: str | None, signing_secret: str | None) -> tuple[Channel, ...]:
    """The channels of a setting, all of them; nothing is connected to yet.

    Args:
        urls: Separated by commas.
        signing_secret: `whsec_` and Base64; needed where there is a webhook.

    Raises:
        SettingsError: A URL is of no use; every one is named by its place and scheme.
    """
    read = read_channels(urls, signing_secret)
    if read.faults:
        raise SettingsError("; ".join(read.faults))
    return read.channels


def read_channels(urls: str | None, signing_secret: str | None) -> ReadChannels:
    """The channels of a setting that are of use; one that is not silences no other."""
    listed = [each.strip() for each in _SEPARATOR.split(urls or "") if each.strip(" ,")]
    channels: dict[str, Channel] = {}
    faults: list[str] = []
    for place, url in enumerate(listed, start=1):
        try:
            channel = _open(place, url.rstrip(","), signing_secret)
        except SettingsError as error:
            faults.append(error.message)
        else:
            channels[channel.name] = channel
    return ReadChannels(channels=tuple(channels.values()), faults=tuple(dict.fromkeys(faults)))


def channel_name(url: str) -> str:
    """The scheme and host of a URL, and so much of its digest that two do not look the same."""
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
        """Log the message, at the level of its severity; what is over at INFO."""
        level = logging.INFO if is_over(message) else _LEVELS[severity_of(message)]
        _LOG.log(level, "%s", text_of(message))


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """A service that Apprise knows."""

    name: str
    url: str = field(repr=False)

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:  # noqa: ARG002 - a channel
        """Hand the text over; Apprise says whether it was taken, and logs why not."""
        service = _apprise_service(self.url)
        if is_over(message):
            kind = "success"
        else:
            kind = "failure" if severity_of(message) == "error" else "warning"
        taken = service is not None and service.notify(
            title=subject_of(message), body=text_of(message), notify_type=kind, body_format="text"
        )
        if not taken:
            failure = f"{self.name} did not take the message; Apprise's log says why"
            raise ChannelFailed(failure)


def _open(place: int, url: str, signing_secret: str | None) -> Channel:
    scheme = url.partition("://")[0].lower()
    if url.lower() == "log://":
        return LogChannel()
    kind, _, transport = scheme.partition("+")
    if kind in {"webhook", "slack"} and transport in {"http", "https"}:
        if not _has_host(url):
            raise _unusable(place, scheme, "it has no host")
        address, name = url.partition("+")[2], channel_name(url)
        if kind == "slack":
            return SlackChannel(name=name, address=address)
        return WebhookChannel.of(name, address, signing_secret)
    if _apprise_service(url) is None:
        raise _unusable(
            place,
            scheme,
            "expected log://, webhook+https://, slack+https:// or a URL that Apprise takes",
        )
    return AppriseChannel(name=channel_name(url), url=url)


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _unusable(place: int, scheme: str, why: str) -> SettingsError:
    message = f"{_SETTING}: URL {place}, of scheme {scheme[:40]!r}, is of no use: {why}"
    return SettingsError(message)


def _apprise_service(url: str) -> Any:
    """A service of Apprise by its URL; None where it does not take it."""
    with warnings.catch_warnings():
        # Some of its plugins import what Python deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        logging.getLogger("apprise").addFilter(_no_urls)
        return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _no_urls(record: logging.LogRecord) -> bool:
    """Apprise logs a URL that it cannot read, with its secrets."""
    return "://" not in record.getMessage()

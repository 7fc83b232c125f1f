"""URLs of channels: the valid ones are opened, and no secret is shown."""

import logging
import re

import pytest

from reporting_pipeline.alerts.alert import text_of
from reporting_pipeline.alerts.channels import (
    AppriseChannel,
    LogChannel,
    SlackChannel,
    WebhookChannel,
    channel_name,
    open_channels,
    parse_channels,
)
from reporting_pipeline.errors import SettingsError

SECRET = "whsec_" + "c2VjcmV0" * 6
MESSAGE = {"type": "alert_opened", "kind": "break", "severity": "error", "message": "order 1"}


@pytest.mark.parametrize(
    ("urls", "kinds"),
    [
        (None, []),
        (" , ", []),
        ("log://", [LogChannel]),
        (
            "log://, webhook+https://hooks.example/a,b?c=1,slack+https://hooks.slack.example/T/B/x",
            [LogChannel, WebhookChannel, SlackChannel],
        ),
        ("json://user:password@host.example/path", [AppriseChannel]),
        ("log://,log://", [LogChannel]),
    ],
)
def test_each_url_is_a_channel(urls: str | None, kinds: list[type]) -> None:
    channels = open_channels(urls, SECRET)

    assert [type(each) for each in channels] == kinds
    shown = " ".join(f"{each.name} {each!r}" for each in channels if type(each) is not LogChannel)
    assert not any(secret in shown for secret in ("password", "c=1", "T/B/x", "secret"))


@pytest.mark.parametrize(
    ("urls", "secret", "problem"),
    [
        ("log://,pigeon://s3cret@roof", SECRET, "URL 2, of scheme 'pigeon', is invalid"),
        ("webhook+https://", SECRET, "it has no host"),
        ("webhook+https://[s3cret", SECRET, "it has no host"),
        ("webhook+ftp://host.example", SECRET, "expected log://"),
        ("no url at all", SECRET, "is invalid"),
        ("webhook+https://host.example", None, "REPORTING_ALERT_SIGNING_SECRET"),
        ("webhook+https://host.example", "whsec_c2hvcnQ=", "at least 24 random bytes"),
        ("webhook+https://host.example", "not base64 !", "at least 24 random bytes"),
    ],
)
def test_an_invalid_url_is_refused_without_its_secrets(
    urls: str, secret: str | None, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        open_channels(urls, secret)

    assert "s3cret" not in str(caught.value) + caplog.text


def test_an_invalid_url_does_not_stop_the_others_and_each_is_named() -> None:
    parsed = parse_channels(
        "pigeon://s3cret@roof,log://,webhook+https://host.example,x://s3cret", ""
    )

    assert [each.name for each in parsed.channels] == ["log://"]
    assert [fault.partition(" is ")[0] for fault in parsed.faults] == [
        "REPORTING_ALERT_CHANNELS: URL 1, of scheme 'pigeon',",
        "REPORTING_ALERT_SIGNING_SECRET",
        "REPORTING_ALERT_CHANNELS: URL 4, of scheme 'x',",
    ]
    assert "s3cret" not in str(parsed.faults)


def test_two_urls_of_one_host_have_two_names() -> None:
    first, second = map(channel_name, ("slack+https://h.example/a", "slack+https://h.example/b"))

    assert first.startswith("slack+https://h.example#")
    assert first != second


@pytest.mark.parametrize(
    ("change", "severity", "level"),
    [
        ("alert_opened", "error", logging.ERROR),
        ("alert_opened", "warn", logging.WARNING),
        ("alert_resolved", "error", logging.INFO),
    ],
)
def test_the_log_has_a_line_at_the_level_of_the_severity(
    change: str, severity: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    message = MESSAGE | {"type": change, "severity": severity, "message": "one\nline\x1b[2J"}

    LogChannel().send("alert_1", message, 0)

    [record] = caplog.records
    assert record.levelno == level
    assert record.getMessage().endswith(f"break ({severity}): one line\ufffd[2J")


def test_the_text_of_a_long_message_is_cut_and_says_its_length() -> None:
    text = text_of(MESSAGE | {"message": "\u202e" + "a" * 20_000_000})

    assert len(text) < 1_800
    assert "\u202e" not in text
    assert re.search(r"a\.\.\. \(200000\d\d characters\)$", text)

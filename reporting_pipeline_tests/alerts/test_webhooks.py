"""Webhooks are signed, follow no redirect, and distinguish a refusal from an outage."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from reporting_pipeline.alerts import channels
from reporting_pipeline.alerts.channels import Channel, open_channels
from reporting_pipeline.domain.webhook_signatures import signature
from reporting_pipeline.errors import ChannelFailed
from reporting_pipeline_tests.alerts.receiver import Receiver

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
MESSAGE: dict[str, Any] = {
    "type": "alert_opened",
    "kind": "break",
    "severity": "error",
    "message": "order <!channel> & 東京",
}


def channel(url: str) -> Channel:
    [opened] = open_channels(url, SECRET)
    return opened


def test_a_webhook_is_signed_json(receiver: Receiver) -> None:
    channel(f"webhook+http://{receiver.address}").send("alert_7", MESSAGE, 1_700_000_000)

    [(path, headers, body)] = receiver.requests
    assert path == "/alerts"
    assert json.loads(body) == MESSAGE
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("alert_7", "1700000000")
    digest = hmac.new(KEY, b"alert_7.1700000000." + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of standardwebhooks.com's reference libraries.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'

    assert (
        signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_slack_gets_text_that_mentions_nobody(receiver: Receiver) -> None:
    channel(f"slack+http://{receiver.address}").send("alert_7", MESSAGE, 0)

    [(_, headers, body)] = receiver.requests
    assert "webhook-signature" not in headers
    assert json.loads(body)["text"] == ("ALERT break (error): order &lt;!channel&gt; &amp; 東京")


def test_other_urls_are_sent_through_apprise(receiver: Receiver) -> None:
    channel(f"json://{receiver.address}").send("alert_7", MESSAGE, 0)

    [(_, _, body)] = receiver.requests
    sent = json.loads(body)
    assert sent["type"] == "failure"
    assert "order <!channel> & 東京" in sent["message"]


@pytest.mark.parametrize(
    ("status", "is_refusal"),
    [
        (302, False),
        (308, False),
        (400, True),
        (404, False),
        (422, True),
        (429, False),
        (500, False),
    ],
)
def test_any_status_but_success_is_a_failure(
    receiver: Receiver, status: int, is_refusal: bool
) -> None:
    receiver.status = status

    with pytest.raises(ChannelFailed, match=f"answered {status}") as caught:
        channel(f"webhook+http://{receiver.address}?token=s3cret").send("alert_7", MESSAGE, 0)

    assert caught.value.facts == {"is_refusal": is_refusal}
    assert len(receiver.requests) == 1
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["webhook+http", "slack+http"])
def test_a_timeout_is_a_failure(
    receiver: Receiver, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_TIMEOUT_SECONDS", (1, 0.1))
    receiver.is_slow = True

    with pytest.raises(ChannelFailed, match="cannot be reached: ReadTimeout") as caught:
        channel(f"{scheme}://{receiver.address}").send("alert_7", MESSAGE, 0)

    assert caught.value.facts == {}
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("scheme", ["webhook+http", "slack+http", "json"])
def test_a_refused_connection_is_a_failure_without_the_address(scheme: str) -> None:
    with pytest.raises(ChannelFailed) as caught:
        channel(f"{scheme}://127.0.0.1:1/s3cret").send("alert_7", MESSAGE, 0)

    assert "s3cret" not in str(caught.value)

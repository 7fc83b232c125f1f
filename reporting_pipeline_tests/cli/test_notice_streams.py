"""Notices of an organisation reach its callers over HTTP, and an interrupted stream goes on."""

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.serving.api.local_keys import LocalKey
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.cli.test_serve import PATIENCE_SECONDS, served

ONE = UUID("00000001-0000-4000-8000-000000000001")
OTHER = UUID("00000001-0000-4000-8000-000000000002")


@pytest.fixture
def server(
    own_warehouse: URL, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running API with Redis."""
    monkeypatch.setenv("REPORTING_REDIS_URL", redis_url)
    with served() as found:
        yield found


def token(home: Path, organization_id: UUID = ONE, *, seconds: int = 600) -> str:
    return LocalKey.of_home(home).token(
        "reporting",
        Role.VIEWER,
        subject="anna",
        organization_id=organization_id,
        now=datetime.now(UTC),
        lifetime=timedelta(seconds=seconds),
    )


def publish(warehouse: URL, redis_url: str, organization_id: UUID, kind: str) -> None:
    """Write and publish a notice."""
    with warehouse_connection(warehouse) as connection:
        message = {"version": 1, "type": kind, "organization_id": str(organization_id)}
        connection.execute(
            "insert into catalogue.notices (topic, message, created_at) values (%s, %s, now())",
            (f"reporting:org:{organization_id}", Jsonb(message)),
        )
    publish_notices(warehouse, redis_url, datetime.now(UTC))


@contextmanager
def stream(
    port: int, bearer: str, headers: Mapping[str, str] | None = None, path: str = ""
) -> Iterator[http.client.HTTPResponse]:
    """An open stream, behind its first comment."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(
            "GET",
            f"/v1/organizations/{ONE}/notices{path}",
            headers={"Authorization": f"Bearer {bearer}", **(headers or {})},
        )
        found = connection.getresponse()
        assert found.status == 200
        assert found.headers["content-type"].startswith("text/event-stream")
        _block(found)
        yield found
    finally:
        connection.close()


def _block(response: http.client.HTTPResponse) -> dict[str, str]:
    """The fields of the next block; empty at the end of the stream."""
    fields: dict[str, str] = {}
    for line in response:
        text = line.decode().rstrip("\n")
        if not text:
            break
        name, _, value = text.partition(": ")
        fields[name] = value
    return fields


def test_notices_of_the_organisation_come_at_once(
    server: tuple[subprocess.Popen[str], int], own_warehouse: URL, redis_url: str, tmp_path: Path
) -> None:
    with stream(server[1], token(tmp_path)) as found:
        publish(own_warehouse, redis_url, OTHER, "available")
        publish(own_warehouse, redis_url, ONE, "rebuilt")
        block = _block(found)

    assert block["event"] == "rebuilt"
    assert json.loads(block["data"])["organization_id"] == str(ONE)
    assert int(block["id"]) == json.loads(block["data"])["id"]


def test_only_the_chosen_types_come(
    server: tuple[subprocess.Popen[str], int], own_warehouse: URL, redis_url: str, tmp_path: Path
) -> None:
    with stream(server[1], token(tmp_path), path="?type=held&type=defined") as found:
        for kind in ("rebuilt", "available", "held"):
            publish(own_warehouse, redis_url, ONE, kind)

        assert _block(found)["event"] == "held"


def test_an_interrupted_stream_goes_on_with_what_was_missed(
    server: tuple[subprocess.Popen[str], int], own_warehouse: URL, redis_url: str, tmp_path: Path
) -> None:
    with stream(server[1], token(tmp_path)) as found:
        publish(own_warehouse, redis_url, ONE, "rebuilt")
        last = _block(found)["id"]
    publish(own_warehouse, redis_url, OTHER, "available")
    publish(own_warehouse, redis_url, ONE, "queued")
    publish(own_warehouse, redis_url, ONE, "started")

    with stream(server[1], token(tmp_path), {"Last-Event-ID": last}) as found:
        missed = [_block(found)["event"] for _ in range(2)]
        publish(own_warehouse, redis_url, ONE, "completed")
        missed.append(_block(found)["event"])
    with stream(server[1], token(tmp_path), {"Last-Event-ID": "99999999"}) as found:
        unknown = _block(found)["event"]

    assert missed == ["queued", "started", "completed"]
    assert unknown == "reset"


def test_the_notice_of_another_organisation_is_no_place_to_go_on_from(
    server: tuple[subprocess.Popen[str], int], own_warehouse: URL, redis_url: str, tmp_path: Path
) -> None:
    publish(own_warehouse, redis_url, OTHER, "available")
    with warehouse_connection(own_warehouse) as connection:
        [(last,)] = connection.execute("select id from catalogue.notices").fetchall()

    with stream(server[1], token(tmp_path), {"Last-Event-ID": str(last)}) as found:
        assert _block(found)["event"] == "reset"


def test_a_stream_ends_with_its_token(
    server: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    with stream(server[1], token(tmp_path, seconds=3)) as found:
        assert _block(found) == {}


def test_open_streams_do_not_delay_the_end_of_the_server(
    server: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    process, port = server
    with stream(port, token(tmp_path)) as found:
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert _block(found) == {}
        process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0
    assert time.monotonic() - begun < 12

"""The API is served until a signal, and tokens are made for the local key only."""

import http.client
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.embedded.process import free_port
from reporting_pipeline.serving.api.local_keys import LocalKey, LocalTokens
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.cli.conftest import program

ORGANIZATION = UUID("00000001-0000-4000-8000-000000000001")
PATIENCE_SECONDS = 60
ISSUER = {
    "REPORTING_API_ISSUER_URL": "https://login.example.org",
    "REPORTING_API_KEYS_URL": "https://login.example.org/keys",
}


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`reporting serve`, until it answers."""
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [program(), "serve", f"--port={port}", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment({}),
    )
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while status(port, "/health/live") != 200:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end
            time.sleep(0.1)
        yield process, port
    finally:
        process.kill()
        process.communicate()


def status(port: int, path: str, token: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_api_is_served_until_a_signal(own_warehouse: URL, workers: int) -> None:
    with warehouse_connection(own_warehouse) as connection:
        connection.execute(
            "insert into landing.ticketing_organizations (id, name, timezone, currency, updated_at)"
            " values (%s, 'One', 'UTC', 'EUR', now())",
            (ORGANIZATION,),
        )
    made = CliRunner().invoke(main, ["token", "--organization=One", "--role=editor"])
    token = made.output.strip()

    with served(f"--workers={workers}") as (process, port):
        ready = status(port, "/health/ready")
        own = status(port, f"/v1/organizations/{ORGANIZATION}/reports", token)
        without = status(port, f"/v1/organizations/{ORGANIZATION}/reports")
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)

    assert (ready, own, without) == (200, 200, 401)
    assert (process.returncode, errors) == (0, "")
    assert f"http://127.0.0.1:{port}" in output


def test_a_token_says_who_calls_and_until_when(own_warehouse: URL, tmp_path: Path) -> None:
    made = CliRunner().invoke(main, ["token", "--platform", "--role=operator", "--subject=anna"])

    found = LocalTokens(LocalKey.of_home(tmp_path), "reporting").claims(made.output.strip())

    assert (found.subject, found.role, found.is_platform) == ("anna", Role.OPERATOR, True)
    assert 23 * 3600 < found.expires_at - time.time() <= 24 * 3600


@pytest.mark.parametrize("options", [[], ["--platform", "--organization=One"]])
def test_a_token_is_of_one_organisation_or_of_the_platform(options: list[str]) -> None:
    found = CliRunner().invoke(main, ["token", *options])

    assert (found.exit_code, "one of --organization and --platform" in found.output) == (2, True)


def test_no_token_is_made_where_an_issuer_makes_them(
    own_warehouse: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ISSUER.items():
        monkeypatch.setenv(name, value)

    found = CliRunner().invoke(main, ["token", "--platform"])

    assert (found.exit_code, "ask it for one" in found.output) == (1, True)


def test_a_local_key_is_served_to_this_machine_only(own_warehouse: URL) -> None:
    found = CliRunner().invoke(main, ["serve", "--host=0.0.0.0"])

    assert found.exit_code == 1
    assert "does not listen at 0.0.0.0" in found.output


@pytest.mark.parametrize("option", ["--host=example.org", "--proxy=*", "--proxy=10.0.0.1/x"])
def test_an_address_is_an_address(option: str) -> None:
    assert CliRunner().invoke(main, ["serve", option]).exit_code == 2


def test_half_an_issuer_is_refused(own_warehouse: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTING_API_ISSUER_URL", ISSUER["REPORTING_API_ISSUER_URL"])

    found = CliRunner().invoke(main, ["serve"])

    assert (found.exit_code, "belong together" in found.output) == (1, True)

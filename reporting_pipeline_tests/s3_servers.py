"""Real stores: a folder, and buckets of two servers with the S3 protocol.

rclone checks signatures; moto supports what rclone does not, such as versions and conditions.
"""

import os
import re
import secrets
import subprocess
import sysconfig
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reporting_pipeline.settings import child_environment
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore

_BUCKET = "exports"
_RCLONE = Path(sysconfig.get_path("scripts"), "rclone")


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """A server on the loopback address that checks signatures, with one bucket."""

    endpoint: str
    access_key: str
    secret_key: str


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    root = tmp_path_factory.mktemp("s3")
    (root / _BUCKET).mkdir()
    access_key, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    # rclone needs the quotes: the variable is a line of CSV, and the pair is one value of it.
    environment = child_environment(
        {"RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"', "RCLONE_CONFIG": os.devnull}
    )
    command = [
        str(_RCLONE),
        "serve",
        "s3",
        "--addr",
        "127.0.0.1:0",
        "--vfs-cache-mode",
        "off",
        str(root),
    ]
    with subprocess.Popen(  # noqa: S603 - our own binary and arguments
        command, env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            yield S3Server(
                endpoint=_announced(server), access_key=access_key, secret_key=secret_key
            )
        finally:
            server.terminate()


def _announced(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None
    lines = []
    for line in server.stderr:
        lines.append(line)
        if found := re.search(r"Starting s3 server on \[(http://[\d.:]+)/\]", line):
            return found[1]
    pytest.fail(f"rclone did not start: {''.join(lines)}")


@pytest.fixture
def s3_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server's address and credentials, as the variables of an operator."""
    _set_environment(s3_server, monkeypatch)
    return s3_server


def _set_environment(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Server(
        endpoint=f"http://{host}:{port}", access_key="any", secret_key=secrets.token_hex()
    )
    server.stop()


@pytest.fixture
def moto_address(moto_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty store in a bucket of its own."""
    bucket = f"exports-{secrets.token_hex(8)}"
    _set_environment(moto_server, monkeypatch)
    request = urllib.request.Request(f"{moto_server.endpoint}/{bucket}", method="PUT")  # noqa: S310
    with urllib.request.urlopen(request):  # noqa: S310 - our own server
        return f"s3://{bucket}/reports"


@pytest.fixture
def bucket_address(s3_environment: S3Server) -> str:
    """The address of an empty store in the bucket."""
    return f"s3://{_BUCKET}/{secrets.token_hex(8)}"


@pytest.fixture
def folder_address(tmp_path: Path) -> str:
    """The address of an empty store in a folder."""
    return str(tmp_path / "store")


@pytest.fixture(params=["folder", "bucket", "moto"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """An empty store: a folder, and a bucket of each server."""
    return open_store(request.getfixturevalue(f"{request.param}_address"))

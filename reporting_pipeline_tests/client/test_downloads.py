"""A file is downloaded whole and as published, from memory, a folder or a bucket, or not at all."""

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from fastapi.testclient import TestClient

from reporting_pipeline.client import (
    FileDiffers,
    Gone,
    NoAnswer,
    NoFile,
    NotFound,
    Patience,
    ReportingClient,
    UnreadableAnswer,
)
from reporting_pipeline.serving.api.app import create_app
from reporting_pipeline.serving.api.context import open_context
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.cli.test_serve import served
from reporting_pipeline_tests.client.sample_answers import REPORT
from reporting_pipeline_tests.sample_reports import BERLIN, NOW
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller, api_settings
from reporting_pipeline_tests.serving.api.routes.test_report_files import generated

CONTENT = b"date,gross\n" + b"2026-02-28,100\n" * 10_000
FULL, PART = 200, 206


class BreakingBody(httpx2.SyncByteStream):
    """The first bytes of a body, then a broken connection."""

    def __init__(self, body: httpx2.SyncByteStream, byte_count: int) -> None:
        self._body = body
        self._left = byte_count

    def __iter__(self) -> Iterator[bytes]:
        for each in self._body:
            yield each[: self._left]
            self._left -= len(each)
            if self._left <= 0:
                message = "peer closed connection"
                raise httpx2.RemoteProtocolError(message)

    def close(self) -> None:
        self._body.close()


class BreakingTransport(httpx2.BaseTransport):
    """A real connection that breaks in the middle of the first files."""

    def __init__(self, byte_counts: list[int]) -> None:
        self._real = httpx2.HTTPTransport()
        self._byte_counts = byte_counts
        self.requests: list[tuple[httpx2.Request, int]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._real.handle_request(request)
        self.requests.append((request, answer.status_code))
        if self._byte_counts and answer.status_code in {FULL, PART} and is_file(answer):
            assert isinstance(answer.stream, httpx2.SyncByteStream)
            answer.stream = BreakingBody(answer.stream, self._byte_counts.pop(0))
        return answer

    def close(self) -> None:
        self._real.close()


def is_file(answer: httpx2.Response) -> bool:
    return not answer.headers.get("content-type", "").endswith("json")


@contextmanager
def real_server(
    pipeline: Pipeline,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    store_url: str | None = None,
) -> Iterator[tuple[ApiCaller, str]]:
    """`reporting serve` with files that are too large for its memory; its address."""
    more = {} if store_url is None else {"store_url": store_url}
    settings = api_settings(pipeline.warehouse, folder, **more)
    monkeypatch.setenv(
        "REPORTING_DATABASE_URL", pipeline.warehouse.render_as_string(hide_password=False)
    )
    monkeypatch.setenv("REPORTING_STORE_URL", settings.store_address())
    monkeypatch.setenv("REPORTING_HOME", str(settings.home))
    monkeypatch.setenv("REPORTING_HOT_CACHE_FILE_BYTES", "1")
    with (
        open_context(settings, clock=lambda: NOW) as context,
        TestClient(create_app(context)) as client,
        served() as (_, port),
    ):
        yield ApiCaller(client=client, settings=settings), f"http://127.0.0.1:{port}"


def test_a_file_is_downloaded_into_a_folder_under_its_own_name(
    api: ApiCaller, client: ReportingClient, tmp_path: Path
) -> None:
    report = generated(api)

    place = client.download(report.id, tmp_path)

    assert place == tmp_path / str(report.file_name)
    assert hashlib.sha256(place.read_bytes()).hexdigest() == report.file_sha256
    assert list(tmp_path.glob(".download-*")) == []


def test_a_file_that_exists_is_replaced(
    api: ApiCaller, client: ReportingClient, tmp_path: Path
) -> None:
    target = tmp_path / "report.csv"
    target.write_text("former")
    report = generated(api)

    assert client.download(report.id, str(target), edition=1) == target
    assert hashlib.sha256(target.read_bytes()).hexdigest() == report.file_sha256
    with pytest.raises(NotFound):
        client.download(report.id, target, edition=2)


@pytest.mark.parametrize("store", ["folder_address", "bucket_address", "moto_address"])
def test_a_download_goes_on_where_a_real_connection_broke(
    request: pytest.FixtureRequest,
    store: str,
    shared_season_pipeline: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = request.getfixturevalue(store)
    transport = BreakingTransport([100, 50])
    with (
        real_server(shared_season_pipeline, tmp_path, monkeypatch, address) as (api, server),
        httpx2.Client(transport=transport) as http,
    ):
        report = generated(api)
        patience = Patience(sleep=lambda _: None)
        client = ReportingClient(server, BERLIN, api.token(), patience=patience, http=http)
        place = client.download(report.id, tmp_path)

    _, *files = [sent for sent, status in transport.requests if status in {FULL, PART}]
    assert hashlib.sha256(place.read_bytes()).hexdigest() == report.file_sha256
    assert [sent.headers.get("range") for sent in files] == [None, "bytes=100-", "bytes=150-"]
    elsewhere = [
        sent for sent, _ in transport.requests if not server.endswith(sent.url.netloc.decode())
    ]
    assert bool(elsewhere) == address.startswith("s3://")
    assert [sent for sent in elsewhere if "authorization" in sent.headers] == []


def described(content: bytes, **more: object) -> bytes:
    """The description of a report with this file."""
    file = {
        "name": "report.csv",
        "byte_count": len(content),
        "row_count": 1,
        "sha256": hashlib.sha256(content).hexdigest(),
        "path": "/",
    }
    return json.dumps({**REPORT, "file": {**file, **more}}).encode()


Answer = Callable[[httpx2.Request], httpx2.Response]


@contextmanager
def answered(
    answer: Answer, pauses: list[float], description: bytes = described(CONTENT)
) -> Iterator[ReportingClient]:
    """A client of a server that answers for the file in this way."""

    def both(request: httpx2.Request) -> httpx2.Response:
        is_report = not request.url.path.endswith("/file")
        return httpx2.Response(200, content=description) if is_report else answer(request)

    with httpx2.Client(transport=httpx2.MockTransport(both)) as http:
        patience = Patience(attempt_count=3, sleep=pauses.append)
        yield ReportingClient("http://server", BERLIN, "t", patience=patience, http=http)


@pytest.mark.parametrize(
    "content", [b"", CONTENT[:-1], CONTENT + b"x", CONTENT.replace(b"100", b"900")]
)
def test_another_file_than_the_published_one_is_not_written(
    content: bytes, pauses: list[float], tmp_path: Path
) -> None:
    target = tmp_path / "report.csv"
    target.write_text("former")

    with (
        answered(lambda _: httpx2.Response(200, content=content), pauses) as client,
        pytest.raises(FileDiffers, match="nothing was written"),
    ):
        client.download(UUID(int=2), target)

    assert [each.read_text() for each in tmp_path.iterdir()] == ["former"]


def test_a_large_file_may_break_more_often_than_a_call_is_tried(
    pauses: list[float], tmp_path: Path
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        first = int(request.headers.get("range", "bytes=0-")[6:-1])
        body = BreakingBody(httpx2.ByteStream(CONTENT[first:]), 10_000)
        return httpx2.Response(206, stream=body, headers={"Content-Range": f"bytes {first}-/*"})

    with answered(answer, pauses) as client:
        assert client.download(UUID(int=2), tmp_path).read_bytes() == CONTENT

    assert len(pauses) == len(CONTENT) // 10_000 > 3


def test_a_connection_that_stays_broken_leaves_nothing(pauses: list[float], tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=BreakingBody(httpx2.ByteStream(CONTENT), 10))

    with answered(answer, pauses) as client, pytest.raises(NoAnswer):
        client.download(UUID(int=2), tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert len(pauses) == 3


@pytest.mark.parametrize("status", [FULL, PART])
@pytest.mark.parametrize("range_", ["bytes 0-9/10", "bytes", ""])
def test_bytes_that_were_not_asked_for_are_not_mixed_in(
    range_: str, status: int, pauses: list[float], tmp_path: Path
) -> None:
    ranges: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        ranges.append(request.headers.get("range"))
        if len(ranges) == 1:
            return httpx2.Response(200, stream=BreakingBody(httpx2.ByteStream(CONTENT), 10))
        if len(ranges) == 2:
            return httpx2.Response(status, content=b"other", headers={"Content-Range": range_})
        return httpx2.Response(200, content=CONTENT)

    with answered(answer, pauses) as client:
        place = client.download(UUID(int=2), tmp_path)

    assert place.read_bytes() == CONTENT
    assert ranges == [None, "bytes=10-", None]


def test_a_server_without_ranges_is_read_from_the_beginning(
    pauses: list[float], tmp_path: Path
) -> None:
    bodies: list[httpx2.SyncByteStream] = [
        BreakingBody(httpx2.ByteStream(CONTENT), 10),
        httpx2.ByteStream(CONTENT),
    ]

    with answered(lambda _: httpx2.Response(200, stream=bodies.pop(0)), pauses) as client:
        assert client.download(UUID(int=2), tmp_path).read_bytes() == CONTENT


def test_an_edition_that_comes_in_between_is_downloaded(
    pauses: list[float], tmp_path: Path
) -> None:
    descriptions = [described(b"old"), described(CONTENT)]

    def answer(request: httpx2.Request) -> httpx2.Response:
        is_file_asked = request.url.path.endswith("/file")
        return httpx2.Response(200, content=CONTENT if is_file_asked else descriptions.pop(0))

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        client = ReportingClient("http://server", BERLIN, "t", http=http)
        assert client.download(UUID(int=2), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["../../outside.csv", "/etc/outside.csv", "outside.csv"])
def test_a_server_names_a_file_in_the_folder_only(
    name: str, pauses: list[float], tmp_path: Path
) -> None:
    description = described(CONTENT, name=name)

    with answered(lambda _: httpx2.Response(200, content=CONTENT), pauses, description) as client:
        assert client.download(UUID(int=2), tmp_path) == tmp_path / "outside.csv"


@pytest.mark.parametrize("name", ["", ".", "..", "/"])
def test_a_file_without_a_name_needs_a_target(
    name: str, pauses: list[float], tmp_path: Path
) -> None:
    description = described(CONTENT, name=name)

    with (
        answered(lambda _: httpx2.Response(200, content=CONTENT), pauses, description) as client,
        pytest.raises(UnreadableAnswer, match="name a target"),
    ):
        client.download(UUID(int=2), tmp_path)


def test_a_report_without_a_file_says_why(pauses: list[float], tmp_path: Path) -> None:
    held = json.dumps({**REPORT, "file": None, "status": "held", "reason": "a break"}).encode()

    with (
        answered(lambda _: httpx2.Response(200), pauses, held) as client,
        pytest.raises(NoFile, match="it is held, a break"),
    ):
        client.download(UUID(int=2), tmp_path)


def test_a_file_that_was_replaced_is_gone(pauses: list[float], tmp_path: Path) -> None:
    with (
        answered(lambda _: httpx2.Response(410, text="gone"), pauses) as client,
        pytest.raises(Gone),
    ):
        client.download(UUID(int=2), tmp_path, edition=1)

    assert list(tmp_path.iterdir()) == []


def test_threads_share_a_client(api: ApiCaller, client: ReportingClient, tmp_path: Path) -> None:
    report = generated(api)

    def download(number: int) -> str:
        place = client.download(report.id, tmp_path / f"{number % 2}.csv")
        return hashlib.sha256(place.read_bytes()).hexdigest()

    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(download, range(16)))

    assert found == {report.file_sha256}
    assert {each.name for each in tmp_path.glob("*.*")} == {"0.csv", "1.csv"}

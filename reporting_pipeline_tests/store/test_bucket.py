"""A bucket as a store: signatures, failures, and messages without secrets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reporting_pipeline.errors import StoreError, StoreUnavailable
from reporting_pipeline.store import open_store
from reporting_pipeline.store.bucket import BucketStore


class _BusyHandler(BaseHTTPRequestHandler):
    """Stores one object, after it refuses a number of requests with 503 Slow Down."""

    refusals_left = 0
    content = b""
    content_type = ""
    content_disposition: str | None = None
    damage = b""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).refusals_left:
            type(self).refusals_left -= 1
            self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
            return
        type(self).content = body
        type(self).content_type = self.headers["Content-Type"]
        type(self).content_disposition = self.headers["Content-Disposition"]
        self._answer(200, b"")

    def do_GET(self) -> None:
        self._answer(200, self.content + self.damage)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"etag"')
        self.send_header("Last-Modified", "Sat, 28 Feb 2026 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def busy_handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_BusyHandler]]:
    """A server that refuses as many requests as `refusals_left`."""

    class Handler(_BusyHandler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield Handler
        server.shutdown()
        thread.join()


def test_a_request_to_a_busy_server_is_repeated(busy_handler: type[_BusyHandler]) -> None:
    busy_handler.refusals_left = 3

    BucketStore("bucket").put("a.csv", [b"content"])

    assert busy_handler.content == b"content"


def test_a_server_that_stays_busy_is_unavailable(busy_handler: type[_BusyHandler]) -> None:
    busy_handler.refusals_left = 1000

    with pytest.raises(
        StoreUnavailable, match=r"answered 503 Service Unavailable, SlowDown; "
    ) as refusal:
        BucketStore("bucket").put("a.csv", [b"content"])

    assert refusal.value.retryable
    assert busy_handler.content == b""


@pytest.mark.parametrize(
    ("media_types", "content_type"),
    [(["text/csv; charset=utf-8"], "text/csv; charset=utf-8"), ([], "application/octet-stream")],
)
def test_a_browser_gets_the_media_type(
    busy_handler: type[_BusyHandler], media_types: list[str], content_type: str
) -> None:
    BucketStore("bucket").put("a.csv", [b"content"], *media_types)

    assert busy_handler.content_type == content_type
    assert busy_handler.content_disposition is None


def test_a_browser_saves_a_file_under_its_own_name(busy_handler: type[_BusyHandler]) -> None:
    BucketStore("bucket").put("a.csv", [b"content"], file_name="M\u00fcller - 2026-02.csv")

    assert busy_handler.content_disposition == (
        'attachment; filename="Muller - 2026-02.csv"; '
        "filename*=UTF-8''M%C3%BCller%20-%202026-02.csv"
    )


def test_a_damaged_object_is_reported(busy_handler: type[_BusyHandler]) -> None:
    store = BucketStore("bucket")

    def chunks() -> Iterator[bytes]:
        yield b"content"
        busy_handler.damage = b"!"

    with pytest.raises(StoreError, match=r"s3://bucket/a\.csv is not what was sent"):
        store.put("a.csv", chunks())


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials_are_an_error_that_names_the_variables(
    bucket_address: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "canary-of-a-secret")
    store = open_store(bucket_address)

    for operation in (
        lambda: store.put("a.csv", [b"x"]),
        lambda: list(store.get("a.csv")),
        lambda: store.exists("a.csv"),
        lambda: store.delete("a.csv"),
        lambda: list(store.list_keys()),
        store.list_folders,
    ):
        with pytest.raises(
            StoreError, match=r"answered 403 Forbidden.*AWS_SECRET_ACCESS_KEY"
        ) as refusal:
            operation()
        assert not refusal.value.retryable
        assert "canary-of-a-secret" not in refusal.value.message


def test_a_store_that_is_down_is_unavailable(
    bucket_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")

        with pytest.raises(
            StoreUnavailable, match=r"error sending request; check AWS_ENDPOINT_URL"
        ) as refusal:
            open_store(bucket_address).put("a.csv", [b"x"])
        with pytest.raises(StoreUnavailable, match=r"error sending request"):
            open_store(bucket_address).require_reachable()

    assert refusal.value.retryable


def test_a_missing_bucket_is_named(s3_environment: object) -> None:
    store = open_store("s3://no-such-bucket/prefix")

    with pytest.raises(StoreError, match=r"s3://no-such-bucket/prefix.*there is no such bucket"):
        store.put("a.csv", [b"x"])
    for operation in (lambda: list(store.list_keys()), store.require_reachable):
        with pytest.raises(StoreError, match="answered 404 Not Found, NoSuchBucket"):
            operation()


def test_prefixes_keep_stores_of_one_bucket_apart(bucket_address: str) -> None:
    one, other = open_store(f"{bucket_address}/one"), open_store(f"{bucket_address}/other/")
    one.put("a.csv", [b"1"])
    other.put("b.csv", [b"2"])

    assert list(one.list_keys()) == ["a.csv"]
    assert list(other.list_keys()) == ["b.csv"]
    assert other.location("b.csv") == f"{bucket_address}/other/b.csv"


def test_a_link_leads_to_the_console_or_to_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    store = BucketStore("bucket", "exports")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    console = "https://s3.console.aws.amazon.com/s3/object/bucket?prefix=exports/a.csv"
    assert store.link("a.csv") == console

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/")
    assert store.link("a.csv") == "http://127.0.0.1:9000/bucket/exports/a.csv"

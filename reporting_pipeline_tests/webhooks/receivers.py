"""Receivers of webhooks on the loopback address: they accept, refuse, hang or drip."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Manner = Literal["accept", "hang", "drip"] | int
"""How a request is answered; a number is the status of the answer."""

_DRIP_SECONDS = 0.05


@dataclass
class Receiver:
    """What came in, and how it is answered.

    Attributes:
        manner: How requests are answered.
        first: How the first requests are answered, before `manner` applies.
        retry_after: The value of the header of this name.
        messages: The id and the message of each request, in the order of arrival.
        headers: The headers of each request.
        bodies: The body of each request.
        on_message: Called when a request has come.
    """

    port: int
    manner: Manner = "accept"
    first: list[Manner] = field(default_factory=list)
    retry_after: str | None = None
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    on_message: Callable[[], object] = lambda: None

    @property
    def address(self) -> str:
        """The address of a webhook that leads here."""
        return f"http://127.0.0.1:{self.port}/reports"

    @property
    def editions(self) -> list[int]:
        """The editions that the messages tell, each message once."""
        return [message["data"]["edition"] for _, message in dict(self.messages).items()]


class _Server(ThreadingHTTPServer):
    """A server with its receiver; `is_over` ends what hangs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = Receiver(port=self.server_address[1])
        self.is_over = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.headers.append(headers)
        receiver.bodies.append(body)
        receiver.messages.append((headers["webhook-id"], json.loads(body)))
        receiver.on_message()
        manner = receiver.first.pop(0) if receiver.first else receiver.manner
        if manner == "hang":
            self.server.is_over.wait()
        elif manner == "drip":
            self._drip(self.server.is_over)
        else:
            self._answer(200 if manner == "accept" else manner, receiver.retry_after)

    def _answer(self, status: int, retry_after: str | None) -> None:
        self.send_response(status)
        if retry_after is not None:
            self.send_header("retry-after", retry_after)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def _drip(self, is_over: threading.Event) -> None:
        """Send a byte of the headers now and then, for ever."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nx-drip: ")
        while not is_over.wait(_DRIP_SECONDS):
            try:
                self.wfile.write(b".")
            except OSError:  # the sender has gone
                return

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server that runs while the context is open."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.receiver
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()

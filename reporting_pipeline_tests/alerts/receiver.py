"""A receiver of webhooks on the loopback address, with configurable answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """The requests that came in, and how they are answered.

    Attributes:
        status: The status of the answers.
        first_statuses: The statuses of the first answers.
        is_slow: Requests are answered only when the test is over.
        requests: The path, headers and body of each request.
    """

    port: int
    status: int = 200
    first_statuses: list[int] = field(default_factory=list)
    is_slow: bool = False
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The address, without a scheme."""
        return f"127.0.0.1:{self.port}/alerts"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server that runs while the context is open."""
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, headers, body))
            if receiver.is_slow:
                is_over.wait()
            first = receiver.first_statuses
            self.send_response(first.pop(0) if first else receiver.status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            is_over.set()
            server.shutdown()
            thread.join()

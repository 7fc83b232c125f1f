"""GET /metrics on the loopback address, as Prometheus scrapes it.

The page has no login: whoever scrapes from elsewhere does it through a proxy that has one.

What belongs here: serving. What does not: the figures (`collector`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, generate_latest, start_http_server

from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.telemetry.collector import WarehouseCollector

LOOPBACK = "127.0.0.1"


@contextmanager
def served(collector: WarehouseCollector, port: int) -> Iterator[str]:
    """Serve the metrics meanwhile; port 0 is any that is free.

    Yields:
        The address of the page.

    Raises:
        EnvironmentNotReady: Somebody listens on the port.
    """
    try:
        server, thread = start_http_server(port, LOOPBACK, _registry(collector))
    except OSError as error:
        message = f"{LOOPBACK}:{port} cannot be listened on ({error}): give another --port"
        raise EnvironmentNotReady(message) from error
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page(collector: WarehouseCollector) -> str:
    """The page as it would be served now."""
    return generate_latest(_registry(collector)).decode()


def _registry(collector: WarehouseCollector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry

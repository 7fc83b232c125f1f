"""`reporting metrics`: the page that Prometheus scrapes.

What belongs here: arguments and words. What does not: the figures (`telemetry`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
import psycopg
from psycopg import IsolationLevel
from sqlalchemy import URL

from reporting_pipeline.cli.session import session
from reporting_pipeline.telemetry.prometheus import WarehouseCollector, metrics_page, serve_metrics
from reporting_pipeline.warehouse.engine import warehouse_connection


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="On loopback; 0 is any that is free. Default: REPORTING_METRICS_PORT.",
)
@click.option("--once", is_flag=True, help="Write the page to standard output, and end.")
def metrics(port: int | None, *, once: bool) -> None:
    """Serve the metrics for Prometheus until Ctrl-C.

    The page is http://127.0.0.1:PORT/metrics. It has no login, and shows no organisation.
    """
    with session() as settings:
        collector = metrics_of(settings.warehouse_url())
        if once:
            click.echo(metrics_page(collector), nl=False)
            return
        with serve_metrics(collector, settings.metrics_port if port is None else port) as address:
            click.echo(f"Metrics are at {address}; Ctrl-C ends.")
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                click.echo("The metrics have ended.")


def metrics_of(warehouse: URL) -> WarehouseCollector:
    """The metrics of a warehouse, each scrape of one state of it."""

    @contextmanager
    def connect() -> Iterator[psycopg.Connection]:
        with warehouse_connection(warehouse) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection

    return WarehouseCollector(connect, lambda: datetime.now(UTC))

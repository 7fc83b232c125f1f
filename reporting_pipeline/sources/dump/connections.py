"""Connections to the source databases for loading, and what their errors mean.

What belongs here: opening, committing together, naming the source that failed. What does not:
statements.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

import psycopg
from sqlalchemy import URL

from reporting_pipeline.errors import SourceError, SourceUnavailable
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.warehouse.engine import conninfo

_CONNECT_TIMEOUT_SECONDS = 10


def open_connections(
    stack: ExitStack, admin_urls: Mapping[str, URL]
) -> dict[str, psycopg.Connection]:
    """A connection per domain, shared by the domains at one address; closed with the stack."""
    by_address: dict[str, psycopg.Connection] = {}
    connections: dict[str, psycopg.Connection] = {}
    for domain in DOMAINS:
        address = conninfo(admin_urls[domain])
        if address not in by_address:
            with named(domain):
                connection = psycopg.connect(
                    address,
                    connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                    application_name="reporting sources load",
                    options="-c timezone=UTC -c datestyle=ISO,YMD",
                )
            by_address[address] = stack.enter_context(closing(connection))
        connections[domain] = by_address[address]
    return connections


def commit_all(connections: Mapping[str, psycopg.Connection]) -> None:
    """Commit all; every statement has passed, so that only a lost connection can stand between."""
    for domain, connection in connections.items():
        with named(domain):
            connection.execute("select 1")
    committed: list[str] = []
    for domain, connection in connections.items():
        try:
            connection.commit()
        except psycopg.Error as error:
            message = (
                f"source {domain} was lost while a dump was committed ({_first_line(error)}); "
                f"committed before: {', '.join(committed) or 'none'}; load the same dump again, "
                "which changes nothing where it is loaded already"
            )
            raise SourceUnavailable(message, domain=domain) from error
        committed.append(domain)


@contextmanager
def named(domain: str) -> Iterator[None]:
    """Errors of the database as ours, with the name of the source."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        message = (
            f"source {domain} cannot be loaded: {_first_line(error)}; set "
            f"REPORTING_SOURCE_{domain.upper()}_ADMIN_URL to the address of its owner"
        )
        raise SourceError(message, domain=domain) from error
    except psycopg.OperationalError as error:
        message = f"source {domain} is down: {_first_line(error)}; nothing was loaded; try again"
        raise SourceUnavailable(message, domain=domain) from error
    except psycopg.Error as error:
        message = f"source {domain} refused the dump: {_first_line(error)}; nothing was loaded"
        raise SourceError(message, domain=domain) from error


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]

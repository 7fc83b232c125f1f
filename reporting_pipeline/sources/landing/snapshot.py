"""Reads a source database: one read-only REPEATABLE READ snapshot, and binary COPY.

This is the only connection of landing to production, and it names the domain in every error.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql
from sqlalchemy import URL, Table

from reporting_pipeline.addresses import session_parameters
from reporting_pipeline.errors import SourceContractBroken, SourceUnavailable
from reporting_pipeline.sources.inspect import (
    contract_problems,
    present_columns,
    reading_problems,
)

_CHUNK_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSnapshot:
    """One snapshot of one source database, shared by the domains in this database.

    Attributes:
        read_at: The time of the source's clock when the snapshot was taken.
        opened_at: The time then by our own clock.
    """

    domains: tuple[str, ...]
    connection: psycopg.Connection
    read_at: datetime
    opened_at: datetime

    @property
    def present_at(self) -> datetime:
        """The time of the snapshot by the clock that is behind the other."""
        return min(self.read_at, self.opened_at)

    @property
    def clock_ahead(self) -> timedelta:
        """How far the source's clock is ahead of our own; less than 0 if it is behind."""
        return self.read_at - self.opened_at

    def present_columns(self, domain: str) -> dict[str, tuple[str, ...]]:
        """Compare a domain with the contract, before a row is read.

        Returns:
            The contract's columns that the source has, by `<schema>.<table>`.

        Raises:
            SourceContractBroken: The message names every table and column that differs.
        """
        with self._named(domain, "its catalogue"):
            problems = [
                *contract_problems(self.connection, domain),
                *reading_problems(self.connection, domain),
            ]
            present = present_columns(self.connection, domain)
        if problems:
            message = (
                f"source {domain} differs from the contract: "
                f"{'; '.join(map(str, problems))}; nothing was landed"
            )
            raise SourceContractBroken(message, domain=domain)
        return present

    def rows(self, table: Table, query: sql.Composed) -> list[tuple[object, ...]]:
        """All rows of a small query on a table."""
        with self._reading(table), self.connection.cursor() as cursor:
            return cursor.execute(query).fetchall()

    def binary_copy(self, table: Table, query: sql.Composed) -> Iterator[bytes]:
        """The rows of a query on a table in PostgreSQL's binary COPY format, in chunks.

        PostgreSQL sends each row as a message. A chunk has many of them, because sending each one
        on takes longer than the row itself.
        """
        statement = sql.SQL("copy ({}) to stdout (format binary)").format(query)
        with (
            self._reading(table),
            self.connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            rows = bytearray()
            for row in copy:
                rows += row
                if len(rows) >= _CHUNK_BYTES:
                    yield bytes(rows)
                    rows.clear()
            yield bytes(rows)

    def _reading(self, table: Table) -> AbstractContextManager[None]:
        return self._named(table.info["domain"], table.key)

    @contextmanager
    def _named(self, domain: str, reading: str) -> Iterator[None]:
        try:
            yield
        except psycopg.OperationalError as error:
            raise _unavailable((domain,), error, f" while reading {reading}") from error
        except (psycopg.ProgrammingError, psycopg.DataError) as error:
            message = (
                f"source {domain} differs from the contract in {reading}: "
                f"{_first_line(error)}; nothing was landed; run `reporting sources check`"
            )
            raise SourceContractBroken(message, domain=domain) from error


@contextmanager
def open_snapshots(
    sources: Mapping[str, URL], *, timeout_seconds: int, clock: Callable[[], datetime]
) -> Iterator[dict[str, SourceSnapshot]]:
    """Open one snapshot per source database; domains with the same address share one.

    Args:
        sources: The address of each domain.
        timeout_seconds: How long one statement can take in a source.
        clock: Our own time now.

    Yields:
        The snapshot of each domain; all are taken before a row is read.

    Raises:
        SourceUnavailable: A source is down or too slow; the message names it.
    """
    by_address: dict[URL, list[str]] = {}
    for domain, url in sources.items():
        by_address.setdefault(url, []).append(domain)
    with ExitStack() as stack:
        snapshots: dict[str, SourceSnapshot] = {}
        for address, domains in by_address.items():
            connection, read_at = stack.enter_context(_connect(address, domains, timeout_seconds))
            snapshot = SourceSnapshot(
                domains=tuple(domains),
                connection=connection,
                read_at=read_at,
                opened_at=clock(),
            )
            snapshots |= dict.fromkeys(domains, snapshot)
        yield snapshots


def table_name(table: Table) -> sql.Identifier:
    """The name of a contract table in its source."""
    return sql.Identifier(str(table.schema), table.name)


@contextmanager
def _connect(
    address: URL, domains: list[str], timeout_seconds: int
) -> Iterator[tuple[psycopg.Connection, datetime]]:
    try:
        connection = psycopg.connect(
            **session_parameters(
                address,
                application_name="reporting landing",
                options=f"-c statement_timeout={timeout_seconds}s -c timezone=UTC",
                keepalives_idle=30,
            )
        )
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # The first statement takes the snapshot.
        [(read_at,)] = connection.execute("select statement_timestamp()").fetchall()
    except psycopg.OperationalError as error:
        raise _unavailable(tuple(domains), error) from error
    try:
        yield connection, read_at
    finally:
        connection.close()


def _unavailable(
    domains: tuple[str, ...], error: psycopg.Error, reading: str = ""
) -> SourceUnavailable:
    message = (
        f"source {' and '.join(domains)} is down or too slow{reading}: {_first_line(error)}; "
        "nothing was landed; try again, and check the source's address and load"
    )
    return SourceUnavailable(message, domain=domains[0])


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]

"""A read replica: rows are read from it, if it has everything that the primary has decided on.

    the primary   writes the report's row: "running"
    the replica   a snapshot is opened; does it show that very row?
        yes       seals and rows are read in this snapshot
        no        a newer snapshot is opened, until the wait is over; then the primary is read

A standby replays the primary's log in its order. So a snapshot that shows a row of the primary
shows everything that was committed before that row was: the rebuilt days, their seals and the
queue. A replica that stopped, that became a primary of its own, or that is another database, never
shows the row.

The replica saves work, and nothing depends on it: whatever is wrong with it, the primary is read.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.addresses import place
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.errors import WarehouseError
from reporting_pipeline.publishing.snapshot import tenant_snapshot
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import database_version, warehouse_connection

T = TypeVar("T")

WAIT_SECONDS = 10.0
"""How long a report waits for the replica; the primary is read after that."""

_REST_SECONDS = 60.0
_POLL_SECONDS = 0.02
# xmin is the transaction that wrote the row; a copy of the data by other means has another one.
_WRITTEN = "select xmin::text, updated_at from catalogue.generated_reports where id = %s"
_LOG = logging.getLogger(__name__)


class _TooOld(Exception):
    """No snapshot was new enough until the wait was over."""


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """The row of a report in the catalogue, as the primary has just written it."""

    key: ReportKey
    found: tuple[Any, ...] | None

    @classmethod
    def of(cls, primary: Connection[Any], key: ReportKey) -> Self:
        """The row as it is committed now."""
        return cls(key, _row(primary, key))

    def is_shown(self, replica: Connection[Any]) -> bool:
        """True if the snapshot of `replica` has this row, written by the same transaction."""
        return self.found is not None and _row(replica, self.key) == self.found


def _row(connection: Connection[Any], key: ReportKey) -> tuple[Any, ...] | None:
    return connection.execute(_WRITTEN, (key.id,)).fetchone()


@dataclass(slots=True, kw_only=True)
class Replica:
    """A read replica of the warehouse; all methods are thread-safe.

    Attributes:
        url: Its address.
        wait_seconds: How long a reader waits until the replica has what it asks for; 0: it looks
            once.
        clock: Seconds, monotonic.
    """

    url: URL
    wait_seconds: float = WAIT_SECONDS
    clock: Callable[[], float] = time.monotonic
    _rests_until: float = field(default=float("-inf"), init=False)

    @classmethod
    def of(cls, settings: Settings, *, wait_seconds: float = WAIT_SECONDS) -> Self | None:
        """The replica of the settings; None if there is none.

        Raises:
            SettingsError: REPORTING_READ_URL is not an address of PostgreSQL.
        """
        url = settings.read_replica_url()
        return None if url is None else cls(url=url, wait_seconds=wait_seconds)

    def read(
        self,
        organization_id: UUID,
        is_new_enough: Callable[[Connection[Any]], bool],
        read: Callable[[Connection[Any]], T],
        *,
        version: str | None = None,
    ) -> T | None:
        """The result of `read` in a snapshot of an organisation's rows that is new enough.

        A replica that fails, or for which a reader has waited in vain, is left alone for a minute,
        so that not every reader waits for it.

        Args:
            organization_id: The organisation whose rows the snapshot shows.
            is_new_enough: True if a snapshot has everything that the reader needs.
            read: Reads, and writes nothing.
            version: The version that the replica must have; None: any.

        Returns:
            None: the primary has to be read.

        Raises:
            ReportingError: Of `read`: for example a sum that leaves 64 bits. The rows are at fault,
                not the replica.
        """
        if self.clock() < self._rests_until:
            return None
        try:
            with warehouse_connection(self.url) as connection:
                connection.autocommit = True
                found = database_version(connection)
                if version in {None, found}:
                    return self._read(connection, organization_id, is_new_enough, read)
                reason = f"it is {found}, and the primary is {version}"
        except _TooOld:
            if not self.wait_seconds:
                return None
            reason = f"it is more than {self.wait_seconds:g} seconds behind"
        except (psycopg.Error, WarehouseError) as error:
            reason = str(error)
        self._rest(reason)
        return None

    def _read(
        self,
        connection: Connection[Any],
        organization_id: UUID,
        is_new_enough: Callable[[Connection[Any]], bool],
        read: Callable[[Connection[Any]], T],
    ) -> T:
        deadline = self.clock() + self.wait_seconds
        while True:
            with tenant_snapshot(connection, organization_id):
                if is_new_enough(connection):
                    return read(connection)
            if self.clock() >= deadline:
                raise _TooOld
            time.sleep(_POLL_SECONDS)

    def _rest(self, reason: str) -> None:
        self._rests_until = self.clock() + _REST_SECONDS
        _LOG.warning(
            "the read replica at %s is not used for %g seconds, the primary is read: %s",
            *(place(self.url), _REST_SECONDS, reason),
        )

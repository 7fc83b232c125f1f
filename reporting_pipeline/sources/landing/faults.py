"""What went wrong when a source was last tried, kept in the warehouse until a landing reads it.

What belongs here: the rows of `landing.source_faults`. What does not: who is told (`delivery`).
"""

import logging

import psycopg
from sqlalchemy import URL

from reporting_pipeline.errors import SourceError, WarehouseUnavailable
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOG = logging.getLogger(__name__)
_REMEMBER = """
    insert into landing.source_faults (domain, error, message, since, last_at, try_count)
    values (%s, %s, %s, now(), now(), 1)
    on conflict (domain) do update set
        error = excluded.error,
        message = excluded.message,
        since = case
            when source_faults.error = excluded.error then source_faults.since
            else excluded.since
        end,
        last_at = excluded.last_at,
        try_count = source_faults.try_count + 1
"""


def remember_fault(warehouse: URL, error: SourceError) -> None:
    """Write down that a source could not be landed; the landing's own transaction is over.

    Where the warehouse is away too, that is logged: the source's error must reach the caller.
    """
    domain = error.facts.get("domain")
    try:
        with warehouse_connection(warehouse) as connection:
            connection.execute(_REMEMBER, (domain, type(error).__name__, error.message))
    except (WarehouseUnavailable, psycopg.Error):
        _LOG.exception("that source %s could not be landed was not written down", domain)


def forget_faults(connection: psycopg.Connection, domains: list[str]) -> None:
    """These sources are read: in the landing's transaction, so that it holds when that does."""
    connection.execute("delete from landing.source_faults where domain = any(%s)", (domains,))

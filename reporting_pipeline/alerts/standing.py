"""What stands now, by what the warehouse says: breaks, sources, reports, requests.

What is known to nobody but who asks, such as reports that should exist, is given (`given`).

What belongs here: one alert per cause of these kinds. What does not: alerts that are open.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.alerts.alert import Alert, AlertKind, Standing
from reporting_pipeline.alerts.standing_breaks import standing_breaks
from reporting_pipeline.alerts.standing_reports import standing_reports
from reporting_pipeline.alerts.standing_requests import standing_requests
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.sources.contract import DOMAINS

LOOKED_AT = (
    AlertKind.BREAK,
    AlertKind.SOURCE_DOWN,
    AlertKind.CONTRACT_BROKEN,
    AlertKind.SOURCE_STALE,
    AlertKind.REPORT_HELD,
    AlertKind.REPORT_FAILED,
    AlertKind.REQUEST_DEAD,
)
_BROKEN = "SourceContractBroken"


def standing_now(connection: Connection[Any], *, stale_after: timedelta, now: datetime) -> Standing:
    """All causes of the kinds `LOOKED_AT`, one alert each.

    Args:
        connection: To the warehouse.
        stale_after: For how long a source may go unread.
        now: The time, with its zone.
    """
    reports, requests = standing_reports(connection, now), standing_requests(connection)
    return Standing(
        alerts=[
            *standing_breaks(connection),
            *_sources(connection, stale_after, now),
            *reports.alerts,
            *requests.alerts,
        ],
        undecided=reports.undecided | requests.undecided,
    )


def _sources(connection: Connection[Any], stale_after: timedelta, now: datetime) -> Iterator[Alert]:
    faults = list(_faults(connection))
    yield from faults
    # One transaction lands them all: while a source fails, the others grow old because of it.
    if not faults:
        yield from _stale(connection, stale_after, now)


def _faults(connection: Connection[Any]) -> Iterator[Alert]:
    statement = (
        "select domain, error, message, since, try_count from landing.source_faults order by domain"
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement).fetchall():
            is_broken = row["error"] == _BROKEN
            kind = AlertKind.CONTRACT_BROKEN if is_broken else AlertKind.SOURCE_DOWN
            yield Alert(
                kind=kind,
                cause=f"{kind}:{row['domain']}",
                severity=Severity.ERROR,
                message=f"since {_utc(row['since'])}: {row['message']}",
                facts={"domain": row["domain"], "error": row["error"], "since": _utc(row["since"])},
            )


def _stale(connection: Connection[Any], stale_after: timedelta, now: datetime) -> Iterator[Alert]:
    rows = connection.execute("select domain, read_at from landing.source_reads").fetchall()
    read_at: dict[str, datetime] = dict(rows)
    if not read_at:  # nothing has ever landed: nobody waits for anything yet
        return
    for domain in DOMAINS:
        last = read_at.get(domain)
        if last is not None and now - last <= stale_after:
            continue
        told = "never" if last is None else _utc(last)
        yield Alert(
            kind=AlertKind.SOURCE_STALE,
            cause=f"{AlertKind.SOURCE_STALE}:{domain}",
            severity=Severity.ERROR,
            message=(
                f"source {domain} was last read: {told}; expected at least every "
                f"{int(stale_after.total_seconds())} seconds: see whether landing runs, or run "
                "`reporting land`"
            ),
            facts={"domain": domain, "last_read_at": told},
        )


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

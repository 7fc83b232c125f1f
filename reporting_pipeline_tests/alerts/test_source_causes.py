"""The alerts of sources that fail, are not read, or have wrong rows or clocks."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.alerts.causes import current_causes
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.sources.contract import DOMAINS

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STALE_AFTER = timedelta(hours=2)
ORG, EVENT, ORDER = UUID(int=1), UUID(int=2), UUID(int=3)


def causes(connection: psycopg.Connection) -> list[Alert]:
    return list(current_causes(connection, stale_after=STALE_AFTER, now=NOW).alerts)


def reads(connection: psycopg.Connection, domains: Iterable[str], read_at: datetime) -> None:
    for domain in domains:
        connection.execute(
            "insert into landing.source_reads values (%s, %s, %s)", (domain, read_at, read_at)
        )


def test_sources_that_nobody_reads_are_stale(rolled_back: psycopg.Connection) -> None:
    fresh = [domain for domain in DOMAINS if domain not in {"scanning", "ledger"}]
    reads(rolled_back, fresh, NOW - STALE_AFTER)
    reads(rolled_back, ["ledger"], NOW - STALE_AFTER - timedelta(seconds=1))

    alerts = causes(rolled_back)
    assert [(each.kind, each.facts["domain"], each.facts["last_read_at"]) for each in alerts] == [
        (AlertKind.SOURCE_STALE, "scanning", "never"),
        (AlertKind.SOURCE_STALE, "ledger", "2026-01-01 09:59 UTC"),
    ]


def test_rows_that_landing_set_aside_are_one_alert_for_each_table_and_organization(
    rolled_back: psycopg.Connection,
) -> None:
    rolled_back.execute(
        "insert into landing.ticketing_organizations values (%s, 'Nordlicht', 'UTC', 'EUR', now())",
        [ORG],
    )
    for row, finding in ((EVENT, "unusable"), (ORDER, "unusable"), (ORDER, "clock_ahead")):
        rolled_back.execute(
            "insert into landing.row_findings"
            " (domain, table_name, row_id, finding, organization_id, event_id, reason, record,"
            " since)"
            " values ('scanning', 'scans', %s, %s, %s, %s, 'scanned_at is null', '{}', %s)",
            (row, finding, ORG, EVENT, NOW),
        )

    rows = [each for each in causes(rolled_back) if each.kind is AlertKind.SOURCE_ROWS]
    ahead, unusable = rows
    assert (ahead.kind, ahead.severity, ahead.count) == (
        *(AlertKind.SOURCE_ROWS, Severity.WARN),
        1,
    )
    assert (unusable.severity, unusable.count, unusable.organization_id) == (Severity.ERROR, 2, ORG)
    assert unusable.message == (
        f"scanning.scans, row {min(EVENT, ORDER)} (event {EVENT}, organisation Nordlicht ({ORG})): "
        "scanned_at is null, and 1 more; it is not landed: upstream must mend it, and the "
        "next landing takes it up"
    )


def test_a_source_with_a_wrong_clock_is_reported(rolled_back: psycopg.Connection) -> None:
    reads(rolled_back, DOMAINS, NOW)
    rolled_back.execute(
        "update landing.source_reads set clock_ahead_seconds = case domain"
        " when 'ledger' then 5184000 when 'seating' then -301 else 299 end"
    )

    alerts = causes(rolled_back)
    assert [(each.kind, each.facts) for each in alerts] == [
        (AlertKind.SOURCE_CLOCK, {"domain": "ledger", "clock_ahead_seconds": 5184000}),
        (AlertKind.SOURCE_CLOCK, {"domain": "seating", "clock_ahead_seconds": -301}),
    ]
    assert "is 5184000 seconds ahead of the warehouse's" in alerts[0].message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("SourceUnavailable", AlertKind.SOURCE_DOWN),
        ("SourceContractBroken", AlertKind.CONTRACT_BROKEN),
    ],
)
def test_stale_sources_are_not_reported_while_another_source_fails(
    error: str, kind: AlertKind, rolled_back: psycopg.Connection
) -> None:
    reads(rolled_back, DOMAINS, NOW - timedelta(days=1))
    rolled_back.execute(
        "insert into landing.source_faults values ('ledger', %s, 'source ledger is', %s, %s, 3)",
        (error, NOW, NOW),
    )

    [alert] = causes(rolled_back)
    assert (alert.kind, alert.cause) == (kind, f"{kind}:ledger")
    assert alert.message == "since 2026-01-01 12:00 UTC: source ledger is"

"""A request that was given up is an alert until the report is there after all."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from reporting_pipeline.alerts.standing_requests import standing_requests
from reporting_pipeline_tests.alerts.test_standing import DEFINITION, ORG, a_report

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REPORT = UUID(int=9)


def a_request(connection: psycopg.Connection, status: str, *, minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    connection.execute(
        "insert into catalogue.report_requests (id, organization_id, definition_id, version,"
        " period, period_end, format, is_provisional_allowed, status, attempts, requested_at,"
        " finished_at, report_id, failure_class, failure_message)"
        " values (gen_random_uuid(), %s, %s, 1,"
        " '2025-05-01', '2025-05-02', 'pdf', false, %s, 5, %s, %s, %s, 'StoreUnavailable', 'away')",
        (ORG, DEFINITION, status, at, None if status == "queued" else at, REPORT),
    )


def test_a_dead_request_stands_until_a_later_one_has_another_end(
    rolled_back: psycopg.Connection,
) -> None:
    a_report(rolled_back, "ready", "csv")
    a_request(rolled_back, "completed", minutes=0)
    assert standing_requests(rolled_back).alerts == []

    a_request(rolled_back, "dead", minutes=1)
    [alert] = standing_requests(rolled_back).alerts
    assert (
        "2025-05-01 (pdf), was given up after 5 attempts: StoreUnavailable: away" in alert.message
    )
    assert alert.organization_id == ORG

    a_request(rolled_back, "queued", minutes=2)
    asked_again = standing_requests(rolled_back)
    assert asked_again.alerts == []
    assert asked_again.undecided == {alert.cause}

    a_request(rolled_back, "completed", minutes=3)
    over = standing_requests(rolled_back)
    assert over.alerts == []
    assert over.undecided == frozenset()


def test_a_report_that_came_otherwise_makes_good_for_its_request(
    rolled_back: psycopg.Connection,
) -> None:
    a_report(rolled_back, "ready", "pdf")
    a_request(rolled_back, "dead", minutes=0)
    rolled_back.execute(
        "update catalogue.generated_reports set id = %s, updated_at = %s",
        (REPORT, NOW + timedelta(minutes=1)),
    )

    assert standing_requests(rolled_back).alerts == []

"""The reports that should exist, those that are missing, and their deadlines."""

import copy
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.catalogue.derived_definitions import apply_templates, derive_within
from reporting_pipeline.catalogue.generated_reports import set_status
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.due.expected_reports import (
    Expectation,
    MissingReport,
    missing_reports,
    overdue_reports,
    requestable_reports,
)
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ZONES = {BERLIN: "Europe/Berlin", TOKYO: "Asia/Tokyo"}
DEFAULT_AFTER_EVENT = {"end_days": 1, "final_days": 30}
EXPECTATION = Expectation(
    horizon_days=30,
    deadlines={each: timedelta(hours=6) for each in Schedule if each is not Schedule.MANUAL},
)


@pytest.fixture
def connection(rolled_back: psycopg.Connection) -> psycopg.Connection:
    """A warehouse with two organisations, landed through now."""
    for organization_id, zone in ZONES.items():
        rolled_back.execute(
            "insert into landing.ticketing_organizations (id, name, timezone, currency, updated_at)"
            " values (%s, 'Somebody', %s, 'EUR', '2026-01-01Z')",
            [organization_id, zone],
        )
    for domain in DOMAINS:
        rolled_back.execute(
            "insert into landing.source_reads values (%s, %s, %s)", [domain, NOW, NOW]
        )
    return rolled_back


def define(
    connection: psycopg.Connection,
    *,
    applied_at: datetime,
    organization_id: object = BERLIN,
    period: object = "previous_day",
    **fields: object,
) -> None:
    """Apply a definition of the revenue report."""
    definition = copy.deepcopy(dict[str, Any](REVENUE))
    definition["config"]["period"] = period
    definition |= {"organization_id": str(organization_id)} | fields
    apply_definitions(connection, [parse_definition(definition)], applied_at)


def fair(connection: psycopg.Connection, *, timezone: str, doors_at: str, ends_at: str) -> UUID:
    """Insert an event of Berlin in a time zone; its id."""
    event_id = UUID(int=9)
    connection.execute(
        "insert into landing.ticketing_events (id, organization_id, name, timezone, day_cutoff,"
        " currency, status, doors_at, starts_at, ends_at, updated_at) values (%s, %s, 'fair',"
        " %s, '00:00', 'EUR', 'ended', %s, %s, %s, '2026-01-01Z')",
        [event_id, BERLIN, timezone, doors_at, doors_at, ends_at],
    )
    return event_id


def after_event(connection: psycopg.Connection, moments: dict[str, int]) -> None:
    """Apply a definition of a report that is due at these moments of an event."""
    define(
        connection,
        applied_at=NOW - timedelta(days=9),
        category="operational",
        schedule="post_event",
        config=dict[str, Any](REVENUE)["config"]
        | {"period": "event_to_date", "after_event": moments},
    )


def behind(connection: psycopg.Connection) -> None:
    """Let the ledger have landed up to a minute before the end of 9 March in Berlin."""
    connection.execute(
        "update landing.source_reads set complete_through = '2026-03-09 22:59Z'"
        " where domain = 'ledger'"
    )


def touch(
    connection: psycopg.Connection, table: str, organization_id: object, day: date, at: datetime
) -> None:
    """Record new rows of a day, so that it waits to be built."""
    connection.execute(
        "insert into landing.touched_days (report_table, organization_id, report_day, touched_at)"
        " values (%s, %s, %s, %s)",
        [table, organization_id, day, at],
    )


def periods(found: list[MissingReport]) -> list[str]:
    return [each.period.token for each in found]


def test_a_report_is_expected_from_the_day_of_its_definition(
    connection: psycopg.Connection,
) -> None:
    define(connection, applied_at=NOW - timedelta(days=2))

    missing = missing_reports(connection, NOW, EXPECTATION)

    assert periods(missing) == ["2026-03-07", "2026-03-08", "2026-03-09"]
    # A report that was due before the definition existed is due when it was applied.
    assert [each.due_at for each in missing] == [
        NOW - timedelta(days=2),
        datetime(2026, 3, 8, 23, tzinfo=UTC),
        datetime(2026, 3, 9, 23, tzinfo=UTC),
    ]


def later_organization(connection: psycopg.Connection, template: dict[str, Any]) -> UUID:
    """Apply a template long ago, then let an organisation in Berlin land a day and a half ago."""
    apply_templates(connection, [parse_definition(template)], NOW - timedelta(days=90))
    organization_id = UUID(int=3)
    connection.execute(
        "insert into landing.ticketing_organizations (id, name, timezone, currency, updated_at)"
        " values (%s, 'Newcomer', 'Europe/Berlin', 'EUR', '2026-01-01Z')",
        [organization_id],
    )
    derive_within(connection, NOW - timedelta(hours=36))
    return organization_id


@pytest.mark.parametrize(
    ("schedule", "period", "first"),
    [
        ("daily", "previous_day", ["2026-03-09"]),
        (
            "weekly",
            {"rule": "previous_week", "first_weekday": "tuesday"},
            ["2026-03-03_2026-03-09"],
        ),
        ("weekly", {"rule": "previous_week", "first_weekday": "monday"}, []),
        ("monthly", "month", []),
        ("daily", "month_to_date", ["2026-03-01_2026-03-09"]),
    ],
    ids=str,
)
def test_an_organisation_that_lands_later_is_due_from_the_period_in_which_it_lands(
    schedule: str, period: object, first: list[str], connection: psycopg.Connection
) -> None:
    template = copy.deepcopy(dict[str, Any](REVENUE)) | {"schedule": schedule}
    template["config"]["period"] = period
    organization_id = later_organization(connection, template)

    missing = [
        each
        for each in missing_reports(connection, NOW, EXPECTATION)
        if each.definition.organization_id == organization_id
    ]

    assert periods(missing) == first


def test_an_organisation_that_has_just_landed_is_due_nothing_of_the_past(
    connection: psycopg.Connection,
) -> None:
    later_organization(connection, dict[str, Any](REVENUE))

    missing = missing_reports(connection, NOW - timedelta(hours=36), EXPECTATION)

    assert {each.definition.organization_id for each in missing} == {BERLIN, TOKYO}


def test_an_event_that_lands_after_its_definition_is_due_by_itself(
    connection: psycopg.Connection,
) -> None:
    template = copy.deepcopy(dict[str, Any](REVENUE)) | {"schedule": "post_event"}
    template["config"]["period"] = "event_to_date"
    apply_templates(connection, [parse_definition(template)], NOW - timedelta(days=9))
    assert missing_reports(connection, NOW, EXPECTATION) == []

    event_id = fair(
        connection,
        timezone="Europe/Berlin",
        doors_at="2026-03-09 08:00Z",
        ends_at="2026-03-09 20:00Z",
    )

    assert periods(missing_reports(connection, NOW, EXPECTATION)) == [
        f"event-{event_id}_2026-03-09"
    ]


def test_an_event_is_due_although_its_organisation_lands_after_it(
    connection: psycopg.Connection,
) -> None:
    template = copy.deepcopy(dict[str, Any](REVENUE)) | {"schedule": "post_event"}
    template["config"]["period"] = "event_to_date"
    apply_templates(connection, [parse_definition(template)], NOW - timedelta(days=9))
    event_id = fair(
        connection, timezone="UTC", doors_at="2026-03-08 08:00Z", ends_at="2026-03-08 20:00Z"
    )
    newcomer = UUID(int=3)
    connection.execute("update landing.ticketing_events set organization_id = %s", [newcomer])
    derive_within(connection, datetime(2026, 3, 8, 12, tzinfo=UTC))
    assert missing_reports(connection, NOW, EXPECTATION) == []

    connection.execute(
        "insert into landing.ticketing_organizations (id, name, timezone, currency, updated_at)"
        " values (%s, 'Newcomer', 'UTC', 'EUR', '2026-01-01Z')",
        [newcomer],
    )
    derive_within(connection, NOW)

    assert periods(missing_reports(connection, NOW, EXPECTATION)) == [
        f"event-{event_id}_2026-03-08"
    ]


def test_nothing_is_expected_from_before_the_horizon(connection: psycopg.Connection) -> None:
    define(connection, applied_at=NOW - timedelta(days=400))

    missing = missing_reports(connection, NOW, EXPECTATION)

    assert len(missing) == 31
    assert periods(missing)[0] == str(NOW.date() - timedelta(days=31))


@pytest.mark.parametrize(
    ("formerly", "restarts"),
    [
        ({"status": "draft"}, True),
        ({"status": "paused"}, True),
        ({"schedule": "weekly", "period": "previous_week"}, True),
        ({"period": "month_to_date"}, True),
        ({"name": "Another name"}, False),
        ({"formats": ["jsonl"]}, False),
    ],
    ids=str,
)
def test_nothing_is_expected_from_before_the_current_schedule(
    formerly: dict[str, Any], restarts: bool, connection: psycopg.Connection
) -> None:
    define(connection, applied_at=NOW - timedelta(days=20), **formerly)
    define(connection, applied_at=NOW - timedelta(days=2))

    first = periods(missing_reports(connection, NOW, EXPECTATION))[0]

    assert first == ("2026-03-07" if restarts else "2026-02-17")


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
def test_only_active_definitions_are_expected(status: str, connection: psycopg.Connection) -> None:
    define(connection, applied_at=NOW - timedelta(days=2), status=status)

    assert missing_reports(connection, NOW, EXPECTATION) == []


def test_a_manual_report_is_never_expected(connection: psycopg.Connection) -> None:
    define(connection, applied_at=NOW - timedelta(days=2), schedule="manual")

    assert missing_reports(connection, NOW, EXPECTATION) == []


def test_a_day_is_over_by_the_clock_of_its_organisation(connection: psycopg.Connection) -> None:
    for organization_id in ZONES:
        define(connection, applied_at=NOW, organization_id=organization_id)
    at = datetime(2026, 3, 10, 18, tzinfo=UTC)  # three in the morning in Tokyo

    missing = missing_reports(connection, at, EXPECTATION)

    assert [(each.definition.organization_id, each.period.token) for each in missing] == [
        (BERLIN, "2026-03-09"),
        (TOKYO, "2026-03-09"),
        (TOKYO, "2026-03-10"),
    ]


@pytest.mark.parametrize(
    ("schedule", "period", "expected"),
    [
        ("weekly", "previous_week", ["2026-02-16_2026-02-22", "2026-02-23_2026-03-01"]),
        ("monthly", "month", ["2026-02"]),
        (
            "daily",
            {"rule": "range", "first_day": "2026-03-01", "last_day": "2026-03-09"},
            ["2026-03-01_2026-03-09"],
        ),
        ("daily", {"rule": "range", "first_day": "2026-03-01", "last_day": "2026-03-10"}, []),
    ],
)
def test_a_report_is_expected_when_its_period_is_over(
    schedule: str, period: object, expected: list[str], connection: psycopg.Connection
) -> None:
    applied_at = datetime(2026, 2, 23, 12, tzinfo=UTC)
    define(connection, applied_at=applied_at, schedule=schedule, period=period)

    found = periods(missing_reports(connection, NOW, EXPECTATION))

    assert [each for each in found if each != "2026-03-02_2026-03-08"] == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-09T17:59+00:00", []),
        ("2026-03-09T18:00+00:00", ["2026-03-10"]),  # its day began in Auckland at 11:00
        ("2026-03-11T23:00+00:00", ["2026-03-10", "2026-03-11"]),
    ],
)
def test_a_report_after_the_doors_is_expected_while_its_day_runs(
    now: str, expected: list[str], connection: psycopg.Connection
) -> None:
    event = fair(
        connection,
        timezone="Pacific/Auckland",
        doors_at="2026-03-09T16:00Z",
        ends_at="2026-03-11T05:00Z",
    )
    after_event(connection, {"doors_hours": 2, "end_days": 1})

    missing = missing_reports(connection, datetime.fromisoformat(now), EXPECTATION)

    assert periods(missing) == [f"event-{event}_{each}" for each in expected]
    assert [each.is_ready for each in missing] == [True, False][: len(expected)]  # landed to NOW


@pytest.mark.parametrize(
    ("moments", "now", "expected"),
    [
        (DEFAULT_AFTER_EVENT, "2026-03-05T22:59+00:00", []),
        (DEFAULT_AFTER_EVENT, "2026-03-05T23:00+00:00", ["2026-03-05"]),
        (DEFAULT_AFTER_EVENT, "2026-03-10T12:00+00:00", ["2026-03-05"]),
        ({"end_days": 2}, "2026-03-06T22:59+00:00", []),
        ({"end_days": 2}, "2026-03-06T23:00+00:00", ["2026-03-06"]),
        ({"end_days": 1, "final_days": 3}, "2026-03-08T22:59+00:00", ["2026-03-05"]),
        ({"end_days": 1, "final_days": 3}, "2026-03-08T23:00+00:00", ["2026-03-05", "2026-03-08"]),
        ({"final_days": 3}, "2026-03-08T23:00+00:00", ["2026-03-08"]),
        # A month later the horizon is past the end, and the summary is final.
        (DEFAULT_AFTER_EVENT, "2026-04-04T22:00+00:00", ["2026-03-05", "2026-04-04"]),
        (DEFAULT_AFTER_EVENT, "2026-04-08T12:00+00:00", ["2026-04-04"]),
    ],
)
def test_a_report_after_an_event_is_expected_when_the_event_is_over_and_when_it_is_final(
    moments: dict[str, int],
    now: str,
    expected: list[str],
    connection: psycopg.Connection,
) -> None:
    event = fair(
        connection,
        timezone="Europe/Berlin",
        doors_at="2026-03-05T17:00Z",
        ends_at="2026-03-05T21:00Z",
    )
    after_event(connection, moments)

    missing = missing_reports(connection, datetime.fromisoformat(now), EXPECTATION)

    assert periods(missing) == [f"event-{event}_{each}" for each in expected]


@pytest.mark.parametrize(
    ("status", "age", "is_missing"),
    [
        ("ready", timedelta(days=1), False),
        ("held", timedelta(days=1), False),
        ("failed", timedelta(0), True),
        ("running", timedelta(minutes=5), False),
        # Its process has died.
        ("running", timedelta(hours=2), True),
    ],
)
def test_a_report_is_missing_until_it_is_ready_or_held(
    status: str, age: timedelta, is_missing: bool, connection: psycopg.Connection
) -> None:
    define(connection, applied_at=NOW)
    [report] = missing_reports(connection, NOW, EXPECTATION)
    key = ReportKey.of(report.definition, report.period, report.formats[0])

    set_status(connection, key, status, version=1, now=NOW - age)

    assert bool(missing_reports(connection, NOW, EXPECTATION)) == is_missing


def test_one_format_can_be_missing(connection: psycopg.Connection) -> None:
    define(connection, applied_at=NOW, formats=["csv", "jsonl"])
    [report] = missing_reports(connection, NOW, EXPECTATION)
    key = ReportKey.of(report.definition, report.period, report.formats[0])

    set_status(connection, key, "ready", version=1, now=NOW)

    [missing] = missing_reports(connection, NOW, EXPECTATION)
    assert missing.formats == ("jsonl",)


def test_a_report_whose_source_fails_is_requested_at_its_deadline(
    connection: psycopg.Connection,
) -> None:
    define(connection, applied_at=NOW)
    behind(connection)
    connection.execute(
        "insert into landing.source_faults (domain, error, message, since, last_at, try_count)"
        " values ('ledger', 'SourceUnavailable', 'no answer', %(now)s, %(now)s, 1)",
        {"now": NOW},
    )

    assert requestable_reports(connection, NOW, EXPECTATION) == []
    assert overdue_reports(connection, NOW, EXPECTATION) == []
    later = NOW + timedelta(hours=6, minutes=1)
    assert periods(requestable_reports(connection, later, EXPECTATION)) == ["2026-03-09"]
    [overdue] = overdue_reports(connection, later, EXPECTATION)
    assert overdue.deadline == NOW + timedelta(hours=6)


def test_a_report_is_overdue_but_waits_while_landing_was_not_tried(
    connection: psycopg.Connection,
) -> None:
    define(connection, applied_at=NOW)
    behind(connection)
    later = NOW + timedelta(days=8)

    assert periods(overdue_reports(connection, later, EXPECTATION))[0] == "2026-03-09"
    assert requestable_reports(connection, later, EXPECTATION) == []


def test_a_report_waits_for_its_days_to_be_built_for_as_long_as_its_deadline(
    connection: psycopg.Connection,
) -> None:
    define(connection, applied_at=NOW)
    touched_at = NOW + timedelta(hours=8)  # its deadline is over
    touch(connection, "report_revenue_daily", BERLIN, date(2026, 3, 9), touched_at)

    assert requestable_reports(connection, touched_at, EXPECTATION) == []
    assert periods(overdue_reports(connection, touched_at, EXPECTATION)) == ["2026-03-09"]
    later = touched_at + timedelta(hours=6, minutes=1)
    assert periods(requestable_reports(connection, later, EXPECTATION)) == ["2026-03-09"]


def test_a_financial_report_waits_for_its_reconciliation(connection: psycopg.Connection) -> None:
    define(connection, applied_at=NOW)
    touch(connection, "report_reconciliation_breaks", BERLIN, date(2026, 3, 9), NOW)

    assert requestable_reports(connection, NOW, EXPECTATION) == []


def test_rows_of_other_organisations_or_days_delay_no_report(
    connection: psycopg.Connection,
) -> None:
    define(connection, applied_at=NOW)
    for table, organization_id, day in (
        ("report_revenue_daily", TOKYO, date(2026, 3, 9)),
        ("report_revenue_daily", BERLIN, date(2026, 3, 10)),
        ("report_attendance_daily", BERLIN, date(2026, 3, 9)),
    ):
        touch(connection, table, organization_id, day, NOW)

    assert periods(requestable_reports(connection, NOW, EXPECTATION)) == ["2026-03-09"]

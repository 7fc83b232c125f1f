"""The reports that are due on a day, or after an event."""

import copy
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.due.due_reports import (
    Selection,
    due_after_events,
    due_reports,
    events_due,
)
from reporting_pipeline.due.report_calendar import event_due_times
from reporting_pipeline.errors import UnknownDefinition
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.report_definitions.period_rules import DEFAULT_AFTER_EVENT, AfterEvent
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import (
    BERLIN,
    REVENUE,
    TOKYO,
    define,
)

EVENT = UUID("00000002-0000-4000-8000-000000000009")
MARCH = [date(2025, 3, 1) + timedelta(days=offset) for offset in range(31)]


def definition(**fields: object) -> dict[str, Any]:
    """The revenue report with other fields; `period` is part of its config."""
    mapping = copy.deepcopy(dict[str, Any](REVENUE))
    mapping["config"]["period"] = fields.pop("period", "previous_day")
    return mapping | fields


def due(warehouse: URL, as_of_days: Sequence[date], **selection: Any) -> list[tuple[str, str, str]]:
    """Slug, due day and period of each due report."""
    with warehouse_connection(warehouse) as connection:
        found = due_reports(connection, as_of_days, Selection(**selection))
    return [
        (each.request.definition.slug, f"{each.as_of:%m-%d}", each.request.period.token)
        for each in found
    ]


@pytest.mark.parametrize(
    ("schedule", "period", "expected"),
    [
        (
            "weekly",
            "previous_week",
            [("03-03", "2025-02-24_2025-03-02"), ("03-10", "2025-03-03_2025-03-09")],
        ),
        (
            "weekly",
            {"rule": "previous_week", "first_weekday": "saturday"},
            [("03-01", "2025-02-22_2025-02-28"), ("03-08", "2025-03-01_2025-03-07")],
        ),
        (
            "weekly",
            "month_to_date",
            [("03-03", "2025-03-01_2025-03-02"), ("03-10", "2025-03-01_2025-03-09")],
        ),
        ("monthly", "month", [("03-01", "2025-02")]),
        ("monthly", "previous_day", [("03-01", "2025-02-28")]),
        # The same report is due once, on the first of the days.
        (
            "daily",
            "previous_week",
            [
                ("03-01", "2025-02-17_2025-02-23"),
                ("03-03", "2025-02-24_2025-03-02"),
                ("03-10", "2025-03-03_2025-03-09"),
            ],
        ),
        (
            "daily",
            {"rule": "range", "first_day": "2025-01-01", "last_day": "2025-01-31"},
            [("03-01", "2025-01")],
        ),
        ("manual", "previous_day", []),
    ],
)
def test_a_report_is_due_on_the_days_of_its_schedule(
    schedule: str, period: object, expected: list[tuple[str, str]], warehouse_url: URL
) -> None:
    define(warehouse_url, definition(schedule=schedule, period=period))

    assert [each[1:] for each in due(warehouse_url, MARCH[:10])] == expected


def test_a_daily_report_is_due_every_day_for_the_day_before(warehouse_url: URL) -> None:
    define(warehouse_url, REVENUE)

    assert due(warehouse_url, MARCH[1::-1]) == [
        ("revenue", "03-01", "2025-02-28"),
        ("revenue", "03-02", "2025-03-01"),
    ]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("previous_week", ["2025-02-24_2025-03-02", "2025-03-03_2025-03-09"]),
        ("month", ["2025-02"]),
        ("month_to_date", ["2025-03-01_2025-03-09"]),
        ({"rule": "range", "first_day": "2025-01-01", "last_day": "2025-01-31"}, ["2025-01"]),
    ],
)
def test_a_named_manual_report_is_due_when_its_period_ends(
    period: object, expected: list[str], warehouse_url: URL
) -> None:
    define(warehouse_url, definition(schedule="manual", period=period))

    assert [each[2] for each in due(warehouse_url, MARCH[:10], slugs=("revenue",))] == expected


def test_active_definitions_are_due_and_named_ones_unless_archived(warehouse_url: URL) -> None:
    for status in ("draft", "active", "paused", "archived"):
        define(warehouse_url, definition(slug=status, status=status))
    slugs = ("draft", "active", "paused", "archived")

    assert [each[0] for each in due(warehouse_url, MARCH[:1])] == ["active"]
    assert [each[0] for each in due(warehouse_url, MARCH[:1], slugs=slugs)] == [
        "active",
        "draft",
        "paused",
    ]


def test_a_selection_narrows_due_reports_and_refuses_unknown_names(warehouse_url: URL) -> None:
    define(warehouse_url, REVENUE)
    define(warehouse_url, REVENUE, TOKYO)
    define(warehouse_url, definition(slug="monthly", schedule="monthly", period="month"))

    with warehouse_connection(warehouse_url) as connection:
        of_tokyo = due_reports(connection, MARCH[:1], Selection(organization_ids=(TOKYO,)))
        with pytest.raises(
            UnknownDefinition, match="no report definition sales; there are monthly, revenue"
        ):
            due_reports(connection, MARCH, Selection(slugs=("revenue", "sales")))
    assert [each.request.definition.organization_id for each in of_tokyo] == [TOKYO]
    monthly = due(warehouse_url, MARCH, schedules=(Schedule.MONTHLY,))
    assert monthly == [("monthly", "03-01", "2025-02")]


# An event of Berlin in Los Angeles, whose days begin at 06:00: its last report day is May 1.
# The first due day, May 2, begins at 13:00 UTC.
def end_event(warehouse: URL, landed_through: datetime, domains: Sequence[str] = DOMAINS) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "insert into landing.ticketing_events (id, organization_id, name, timezone, day_cutoff,"
            " currency, status, starts_at, ends_at, updated_at)"
            " values (%s, %s, 'show', 'America/Los_Angeles', '06:00', 'USD', 'ended',"
            " '2025-05-02T04:00Z', '2025-05-02T09:00Z', now())",
            (EVENT, BERLIN),
        )
        connection.cursor().executemany(
            "insert into landing.source_reads values (%s, %s, %s)",
            [(domain, landed_through, landed_through) for domain in domains],
        )


@pytest.mark.parametrize(
    ("landed_through", "domains", "expected"),
    [
        (datetime(2025, 5, 2, 12, 59, tzinfo=UTC), DOMAINS, []),
        (datetime(2025, 5, 2, 13, tzinfo=UTC), DOMAINS, [date(2025, 5, 2)]),
        (datetime(2025, 6, 1, 13, tzinfo=UTC), DOMAINS, [date(2025, 5, 2), date(2025, 6, 1)]),
        (datetime(2025, 6, 1, 13, tzinfo=UTC), DOMAINS[1:], []),
    ],
)
def test_an_event_is_due_once_all_sources_have_landed_past_its_days(
    landed_through: datetime, domains: Sequence[str], expected: list[date], warehouse_url: URL
) -> None:
    end_event(warehouse_url, landed_through, domains)
    define(warehouse_url, definition(schedule="post_event", period="event_to_date"))
    define(warehouse_url, definition(schedule="post_event", period="event_to_date"), TOKYO)

    with warehouse_connection(warehouse_url) as connection:
        due_times = event_due_times(connection, DEFAULT_AFTER_EVENT.moments)
        found = due_after_events(connection, {EVENT}, Selection())

    assert [each.as_of for each in due_times] == [date(2025, 5, 2), date(2025, 6, 1)]
    assert [each.as_of for each in due_times if each.is_landed] == expected
    assert [each.as_of for each in found] == expected
    assert {each.request.definition.organization_id for each in found} <= {BERLIN}
    assert {each.request.period.event_id for each in found} <= {EVENT}


@pytest.mark.parametrize(
    ("rescheduled_from", "expected"), [(None, []), ("2025-04-20T04:00Z", ["05-02", "06-01"])]
)
def test_a_postponed_event_is_due_only_with_a_new_day(
    rescheduled_from: str | None, expected: list[str], warehouse_url: URL
) -> None:
    end_event(warehouse_url, datetime(2025, 7, 1, tzinfo=UTC))
    define(warehouse_url, definition(schedule="post_event", period="event_to_date"))

    with warehouse_connection(warehouse_url) as connection:
        connection.execute(
            "update landing.ticketing_events set status = 'postponed', rescheduled_from = %s",
            (rescheduled_from,),
        )
        found = due_after_events(connection, {EVENT}, Selection())
        assert events_due(connection) == ([EVENT] if expected else [])

    assert [f"{each.as_of:%m-%d}" for each in found] == expected


@pytest.mark.parametrize(
    ("after_event", "instants", "as_of"),
    [
        ({"end_days": 1, "final_days": 30}, ["05-02T13:00", "06-01T13:00"], ["05-02", "06-01"]),
        ({"doors_hours": 3, "end_days": 1}, ["05-02T07:00", "05-02T13:00"], ["05-02"]),
        (
            {"doors_hours": 12, "end_days": 1},
            ["05-02T13:00", "05-02T16:00"],
            ["05-02", "05-03"],
        ),
        ({"end_days": 7}, ["05-08T13:00"], ["05-08"]),
        ({"final_days": 1}, ["05-03T13:00"], ["05-03"]),
        ({"end_days": 2, "final_days": 1}, ["05-03T13:00"], ["05-03"]),
    ],
)
def test_an_event_is_due_at_the_moments_of_the_definition_and_each_period_once(
    after_event: dict[str, int], instants: list[str], as_of: list[str], warehouse_url: URL
) -> None:
    end_event(warehouse_url, datetime(2025, 7, 1, tzinfo=UTC))
    post_event = definition(category="operational", schedule="post_event", period="event_to_date")
    post_event["config"]["after_event"] = after_event
    define(warehouse_url, post_event)

    with warehouse_connection(warehouse_url) as connection:
        due_times = event_due_times(connection, AfterEvent.model_validate(after_event).moments)
        found = due_after_events(connection, {EVENT}, Selection())
        assert events_due(connection) == [EVENT]

    assert [f"{each.due_at.astimezone(UTC):%m-%dT%H:%M}" for each in due_times] == instants
    assert [f"{each.as_of:%m-%d}" for each in found] == as_of


def test_reports_of_events_are_due_on_the_given_days(warehouse_url: URL) -> None:
    end_event(warehouse_url, datetime(2025, 5, 2, tzinfo=UTC))
    define(warehouse_url, definition(schedule="post_event", period="event_to_date"))

    days = [date(2025, 5, 1), date(2025, 5, 2), date(2025, 5, 3)]

    assert due(warehouse_url, days) == [("revenue", "05-02", f"event-{EVENT}_2025-05-01")]

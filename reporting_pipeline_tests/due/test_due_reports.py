"""Which reports are due on which days, and that one which fails does not stop the others."""

import copy
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
from sqlalchemy import URL

from reporting_pipeline.due import batch as module
from reporting_pipeline.due.batch import generate_batch, report_lines
from reporting_pipeline.due.due_reports import (
    DueReport,
    Selection,
    due_after_events,
    due_reports,
    events_due,
)
from reporting_pipeline.due.report_calendar import event_due_times
from reporting_pipeline.errors import UnknownDefinition
from reporting_pipeline.publishing.generate import Outcome, Publisher, generate
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat, Schedule
from reporting_pipeline.report_definitions.period_rules import DEFAULT_AFTER_EVENT, AfterEvent
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    TOKYO,
    define,
    one_day,
)

EVENT = UUID("00000002-0000-4000-8000-000000000009")
MARCH = [date(2025, 3, 1) + timedelta(days=offset) for offset in range(31)]


def definition(**fields: object) -> dict[str, Any]:
    """The revenue report with other fields; `period` is its config's."""
    fields_of_it = copy.deepcopy(dict[str, Any](REVENUE))
    fields_of_it["config"]["period"] = fields.pop("period", "previous_day")
    return fields_of_it | fields


def due(warehouse: URL, as_of_days: Sequence[date], **selection: Any) -> list[tuple[str, str, str]]:
    """Slug, day on which it is due and period of each report that is due."""
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


def test_a_daily_report_is_due_every_day_about_the_day_before(warehouse_url: URL) -> None:
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
def test_a_manual_report_that_is_named_is_due_where_its_period_ends(
    period: object, expected: list[str], warehouse_url: URL
) -> None:
    define(warehouse_url, definition(schedule="manual", period=period))

    assert [each[2] for each in due(warehouse_url, MARCH[:10], slugs=("revenue",))] == expected


def test_only_active_definitions_are_due_and_named_ones_unless_archived(warehouse_url: URL) -> None:
    for status in ("draft", "active", "paused", "archived"):
        define(warehouse_url, definition(slug=status, status=status))
    slugs = ("draft", "active", "paused", "archived")

    assert [each[0] for each in due(warehouse_url, MARCH[:1])] == ["active"]
    assert [each[0] for each in due(warehouse_url, MARCH[:1], slugs=slugs)] == [
        "active",
        "draft",
        "paused",
    ]


def test_what_is_due_can_be_narrowed_and_unknown_names_are_refused(warehouse_url: URL) -> None:
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
        dues = event_due_times(connection, DEFAULT_AFTER_EVENT.moments)
        found = due_after_events(connection, {EVENT}, Selection())

    assert [each.as_of for each in dues] == [date(2025, 5, 2), date(2025, 6, 1)]
    assert [each.as_of for each in dues if each.is_landed] == expected
    assert [each.as_of for each in found] == expected
    assert {each.request.definition.organization_id for each in found} <= {BERLIN}
    assert {each.request.period.event_id for each in found} <= {EVENT}


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
def test_an_event_is_due_when_the_definition_says_and_each_period_of_it_once(
    after_event: dict[str, int], instants: list[str], as_of: list[str], warehouse_url: URL
) -> None:
    end_event(warehouse_url, datetime(2025, 7, 1, tzinfo=UTC))
    post_event = definition(category="operational", schedule="post_event", period="event_to_date")
    post_event["config"]["after_event"] = after_event
    define(warehouse_url, post_event)

    with warehouse_connection(warehouse_url) as connection:
        dues = event_due_times(connection, AfterEvent.model_validate(after_event).moments)
        found = due_after_events(connection, {EVENT}, Selection())
        assert events_due(connection) == [EVENT]

    assert [f"{each.due_at.astimezone(UTC):%m-%dT%H:%M}" for each in dues] == instants
    assert [f"{each.as_of:%m-%d}" for each in found] == as_of


def test_reports_of_events_are_due_on_the_days_that_are_asked_for(warehouse_url: URL) -> None:
    end_event(warehouse_url, datetime(2025, 5, 2, tzinfo=UTC))
    define(warehouse_url, definition(schedule="post_event", period="event_to_date"))

    days = [date(2025, 5, 1), date(2025, 5, 2), date(2025, 5, 3)]

    assert due(warehouse_url, days) == [("revenue", "05-02", f"event-{EVENT}_2025-05-01")]


@pytest.fixture
def publisher(shared_season_pipeline: Pipeline, tmp_path: Path) -> Publisher:
    return Publisher(
        warehouse=shared_season_pipeline.warehouse,
        store=open_store(str(tmp_path / "store")),
        final_delay_seconds=7200,
        clock=lambda: NOW,
    )


def requests(publisher: Publisher) -> list[DueReport]:
    """Two reports of one day, and one of the day before."""
    revenue, attendance = (define(publisher.warehouse, each) for each in (REVENUE, ATTENDANCE))
    day = date(2025, 9, 10)
    return [
        DueReport(
            as_of=each + timedelta(days=1),
            request=ReportRequest(definition=definition, period=one_day(each)),
        )
        for definition, each in [
            (revenue, day),
            (attendance, day),
            (revenue, day - timedelta(days=1)),
        ]
    ]


@pytest.mark.parametrize(
    ("error", "reason", "is_retryable", "is_fault"),
    [
        (ZeroDivisionError("1 / 0"), "ZeroDivisionError: 1 / 0", False, True),
        (psycopg.OperationalError("gone"), "WarehouseUnavailable: the warehouse at ", True, False),
        (UnknownDefinition("none"), "UnknownDefinition: none", False, False),
    ],
)
def test_a_report_that_fails_does_not_stop_the_others(
    error: Exception,
    reason: str,
    is_retryable: bool,
    is_fault: bool,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def generate_or_fail(
        publisher: Publisher, request: ReportRequest, formats: Sequence[ReportFormat]
    ) -> list[Outcome]:
        if request.definition.slug == "attendance":
            raise error
        return generate(publisher, request, formats)

    monkeypatch.setattr(module, "generate", generate_or_fail)

    lines = [
        line
        for each in generate_batch(publisher, requests(publisher))
        for line in report_lines(each)
    ]

    assert [(line.slug, line.status) for line in lines] == [
        ("revenue", "ready"),
        ("attendance", "failed"),
        ("revenue", "ready"),
    ]
    failed = lines[1]
    assert (failed.reason or "").startswith(reason)
    assert (failed.is_retryable, failed.is_fault) == (is_retryable, is_fault)


def test_formats_that_a_definition_does_not_ask_for_are_not_made(publisher: Publisher) -> None:
    results = generate_batch(publisher, requests(publisher), formats=[ReportFormat.XLSX])

    assert list(results) == []


def test_notices_go_out_at_the_end_of_a_batch(publisher: Publisher, redis_url: str) -> None:
    definition = define(publisher.warehouse, {**REVENUE, "slug": "noticed"})
    request = ReportRequest(definition=definition, period=one_day(date(2025, 9, 10)))
    due_report = DueReport(as_of=date(2025, 9, 11), request=request)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as listener:
        listener.subscribe(f"reporting:definition:{definition.id}")
        listener.get_message(timeout=5)
        list(generate_batch(publisher, [due_report], redis_url=redis_url))
        message = listener.get_message(timeout=5)

    assert message is not None
    told = json.loads(message["data"])
    assert (told["type"], told["period"]) == ("available", "2025-09-10")

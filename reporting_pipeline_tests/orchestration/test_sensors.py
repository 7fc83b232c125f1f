"""Sensors request one run for missing, touched and stale data, however often they evaluate."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import psycopg
import pytest

from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.resources import Reports, Warehouse
from reporting_pipeline.orchestration.run_requests import SLOT_TAG, rebuild_runs
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.orchestration.clocks import timing_at
from reporting_pipeline_tests.orchestration.shown import shown
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    define,
)

NOW = datetime(2025, 9, 9, 12, tzinfo=UTC)
TODAY = NOW.date()
APPLIED = datetime(2025, 9, 2, 12, tzinfo=UTC)
EIGHT_DAYS = [date(2025, 9, 1) + timedelta(days=n) for n in range(8)]

_FIRST, _LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass
class SensorDaemon:
    """Evaluates sensors and executes runs, at a time that the test sets."""

    settings: Settings
    instance: dg.DagsterInstance
    now: datetime = NOW

    def requests_of(self, sensor: str) -> list[dg.RunRequest]:
        """The runs that a sensor requests; the partitions that it requests are added."""
        timing = timing_at(self.settings, lambda: self.now)
        resources = {
            "warehouse": Warehouse.of(self.settings),
            "reports": Reports.of(self.settings, timing=timing),
            "timing": timing,
        }
        with dg.build_sensor_context(instance=self.instance, resources=resources) as context:
            result: Any = self._defs().resolve_sensor_def(sensor)(context)
        for addition in result.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions(
                addition.partitions_def_name, addition.partition_keys
            )
        return list(result.run_requests or ())

    def run(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Execute a requested run in this process."""
        job = self._defs().resolve_job_def(str(request.job_name))
        result = job.execute_in_process(instance=self.instance, tags=dict(request.tags))
        assert result.success
        return result

    def _defs(self) -> dg.Definitions:
        timing = timing_at(self.settings, lambda: self.now)
        return build_definitions(self.settings, timing=timing)


@pytest.fixture
def daemon(settings: Settings) -> Iterator[SensorDaemon]:
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = SensorDaemon(settings, instance)
        # No report depends on the built days of the season, so the sensor forgets them.
        assert daemon.requests_of("stale_reports") == []
        yield daemon


@pytest.fixture
def applied(settings: Settings, warehouse: psycopg.Connection) -> None:
    """Definitions that were applied eight days before, of two organisations."""
    for organization_id in (BERLIN, TOKYO):
        define(settings.warehouse_url(), REVENUE, organization_id)
    warehouse.execute("update catalogue.report_definitions set expected_since = %s", [APPLIED])


def catalogue(warehouse: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Organisation, slug, period, status and edition of all reports."""
    return warehouse.execute(
        "select report.organization_id, slug, period, report.status, edition"
        " from catalogue.generated_reports as report"
        " inner join catalogue.report_definitions as definition on definition.id = definition_id"
        " order by 1, 2, 3"
    ).fetchall()


def touch(warehouse: psycopg.Connection, table: str, *days: date) -> None:
    """Queue days of Berlin for a rebuild."""
    warehouse.cursor().executemany(
        "insert into landing.touched_days"
        " (report_table, organization_id, event_id, report_day, touched_at)"
        " values (%s, %s, null, %s, now())",
        [(table, BERLIN, day) for day in days],
    )


@pytest.mark.usefixtures("applied")
def test_after_eight_days_without_a_daemon_all_eight_days_exist_once(
    daemon: SensorDaemon, warehouse: psycopg.Connection
) -> None:
    [request] = daemon.requests_of("missing_reports")
    [of_second_daemon] = daemon.requests_of("missing_reports")
    assert of_second_daemon == request
    assert (request.tags[_FIRST], request.tags[_LAST]) == ("2025-09-01", "2025-09-08")

    daemon.run(request)
    daemon.run(of_second_daemon)

    # Days end in Tokyo before they do in Berlin; at noon in UTC all eight are over in both.
    assert catalogue(warehouse) == [
        (organization_id, "revenue", day.isoformat(), "ready", 1)
        for organization_id in (BERLIN, TOKYO)
        for day in EIGHT_DAYS
    ]
    assert daemon.requests_of("missing_reports") == []
    editions = warehouse.execute("select count(*) from catalogue.generated_report_editions")
    assert editions.fetchone() == (16,)


@pytest.mark.usefixtures("applied")
def test_a_gap_is_filled_and_existing_reports_are_not_changed(
    daemon: SensorDaemon, warehouse: psycopg.Connection
) -> None:
    for request in daemon.requests_of("missing_reports"):
        daemon.run(request)
    lost = ["2025-09-03", "2025-09-06"]
    warehouse.execute(
        "update catalogue.generated_reports set status = 'failed'"
        " where organization_id = %s and period = any(%s)",
        [BERLIN, lost],
    )
    before = warehouse.execute("select max(updated_at) from catalogue.generated_reports").fetchone()
    daemon.now = NOW + timedelta(hours=1)

    requests = daemon.requests_of("missing_reports")
    for request in requests:
        daemon.run(request)

    assert [(each.tags[_FIRST], each.tags[_LAST]) for each in requests] == [
        (day, day) for day in lost
    ]
    changed = warehouse.execute(
        "select organization_id, period from catalogue.generated_reports where updated_at > %s"
        " order by period",
        before,
    )
    assert changed.fetchall() == [(BERLIN, day) for day in lost]


def test_an_event_is_reported_once_when_it_is_over_and_once_when_it_is_final(
    daemon: SensorDaemon, settings: Settings, warehouse: psycopg.Connection
) -> None:
    found = warehouse.execute(
        "select id, landing.report_day(ends_at, timezone, day_cutoff)"
        " from landing.ticketing_events where organization_id = %s order by ends_at limit 1",
        [BERLIN],
    ).fetchone()
    assert found is not None
    event_id, last_day = found
    over_at = datetime(last_day.year, last_day.month, last_day.day, 12, tzinfo=UTC)
    over_at += timedelta(days=1)
    of_event = copy.deepcopy(dict[str, Any](ATTENDANCE)) | {"schedule": "post_event"}
    of_event["config"]["period"] = "event_to_date"
    define(settings.warehouse_url(), of_event)
    warehouse.execute(
        "update catalogue.report_definitions set expected_since = %s", [over_at - timedelta(days=1)]
    )

    daemon.now = over_at
    [at_end] = daemon.requests_of("missing_reports")
    daemon.run(at_end)
    asked_again = daemon.requests_of("missing_reports")
    daemon.now = over_at + timedelta(days=30)
    at_final = [
        each
        for each in daemon.requests_of("missing_reports")
        if each.tags[_FIRST] == at_end.tags[_FIRST]
    ]
    for request in at_final:
        daemon.run(request)

    assert (at_end.tags[_FIRST], at_end.tags[_LAST]) == (str(event_id), str(event_id))
    assert asked_again == []
    assert len(at_final) == 1
    generated = [
        (period, status, edition) for _, _, period, status, edition in catalogue(warehouse)
    ]
    assert [each for each in generated if str(event_id) in each[0]] == [
        (f"event-{event_id}_{last_day}", "ready", 1),
        (f"event-{event_id}_{last_day + timedelta(days=30)}", "ready", 1),
    ]


@pytest.mark.usefixtures("applied")
def test_a_report_whose_day_waits_is_not_in_the_run_of_a_ready_report(
    daemon: SensorDaemon, settings: Settings, warehouse: psycopg.Connection
) -> None:
    daemon.now = APPLIED
    define(settings.warehouse_url(), ATTENDANCE)
    warehouse.execute("update catalogue.report_definitions set expected_since = %s", [APPLIED])
    touch(warehouse, "report_revenue_daily", EIGHT_DAYS[0])

    [request] = daemon.requests_of("missing_reports")
    daemon.run(request)

    generated = [(place, slug, status) for place, slug, _, status, _ in catalogue(warehouse)]
    assert generated == [
        (BERLIN, "attendance", "ready"),
        (TOKYO, "revenue", "ready"),
    ]


def test_current_days_do_not_wait_for_a_backlog() -> None:
    backlog = {date(2025, 1, 1) + timedelta(days=n): "1/0" for n in range(100)}
    current = {TODAY - timedelta(days=1): "2/0", TODAY: "3/0"}

    runs = rebuild_runs({**backlog, **current}, TODAY)

    assert (runs[0].slot, runs[0].partitions) == (
        "rebuild current days",
        ("2025-09-08", "2025-09-09"),
    )
    assert runs[0].priority > runs[1].priority
    assert {each.slot for each in runs[1:]} == {"rebuild former days"}
    assert [each.partitions for each in runs[1:]] == [
        ("2025-01-01", "2025-01-31"),
        ("2025-02-01", "2025-03-03"),
        ("2025-03-04", "2025-04-03"),
        ("2025-04-04", "2025-04-10"),
    ]


def test_today_is_requested_during_a_backlog_and_has_priority(
    daemon: SensorDaemon, warehouse: psycopg.Connection
) -> None:
    former = [date(2025, 1, 1) + timedelta(days=2 * n) for n in range(100)]
    touch(warehouse, "report_attendance_daily", *former)
    backlog = daemon.requests_of("touched_days")
    for request in backlog:
        run = dg.DagsterRun(str(request.job_name), tags=request.tags)
        daemon.instance.add_run(run)
    touch(warehouse, "report_attendance_daily", TODAY)

    [current] = daemon.requests_of("touched_days")

    assert [each.tags[_FIRST] for each in backlog] == list(map(str, former[:5]))
    assert current.tags[_FIRST] == str(TODAY)
    priorities = [int(each.tags.get("dagster/priority", 0)) for each in (current, *backlog)]
    assert priorities[0] > max(priorities[1:])


def test_only_touched_days_are_rebuilt_and_only_within_the_horizon(
    daemon: SensorDaemon, warehouse: psycopg.Connection
) -> None:
    daemon.settings = daemon.settings.model_copy(update={"rebuild_horizon_days": 30})
    touch(warehouse, "report_attendance_daily", date(2025, 8, 1), date(2025, 8, 20), TODAY)

    requests = daemon.requests_of("touched_days")

    assert [(each.tags[_FIRST], each.tags[SLOT_TAG]) for each in requests] == [
        ("2025-09-09", "rebuild current days"),
        ("2025-08-20", "rebuild former days"),
    ]
    assert daemon.requests_of("touched_days") == requests
    built = daemon.run(requests[1])
    days = {
        event.materialization.partition
        for event in built.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("report_attendance_daily")
    }
    assert days == {"2025-08-20"}
    assert [each.tags[_FIRST] for each in daemon.requests_of("touched_days")] == ["2025-09-09"]
    waiting = warehouse.execute("select report_day from landing.touched_days order by 1")
    assert waiting.fetchall() == [(date(2025, 8, 1),), (TODAY,)]


def test_only_reports_that_depend_on_a_rebuilt_day_are_generated_again(
    daemon: SensorDaemon, settings: Settings, warehouse: psycopg.Connection
) -> None:
    day = _day_with_scans(warehouse)
    daemon.now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=3)
    monthly = copy.deepcopy(dict[str, Any](ATTENDANCE)) | {"slug": "attendance-so-far"}
    monthly["config"]["period"] = "month_to_date"
    for definition, organization_id in (
        (ATTENDANCE, BERLIN),
        (ATTENDANCE, TOKYO),
        (REVENUE, BERLIN),
        (monthly, BERLIN),
    ):
        define(settings.warehouse_url(), definition, organization_id)
    warehouse.execute(
        "update catalogue.report_definitions set expected_since = %s",
        [daemon.now - timedelta(days=3)],
    )
    for request in daemon.requests_of("missing_reports"):
        daemon.run(request)
    before = {each[:3]: each for each in catalogue(warehouse)}
    assert daemon.requests_of("stale_reports") == []

    warehouse.execute("delete from landing.scanning_scans where report_day = %s", [day])
    touch(warehouse, "report_attendance_daily", day)
    daemon.now += timedelta(minutes=5)
    assert daemon.requests_of("stale_reports") == []
    [rebuild] = daemon.requests_of("touched_days")
    daemon.run(rebuild)
    [restate] = daemon.requests_of("stale_reports")
    assert daemon.requests_of("stale_reports") == [restate]
    result = daemon.run(restate)

    [shown_of_run] = shown(result, "restated_reports").values()
    generated = {
        (each["organization_id"], each["report"], each["period"])
        for each in shown_of_run["reports"]
    }
    tomorrow = day + timedelta(days=1)
    assert generated == {
        (str(BERLIN), "attendance", day.isoformat()),
        *(
            (str(BERLIN), "attendance-so-far", period)
            for organization_id, slug, period in before
            if slug == "attendance-so-far" and period >= f"{day:%Y-%m-01}_{day}"
        ),
    }
    after = {each[:3]: each for each in catalogue(warehouse)}
    assert after[BERLIN, "attendance", day.isoformat()][4] == 2
    assert after[BERLIN, "attendance", tomorrow.isoformat()][4] == 1
    assert daemon.requests_of("stale_reports") == []


def _day_with_scans(warehouse: psycopg.Connection) -> date:
    found = warehouse.execute(
        "select date from reporting.report_attendance_daily"
        " where organization_id = %s and extract(day from date) between 5 and 20"
        " group by date having sum(admission_count) > 1 order by date limit 1",
        [BERLIN],
    ).fetchone()
    assert found is not None
    day: date = found[0]
    return day


def test_a_held_report_is_released_when_its_days_are_final(
    daemon: SensorDaemon, settings: Settings, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), REVENUE)
    warehouse.execute("update catalogue.report_definitions set expected_since = %s", [NOW])
    through = _land_ledger_through(warehouse, NOW - timedelta(days=1))
    warehouse.execute(
        "insert into landing.source_faults (domain, error, message, since, last_at, try_count)"
        " values ('ledger', 'SourceUnavailable', 'no answer', %(now)s, %(now)s, 1)",
        {"now": NOW},
    )
    assert (
        daemon.requests_of("missing_reports") == []
    )  # it waits for the ledger, until its deadline
    daemon.now = NOW + timedelta(hours=13)
    [request] = daemon.requests_of("missing_reports")
    daemon.run(request)
    assert catalogue(warehouse) == [(BERLIN, "revenue", "2025-09-08", "held", 0)]
    assert daemon.requests_of("missing_reports") == []
    assert daemon.requests_of("stale_reports") == []

    _land_ledger_through(warehouse, through)
    [release] = daemon.requests_of("stale_reports")
    daemon.run(release)

    assert catalogue(warehouse) == [(BERLIN, "revenue", "2025-09-08", "ready", 1)]
    assert daemon.requests_of("stale_reports") == []


def _land_ledger_through(warehouse: psycopg.Connection, through: datetime) -> datetime:
    """Set the instant through which the ledger has landed; return the former one."""
    found = warehouse.execute(
        "select complete_through from landing.source_reads where domain = 'ledger'"
    ).fetchone()
    assert found is not None
    former: datetime = found[0]
    warehouse.execute(
        "update landing.source_reads set complete_through = %s where domain = 'ledger'", [through]
    )
    return former

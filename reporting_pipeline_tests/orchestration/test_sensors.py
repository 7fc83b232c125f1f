"""Sensors request one run for missing, touched and stale data, however often they evaluate."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import dagster as dg
import psycopg
import pytest

from reporting_pipeline.checks.breaks import Decision, accept_breaks
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.stale_reports import days_of_scans_alone, days_too_old_to_rebuild
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.resources import Reports, Warehouse
from reporting_pipeline.orchestration.run_requests import SLOT_TAG, rebuild_runs
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
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

# One scan at each time, of tickets that were not used at an event that is over.
_SCANS_OF_NO_SHOWS = """
    with chosen as (
        select event.id, gate.id as gate_id
        from ticketing.events as event
        inner join scanning.gates as gate on event.id = gate.event_id
        where event.ends_at < timestamptz '2025-09-01Z' and exists (
            select from scanning.scans as scan where scan.event_id = event.id
        )
        order by event.ends_at desc, gate.id
        limit 1
    ),

    unused as (
        select ticket.id, row_number() over (order by ticket.id) as place
        from ticketing.tickets as ticket
        inner join ticketing.ticket_types as type on ticket.ticket_type_id = type.id
        inner join chosen on ticket.event_id = chosen.id
        where type.is_admission and ticket.status = 'valid' and ticket.id not in (
            select scan.ticket_id from scanning.scans as scan where scan.ticket_id is not null
        )
    ),

    made as (
        insert into scanning.scans (
            id, event_id, gate_id, device_id, device_sequence, ticket_id, direction, outcome,
            is_offline, scanned_at, received_at
        )
        select
            gen_random_uuid(), chosen.id, chosen.gate_id, gen_random_uuid(), 1, unused.id, 'entry',
            'accepted', false, scanned.at::timestamptz, now()
        from chosen
        cross join unnest(%s::text[]) with ordinality as scanned (at, place)
        inner join unused on scanned.place = unused.place
    )

    select id from chosen
"""
_UNCHARGED = """
    insert into reporting.report_reconciliation_breaks (
        date, organization_id, order_id, currency, kind, ticketing_minor, ledger_minor,
        difference_minor, proof_ids
    )
    values (%s, %s, %s, 'EUR', 'missing_in_ledger', 47689, 0, 47689, '{}')
"""
_FIRST, _LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass
class SensorDaemon:
    """Evaluates sensors and executes runs, at a time that the test sets."""

    settings: Settings
    instance: dg.DagsterInstance
    now: datetime = NOW

    def requests_of(self, sensor: str) -> list[dg.RunRequest]:
        """The runs that a sensor requests; the partitions that it requests are added."""
        result = self._evaluated(sensor)
        for addition in result.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions(
                addition.partitions_def_name, addition.partition_keys
            )
        return list(result.run_requests or ())

    def evaluations_of(self, sensor: str) -> list[dg.AssetCheckEvaluation]:
        """The results of checks that a sensor reports; Dagster keeps them."""
        events = list(self._evaluated(sensor).asset_events)
        for event in events:
            self.instance.report_runless_asset_event(event)
        return [each for each in events if isinstance(each, dg.AssetCheckEvaluation)]

    def _evaluated(self, sensor: str) -> Any:
        timing = timing_at(self.settings, lambda: self.now)
        resources = {
            "warehouse": Warehouse.of(self.settings),
            "reports": Reports.of(self.settings, timing=timing),
            "timing": timing,
        }
        with dg.build_sensor_context(instance=self.instance, resources=resources) as context:
            return self._defs().resolve_sensor_def(sensor)(context)

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


def test_days_that_a_wrong_clock_makes_are_built_and_sealed_with_the_next_run(
    daemon: SensorDaemon, season_pipeline: Pipeline, warehouse: psycopg.Connection
) -> None:
    clocks = {date(2000, 1, 1): "2000-01-01 12:00Z", date(2063, 4, 5): "2063-04-05 12:00Z"}
    with warehouse_connection(season_pipeline.sources["scanning"]) as source:
        [(event,)] = source.execute(_SCANS_OF_NO_SHOWS, [list(clocks.values())]).fetchall()
    season_pipeline.land()
    horizon = TODAY - timedelta(days=daemon.settings.rebuild_horizon_days)
    assert days_too_old_to_rebuild(warehouse, first_day=horizon) == []

    daemon.run(daemon.requests_of("touched_days")[0])

    scans = warehouse.execute(
        "select date, sum(scan_count) from reporting.report_attendance_daily"
        " where event_id = %s and date = any(%s) group by date",
        [event, list(clocks)],
    )
    assert dict(scans.fetchall()) == dict.fromkeys(clocks, 1)
    sealed = warehouse.execute(
        "select date from reporting.sealed_days where date = any(%s)", [list(clocks)]
    )
    assert {day for (day,) in sealed} == set(clocks)
    assert days_of_scans_alone(warehouse) == []
    assert not warehouse.execute("select message from reporting.seal_objections").fetchall()


def test_days_that_a_wrong_clock_makes_need_one_run_of_today(
    daemon: SensorDaemon, warehouse: psycopg.Connection
) -> None:
    # The 30th day after an event has a summary, which waits for its partition.
    touch(warehouse, "report_event_summary", TODAY + timedelta(days=30))
    assert daemon.requests_of("touched_days") == []
    days = [date(2063, 1, 1) + timedelta(days=n) for n in range(100)]
    touch(warehouse, "report_attendance_daily", date(2000, 1, 1), *days)

    [request] = daemon.requests_of("touched_days")

    assert (request.tags[_FIRST], request.tags[_LAST]) == (str(TODAY), str(TODAY))


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
            (str(BERLIN), "attendance-so-far", Period.of_token(period).words)
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


def test_a_day_that_no_run_has_sealed_is_sealed_and_its_report_is_published(
    daemon: SensorDaemon, settings: Settings, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), REVENUE)
    warehouse.execute("update catalogue.report_definitions set expected_since = %s", [NOW])
    warehouse.execute("delete from reporting.sealed_days where date = '2025-09-08'")
    [request] = daemon.requests_of("missing_reports")
    daemon.run(request)
    assert catalogue(warehouse) == [(BERLIN, "revenue", "2025-09-08", "held", 0)]
    assert daemon.requests_of("stale_reports") == []

    [seal] = daemon.requests_of("unsealed_days")
    assert (seal.job_name, seal.tags[_FIRST], seal.tags[_LAST]) == (
        "seal_days",
        "2025-09-08",
        "2025-09-08",
    )
    daemon.run(seal)
    [release] = daemon.requests_of("stale_reports")
    daemon.run(release)

    assert catalogue(warehouse) == [(BERLIN, "revenue", "2025-09-08", "ready", 1)]
    assert daemon.requests_of("unsealed_days") == daemon.requests_of("stale_reports") == []


def test_a_day_without_a_partition_is_sealed_by_the_run_of_another_day(
    daemon: SensorDaemon, warehouse: psycopg.Connection
) -> None:
    long_ago = date(2019, 5, 2)
    warehouse.execute(_UNCHARGED, [long_ago, BERLIN, UUID(int=7)])

    [seal] = daemon.requests_of("unsealed_days")
    assert (seal.tags[_FIRST], seal.tags[_LAST]) == (str(TODAY), str(TODAY))
    daemon.run(seal)

    sealed = "select from reporting.sealed_days where date = %s"
    assert warehouse.execute(sealed, [long_ago]).fetchone() is not None
    assert daemon.requests_of("unsealed_days") == []


def test_a_day_is_resolved_without_a_run_when_its_break_is_accepted(
    daemon: SensorDaemon, settings: Settings, warehouse: psycopg.Connection
) -> None:
    day, order = date(2025, 9, 8), UUID(int=7)
    warehouse.execute(_UNCHARGED, [day, BERLIN, order])
    seal_days(settings.warehouse_url(), [day], NOW)

    [failed] = [
        each
        for each in daemon.evaluations_of("unsealed_days")
        if each.check_name == "no_unresolved_day" and not each.passed
    ]
    assert failed.description == (
        f"1 day has errors; {day}: sales_tie_to_ledger: missing_in_ledger: order {order}, "
        "Ticketing 476.89 EUR, ledger 0.00 EUR"
    )

    decision = Decision(
        organization_id=BERLIN, kind="missing_in_ledger", ids=(order,), person="Ada", now=NOW
    )
    accept_breaks(warehouse, decision, reason="a gift of the house")

    [resolved] = daemon.evaluations_of("unsealed_days")
    assert (resolved.asset_key, resolved.check_name) == (failed.asset_key, failed.check_name)
    assert (resolved.passed, resolved.metadata["day_count"].value) == (True, 0)
    assert daemon.evaluations_of("unsealed_days") == []


def test_a_day_that_a_run_is_building_is_not_sealed_by_another(
    daemon: SensorDaemon, warehouse: psycopg.Connection
) -> None:
    warehouse.execute("delete from reporting.sealed_days where date = any(%s)", [EIGHT_DAYS])
    tags = {_FIRST: "2025-09-01", _LAST: "2025-09-05"}
    run = dg.DagsterRun("__ASSET_JOB", tags=tags, status=dg.DagsterRunStatus.STARTED)
    daemon.instance.add_run(run)
    touch(warehouse, "report_sales_daily", date(2025, 9, 8))

    [seal] = daemon.requests_of("unsealed_days")

    # `touched_days` builds and seals the last of the eight days.
    assert (seal.tags[_FIRST], seal.tags[_LAST]) == ("2025-09-06", "2025-09-07")

"""The steps of the demo, from the sample rows to the report files; each does only what is missing.

A second demo finds everything done. Dagster, whose import takes seconds, is loaded only for a step
that runs.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from sqlalchemy import URL

from reporting_pipeline.addresses import address_text, with_options
from reporting_pipeline.building.build import day_ranges, touched_days
from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.catalogue.definition_store import definitions_of
from reporting_pipeline.catalogue.derived_definitions import apply_templates
from reporting_pipeline.cli.steps import Steps
from reporting_pipeline.due.due_reports import (
    DueReport,
    Selection,
    due_after_events,
    due_reports,
    events_due,
)
from reporting_pipeline.due.expected_reports import ungenerated
from reporting_pipeline.due.stale_reports import stale_reports
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.samples.demo_books import DemoBooks, weeks_for, write_demo_books
from reporting_pipeline.settings import Settings, set_environment
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.dump import LoadResult, load_dump
from reporting_pipeline.sources.landing import LandingResult
from reporting_pipeline.sources.landing import land as land_sources
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection

LATE_ROWS = Path("demo", "late-ledger-rows")
"""Below REPORTING_HOME: the ledger rows that close the planted break."""

_DAY = timedelta(days=1)
# Somebody watches the demo.
_DAYS_PER_ORGANIZATION = 1
# Days without rows are built too if a report could be about them and their neighbours.
_GAP_DAYS = 31

_LAST_DAYS = """
    select distinct date
    from (
        select date, dense_rank() over (partition by organization_id order by date desc) as place
        from reporting.report_sales_daily
    ) as ranked
    where place <= %s
    order by date
"""
_START_OF_EVENT = "select starts_at from ticketing.events where id = %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPartitions:
    """A range of partitions of one job, both ends included; without ends, all of them.

    Attributes:
        what: The schedule of the reports, or `event`.
    """

    job_name: str
    what: str
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedBooks:
    """The rows that the demo has loaded.

    Attributes:
        new_count: Rows that the sources did not have.
        last_day: The last report day.
    """

    new_count: int
    last_day: date


def run_pipeline(settings: Settings, steps: Steps, today: date) -> None:
    """Load, land, build, seal and publish what is missing, up to the day before `today`."""
    loaded = steps.run(
        "load the sample rows",
        lambda: _load_books(settings, today),
        lambda done: f"{done.new_count} new rows in the sources; the last day is {done.last_day}",
    )
    with _quick_event_log(settings):
        _land(settings, steps, loaded)
        for partitions in _ranges_to_build(settings, today):
            _build(settings, steps, partitions)
        steps.run(
            "define reports",
            lambda: apply_starter_set(settings),
            lambda count: f"{count} definitions, the starter set of each organisation",
        )
        _publish(settings, steps, today)


def apply_starter_set(settings: Settings) -> int:
    """Apply the starter set for every organisation; return the number of definitions."""
    templates = read_folder(STARTER_SET)
    with warehouse_connection(settings.warehouse_url()) as connection:
        apply_templates(connection, templates, datetime.now(UTC))
        return len(definitions_of(connection))


def job_partitions(settings: Settings, today: date) -> Iterator[JobPartitions]:
    """The last days with sales of each organisation, their weeks and months, and all events.

    A week or month that is not over yet gives way to the one before.
    """
    with warehouse_connection(settings.warehouse_url()) as connection:
        days = [day for day in _last_days(connection) if day < today]
    weeks = {day - day.weekday() * _DAY for day in days}
    weeks = {week if week + 7 * _DAY <= today else week - 7 * _DAY for week in weeks}
    this_month = today.replace(day=1)
    months = {min(day.replace(day=1), _month_before(this_month)) for day in days}
    for first, end in day_ranges(days):
        yield _partitions("daily_build", "daily", first, end - _DAY)
    for week in sorted(weeks):
        yield _partitions("deliver_weekly_reports", "weekly", week, week)
    for month in sorted(months):
        yield _partitions("deliver_monthly_reports", "monthly", month, month)
    yield JobPartitions(job_name="deliver_event_reports", what="event")


def _partitions(job_name: str, what: str, first: date, last: date) -> JobPartitions:
    return JobPartitions(job_name=job_name, what=what, first=str(first), last=str(last))


def _month_before(month: date) -> date:
    return (month - _DAY).replace(day=1)


def _load_books(settings: Settings, today: date) -> LoadedBooks:
    owners = {domain: settings.source_admin_url(domain) for domain in DOMAINS}
    weeks = weeks_for(today, lambda event_id: _start_of(owners["ticketing"], event_id))
    place = settings.home / LATE_ROWS
    with tempfile.TemporaryDirectory(prefix="reporting-demo-") as folder:
        books = write_demo_books(Path(folder) / "books", weeks)
        loaded = [_load(settings, dump, owners) for dump in (books.season, books.organizer)]
        _keep(books, place)
    return LoadedBooks(new_count=sum(each.new_count for each in loaded), last_day=weeks.last_day)


def _load(settings: Settings, dump: Path, owners: Mapping[str, URL]) -> LoadResult:
    """Load a dump; the reading role of each domain gets its rights where it is another role."""
    readers = {domain: settings.source_url(domain).username for domain in DOMAINS}
    differing = {
        domain: reader
        for domain, reader in readers.items()
        if reader is not None and reader != owners[domain].username
    }
    return load_dump(dump, owners, differing)


def _keep(books: DemoBooks, place: Path) -> None:
    """Copy the rows that come late to the home, where the tour of the README finds them."""
    place.mkdir(parents=True, exist_ok=True)
    for path in books.late.iterdir():
        (place / path.name).write_bytes(path.read_bytes())


def _start_of(ticketing: URL, event_id: str) -> datetime | None:
    """The start of an event in the source; None if it is not there."""
    with psycopg.connect(conninfo(ticketing), connect_timeout=10) as connection:
        (table,) = connection.execute("select to_regclass('ticketing.events')").fetchone() or (
            None,
        )
        found = table and connection.execute(_START_OF_EVENT, (event_id,)).fetchone()
    return found[0] if found else None


def _land(settings: Settings, steps: Steps, loaded: LoadedBooks) -> None:
    if loaded.new_count:
        steps.run(
            "land what is new",
            lambda: _dagster().run_assets(settings, "daily_build", ["landing"]),
            lambda _: _landed(settings),
        )
    else:
        # For nothing new, the seconds that Dagster takes to load would be the longest part.
        steps.run(
            "land what is new",
            lambda: _land_without_dagster(settings),
            lambda landed: f"{landed.new_count} new rows",
        )


def _land_without_dagster(settings: Settings) -> LandingResult:
    return land_sources(
        {domain: settings.source_url(domain) for domain in DOMAINS},
        settings.warehouse_url(),
        listener=TouchedDays(),
        overlap_seconds=settings.landing_overlap_seconds,
        timeout_seconds=settings.source_timeout_seconds,
    )


def _ranges_to_build(settings: Settings, today: date) -> list[tuple[str, str]]:
    """The touched days before `today`, as ranges with both ends; small gaps are filled."""
    by_table = touched_days(settings.warehouse_url())
    ranges: list[tuple[date, date]] = []
    for day in sorted(set().union(*by_table.values())):
        if day >= today:
            break
        if ranges and (day - ranges[-1][1]).days <= _GAP_DAYS:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return [(first.isoformat(), last.isoformat()) for first, last in ranges]


def _build(settings: Settings, steps: Steps, partitions: tuple[str, str]) -> None:
    first, last = partitions
    steps.run(
        f"build {first} to {last}",
        lambda: _dagster().run_assets(settings, "daily_build", ["reports", "seals"], partitions),
        lambda run: (
            f"{run.check_count} checks: {run.warned_count} warn, {run.failed_count} fail; "
            "the days are sealed"
        ),
    )


def _publish(settings: Settings, steps: Steps, today: date) -> None:
    """Generate the reports that do not exist yet, and those that are out of date."""
    if _count_stale(settings):
        _generate(settings, steps, "restate reports", "restate_reports", None)
    partitions = list(job_partitions(settings, today))
    missing = [each for each in partitions if _has_missing(settings, each)]
    for each in missing:
        first, last = each.first, each.last
        if first is None or last is None:
            events = _dagster().ended_events(settings)
            first, last = events[0], events[-1]
        span = "" if each.first is None else f" of {each.first}"
        _generate(settings, steps, f"{each.what} reports{span}", each.job_name, (first, last))
    if not missing:
        steps.run("generate reports", lambda: None, lambda _: "every file is there already")


def _generate(
    settings: Settings,
    steps: Steps,
    title: str,
    job_name: str,
    partitions: tuple[str, str] | None,
) -> None:
    steps.run(
        title,
        lambda: _dagster().run_assets(settings, job_name, ["exports"], partitions).counts,
        _files_by_status,
    )


def _files_by_status(counts: Mapping[str, int]) -> str:
    found = Counter(counts)
    names = {"files ready": "ready_count", "held": "held_count", "failed": "failed_count"}
    return ", ".join(f"{found[count]} {name}" for name, count in names.items())


def _count_stale(settings: Settings) -> int:
    with warehouse_connection(settings.warehouse_url()) as connection:
        found = stale_reports(
            connection, first_day=date.min, delay_seconds=settings.final_delay_seconds
        )
    return len(found.due)


def _has_missing(settings: Settings, partitions: JobPartitions) -> bool:
    """True if a report is due for the partitions that was not generated yet."""
    with warehouse_connection(settings.warehouse_url()) as connection:
        due = _due(connection, partitions)
        return bool(ungenerated(connection, due, datetime.now(UTC)))


def _due(connection: Connection, partitions: JobPartitions) -> list[DueReport]:
    if partitions.what == "event":
        return _due_after(connection, partitions)
    first, last = (date.fromisoformat(str(end)) for end in (partitions.first, partitions.last))
    schedule = Schedule(partitions.what)
    if schedule is Schedule.WEEKLY:
        last += 6 * _DAY
    elif schedule is Schedule.MONTHLY:
        last = (last + 31 * _DAY).replace(day=1) - _DAY
    days = [first + offset * _DAY for offset in range(1, (last - first).days + 2)]
    return due_reports(connection, days, Selection(schedules=(schedule,)))


def _due_after(connection: Connection, partitions: JobPartitions) -> list[DueReport]:
    """The reports of a range of events, in the order of their ends; of all without a range."""
    events = events_due(connection)
    first = events.index(UUID(partitions.first)) if partitions.first else 0
    last = events.index(UUID(partitions.last)) if partitions.last else len(events) - 1
    selection = Selection(schedules=(Schedule.POST_EVENT,))
    return due_after_events(connection, events[first : last + 1], selection)


@contextmanager
def _quick_event_log(settings: Settings) -> Iterator[None]:
    """Write Dagster's event log without waiting for the disk while the demo runs.

    A year of days is thousands of events. A crash may lose the last of them; the demo can be run
    again. Rows of the warehouse are written as usual.
    """
    storage = settings.dagster_storage_url()
    quick = with_options(storage, "-csynchronous_commit=off")
    set_environment(
        {
            "REPORTING_DAGSTER_URL": address_text(quick),
            "DAGSTER_EVENT_BATCH_SIZE": "500",
        }
    )
    try:
        yield
    finally:
        set_environment({"REPORTING_DAGSTER_URL": address_text(storage)})


def _landed(settings: Settings) -> str:
    with warehouse_connection(settings.warehouse_url()) as connection:
        count = sum(
            count_rows(connection, "landing", f"{table.info['domain']}_{table.name}")
            for table in TABLES
        )
    return f"{count} rows of {len(TABLES)} tables are landed"


def count_rows(connection: Connection, schema: str, table: str) -> int:
    """Number of rows of a table."""
    query = sql.SQL("select count(*)::integer from {}").format(sql.Identifier(schema, table))
    (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


def _last_days(connection: Connection) -> list[date]:
    return [day for (day,) in connection.execute(_LAST_DAYS, (_DAYS_PER_ORGANIZATION,))]


def _dagster() -> ModuleType:
    """The code location; its import takes seconds."""
    return import_module("reporting_pipeline.orchestration.code_location")

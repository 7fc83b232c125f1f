"""`reporting demo`: runs the whole pipeline on the sample data, and shows the results."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import click
from psycopg import Connection, sql
from rich.console import Console
from rich.table import Table
from sqlalchemy import URL

from reporting_pipeline.building.build import day_ranges, known_days
from reporting_pipeline.catalogue.definition_store import apply_definitions, known_organizations
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_reports
from reporting_pipeline.cli.listing import plain
from reporting_pipeline.cli.servers import dagster_ui
from reporting_pipeline.cli.session import session
from reporting_pipeline.cli.setup import pango
from reporting_pipeline.embedded.supervisor import StopRequest
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.files import (
    STARTER_SET,
    for_organizations,
    read_folder,
)
from reporting_pipeline.samples.generator import generate_dump
from reporting_pipeline.samples.organizer import ORGANIZER
from reporting_pipeline.samples.season import SEASON
from reporting_pipeline.settings import Settings, set_environment
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.dump import LoadResult, load_dump
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection

T = TypeVar("T")

_DAY = timedelta(days=1)
# A PDF takes one or two seconds, and somebody watches the demo.
_DAYS_PER_ORGANIZATION = 1
_SHOWN_FIRST = "event-settlement"

_LAST_DAYS = """
    select distinct date
    from (
        select date, dense_rank() over (partition by organization_id order by date desc) as place
        from reporting.report_sales_daily
    ) as ranked
    where place <= %s
    order by date
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPartitions:
    """A range of partitions of one job, both ends included."""

    job_name: str
    first: str
    last: str


class Steps:
    """Prints the steps while they run, with the time and the result of each."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def run(self, title: str, work: Callable[[], T], outcome: Callable[[T], str]) -> T:
        """Run `work`, and print its result."""
        begun = time.monotonic()
        with self._console.status(f"{title} ..."):
            result = work()
        seconds = time.monotonic() - begun
        self._console.print(f"  {title:<32}{seconds:6.1f} s  {outcome(result)}", soft_wrap=True)
        return result


@click.command()
@click.option("--ui/--no-ui", default=True, help="Leave the Dagster UI running until Ctrl-C.")
@click.option("--port", default=3000, show_default=True, help="Port of the UI, if it is free.")
def demo(ui: bool, port: int) -> None:
    """Run the whole pipeline on the sample data.

    Loads the season and an organisation with everything into the sources, lands them, builds,
    checks and seals every report day, publishes reports of the last days and of all events, and
    leaves the Dagster UI running. Every run gives the same files.
    """
    _refuse_production_sources(Settings.from_environment())
    console = Console(highlight=False)
    steps = Steps(console)
    console.print("Three organisations and nine events, from the sources to the files:")
    with ExitStack() as stack:
        settings = steps.run(
            "start the servers",
            lambda: stack.enter_context(session()),
            lambda settings: f"state in {settings.home}",
        )
        _run_pipeline(settings, steps)
        _print_summary(settings, console)
        if ui:
            _show_ui(settings, port, console, stack)
        else:
            console.print("UI      [bold]make demo[/] leaves it running")


def apply_starter_set(settings: Settings) -> int:
    """Apply the starter set for every organisation; return the number of definitions."""
    templates = read_folder(STARTER_SET)
    with warehouse_connection(settings.warehouse_url()) as connection:
        declared = for_organizations(templates, known_organizations(connection))
        apply_definitions(connection, declared, datetime.now(UTC))
    return len(declared)


def job_partitions(settings: Settings, events: list[str]) -> Iterator[JobPartitions]:
    """The last days with sales of each organisation, their weeks and months, and all events."""
    with warehouse_connection(settings.warehouse_url()) as connection:
        days = _last_days(connection)
    weeks = sorted({day - day.weekday() * _DAY for day in days})
    months = sorted({day.replace(day=1) for day in days})
    for first, end in day_ranges(days):
        yield JobPartitions(job_name="daily_build", first=str(first), last=str(end - _DAY))
    for week in weeks:
        yield JobPartitions(job_name="deliver_weekly_reports", first=str(week), last=str(week))
    for month in months:
        yield JobPartitions(job_name="deliver_monthly_reports", first=str(month), last=str(month))
    if events:
        yield JobPartitions(job_name="deliver_event_reports", first=events[0], last=events[-1])


def _refuse_production_sources(settings: Settings) -> None:
    """Raise an error if a source is set for reading only: the demo loads rows into the sources."""
    for domain in DOMAINS:
        reading = getattr(settings, f"source_{domain}_url")
        owning = getattr(settings, f"source_{domain}_admin_url")
        if reading is not None and owning is None:
            name = f"REPORTING_SOURCE_{domain.upper()}"
            message = (
                f"the demo loads its rows into the sources, and {name}_URL is set: unset it, "
                f"or set {name}_ADMIN_URL too if they may be loaded there"
            )
            raise SettingsError(message)


def _run_pipeline(settings: Settings, steps: Steps) -> None:
    steps.run(
        "load the season",
        lambda: load_dump(SEASON, _owners(settings), _readers(settings)),
        lambda loaded: f"{loaded.new_count} new rows in the sources",
    )
    steps.run(
        "load Lindenhof Konzerte",
        lambda: _load_organizer(settings),
        lambda loaded: f"{loaded.new_count} new rows, generated from a seed",
    )
    # Imported here because it takes seconds; the first steps are visible before that.
    code_location = steps.run(
        "load Dagster",
        lambda: import_module("reporting_pipeline.orchestration.code_location"),
        lambda _: "assets, checks, jobs",
    )
    with _quick_event_log(settings):
        steps.run(
            "land what is new",
            lambda: code_location.run_assets(settings, "daily_build", ["landing"]),
            lambda _: _landed(settings),
        )
        days = known_days(settings.warehouse_url())
        built = (days[0].isoformat(), days[-1].isoformat())
        steps.run(
            f"build {built[0]} to {built[1]}",
            lambda: code_location.run_assets(settings, "daily_build", ["reports", "seals"], built),
            lambda run: (
                f"{run.check_count} checks: {run.warned_count} warn, {run.failed_count} fail; "
                "the days are sealed"
            ),
        )
        steps.run(
            "define reports",
            lambda: apply_starter_set(settings),
            lambda count: f"{count} definitions, the starter set of each organisation",
        )
        steps.run(
            "generate reports",
            lambda: _generate(settings, code_location),
            lambda counts: ", ".join(f"{count} {name}" for name, count in counts.items()),
        )


def _load_organizer(settings: Settings) -> LoadResult:
    with tempfile.TemporaryDirectory() as folder:
        dump = generate_dump(ORGANIZER, Path(folder) / "organizer")
        return load_dump(dump, _owners(settings), _readers(settings))


def _generate(settings: Settings, code_location: ModuleType) -> dict[str, int]:
    """Run the jobs that publish reports; return the number of files by status."""
    counts: Counter[str] = Counter()
    for each in job_partitions(settings, code_location.ended_events()):
        partitions = (each.first, each.last)
        counts.update(
            code_location.run_assets(settings, each.job_name, ["exports"], partitions).counts
        )
    return {
        "files ready": counts["ready_count"],
        "held": counts["held_count"],
        "failed": counts["failed_count"],
    }


@contextmanager
def _quick_event_log(settings: Settings) -> Iterator[None]:
    """Write Dagster's event log without waiting for the disk while the demo runs.

    A year of days is thousands of events. A crash may lose the last of them; the demo can be run
    again. Rows of the warehouse are written as usual.
    """
    storage = settings.dagster_storage_url()
    options = f"{storage.query.get('options', '')} -csynchronous_commit=off"
    quick = storage.update_query_dict({"options": options})
    set_environment(
        {
            "REPORTING_DAGSTER_URL": quick.render_as_string(hide_password=False),
            "DAGSTER_EVENT_BATCH_SIZE": "500",
        }
    )
    try:
        yield
    finally:
        set_environment({"REPORTING_DAGSTER_URL": storage.render_as_string(hide_password=False)})


def _owners(settings: Settings) -> dict[str, URL]:
    return {domain: settings.source_admin_url(domain) for domain in DOMAINS}


def _readers(settings: Settings) -> dict[str, str]:
    """The reading role of each domain where it differs from the owner."""
    owners = _owners(settings)
    readers = {domain: settings.source_url(domain).username for domain in DOMAINS}
    return {
        domain: reader
        for domain, reader in readers.items()
        if reader is not None and reader != owners[domain].username
    }


def _landed(settings: Settings) -> str:
    with warehouse_connection(settings.warehouse_url()) as connection:
        count = sum(
            _count(connection, "landing", f"{table.info['domain']}_{table.name}")
            for table in TABLES
        )
    return f"{count} rows of {len(TABLES)} tables are landed"


def _print_summary(settings: Settings, console: Console) -> None:
    rows = Table("report table", "rows", box=None, padding=(0, 2, 0, 0))
    with warehouse_connection(settings.warehouse_url()) as connection:
        for table in REPORT_TABLES:
            rows.add_row(table.name, str(_count(connection, "reporting", table.name)))
        breaks = connection.execute(
            "select kind, count(*) from reporting.report_reconciliation_breaks"
            " group by kind order by kind"
        ).fetchall()
    console.print()
    console.print(rows)
    console.print()
    console.print(f"breaks  {', '.join(f'{kind} {count}' for kind, count in breaks) or 'none'}")
    _print_reports(settings, console)
    found = pango()
    if not found.is_ok:
        console.print(f"PDF     needs Pango: {found.remedy}", soft_wrap=True)


def _count(connection: Connection, schema: str, table: str) -> int:
    query = sql.SQL("select count(*)::integer from {}").format(sql.Identifier(schema, table))
    (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


def _print_reports(settings: Settings, console: Console) -> None:
    """Print the number of files, the place of one, and how to verify it."""
    store = open_store(settings.store_address())
    with warehouse_connection(settings.warehouse_url()) as connection:
        files = [each for each in generated_reports(connection) if each.storage_path is not None]
    console.print(f"files   {len(files)} report files in {store.address}", soft_wrap=True)
    shown = _shown(files)
    if shown is None or shown.storage_path is None:
        return
    location = store.location(shown.storage_path)
    console.print("look    ", plain(location), end="", soft_wrap=True)
    console.print()
    console.print(
        "prove   [bold]reporting verify[/] FILE, offline: its rows, totals and bytes; or "
        "[bold]reporting reports[/]: all files",
        soft_wrap=True,
    )


def _last_days(connection: Connection) -> list[date]:
    return [day for (day,) in connection.execute(_LAST_DAYS, (_DAYS_PER_ORGANIZATION,))]


def _shown(files: list[GeneratedReport]) -> GeneratedReport | None:
    """The settlement with the most rows, as PDF if there is one; otherwise any file."""
    best = [each for each in files if each.slug == _SHOWN_FIRST]
    as_pdf = [each for each in best if each.format == ReportFormat.PDF]
    return max(as_pdf or best or files, key=lambda each: each.row_count or 0, default=None)


def _show_ui(settings: Settings, port: int, console: Console, stack: ExitStack) -> None:
    stop_request = StopRequest()
    # The sample data is over, so the sensors need to look at one day only.
    set_environment({"REPORTING_REPORT_HORIZON_DAYS": "1"})
    console.print()
    running = Steps(console).run(
        "start the Dagster UI",
        lambda: stack.enter_context(dagster_ui(settings, port)),
        lambda started: started.address,
    )
    console.print("\nCtrl-C stops the UI and the servers.")
    running.watch(stop_request.is_asked)

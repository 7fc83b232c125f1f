"""`reporting demo`: the whole pipeline on the bundled season, and what came of it.

What belongs here: the order of the steps and what a person reads. What does not: any step.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from types import ModuleType
from typing import TypeVar

import click
from psycopg import Connection, sql
from rich.console import Console
from rich.table import Table
from sqlalchemy import URL

from reporting_pipeline.building.build import known_days
from reporting_pipeline.cli.demo_reports import apply_starter_set, deliveries, tell_reports
from reporting_pipeline.cli.doctor import pango
from reporting_pipeline.cli.session import session
from reporting_pipeline.cli.ui import dagster_ui
from reporting_pipeline.embedded.supervisor import StopRequest
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.samples.season import SEASON
from reporting_pipeline.settings import Settings, set_environment
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import warehouse_connection

T = TypeVar("T")


class Steps:
    """Steps, shown while they run and with what came of each."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def run(self, title: str, work: Callable[[], T], outcome: Callable[[T], str]) -> T:
        """Do `work` and say what came of it."""
        begun = time.monotonic()
        with self._console.status(f"{title} ..."):
            result = work()
        seconds = time.monotonic() - begun
        self._console.print(f"  {title:<32}{seconds:6.1f} s  {outcome(result)}", soft_wrap=True)
        return result


@click.command()
@click.option("--ui/--no-ui", default=True, help="Leave the Dagster UI running until Ctrl-C.")
@click.option("--port", default=3000, show_default=True, help="The UI's port, if it is free.")
def demo(ui: bool, port: int) -> None:
    """Run the whole pipeline on the bundled season.

    Loads the season into the sources, lands it, builds, checks and seals every report day,
    generates reports of its last days and of its events, and leaves the Dagster UI running. Run
    again, it gives the same.
    """
    _refuse_somebody_elses_sources(Settings.from_environment())
    console = Console(highlight=False)
    steps = Steps(console)
    console.print("The season of three events, from the sources to the files:")
    with ExitStack() as stack:
        settings = steps.run(
            "start the servers",
            lambda: stack.enter_context(session()),
            lambda settings: f"state in {settings.home}",
        )
        _run_pipeline(settings, steps)
        _summarise(settings, console)
        if ui:
            _show_ui(settings, port, console, stack)
        else:
            console.print("UI      [bold]make demo[/] leaves it running")


def _refuse_somebody_elses_sources(settings: Settings) -> None:
    """The demo fills the sources: never a production database that was set for reading."""
    for domain in DOMAINS:
        reading = getattr(settings, f"source_{domain}_url")
        owning = getattr(settings, f"source_{domain}_admin_url")
        if reading is not None and owning is None:
            name = f"REPORTING_SOURCE_{domain.upper()}"
            message = (
                f"the demo loads its season into the sources, and {name}_URL leads to a source of "
                f"yours: unset it, or set {name}_ADMIN_URL too if the season may be loaded there"
            )
            raise SettingsError(message)


def _run_pipeline(settings: Settings, steps: Steps) -> None:
    steps.run(
        "load the season",
        lambda: load_dump(SEASON, _owners(settings), _readers(settings)),
        lambda loaded: f"{loaded.new_count} new rows in four sources",
    )
    # Imported here: it takes seconds, in which the person already sees the first steps.
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


def _generate(settings: Settings, code_location: ModuleType) -> dict[str, int]:
    """Run the jobs that deliver reports; how many files became what."""
    counts: Counter[str] = Counter()
    for each in deliveries(settings, code_location.ended_events()):
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
    """Let Dagster's event log not wait for the disk, event by event, while the demo runs.

    A year of days is thousands of events; a crash would lose the last of them and the demo is run
    again. Rows of the warehouse wait as ever.
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
    """Domain -> the role that reads it, where that is another than its owner."""
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


def _summarise(settings: Settings, console: Console) -> None:
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
    tell_reports(settings, console)
    found = pango()
    if not found.is_well:
        console.print(f"PDF     needs Pango: {found.remedy}", soft_wrap=True)


def _count(connection: Connection, schema: str, table: str) -> int:
    query = sql.SQL("select count(*)::integer from {}").format(sql.Identifier(schema, table))
    (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


def _show_ui(settings: Settings, port: int, console: Console, stack: ExitStack) -> None:
    stop_request = StopRequest()
    # The season is over: of the sensors' calendar, yesterday is enough to see them work.
    set_environment({"REPORTING_REPORT_HORIZON_DAYS": "1"})
    console.print()
    running = Steps(console).run(
        "start the Dagster UI",
        lambda: stack.enter_context(dagster_ui(settings, port)),
        lambda started: started.address,
    )
    console.print("\nCtrl-C stops the UI and the servers.")
    running.watch(stop_request.is_asked)

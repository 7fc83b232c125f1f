"""`reporting demo`: runs the whole pipeline on the sample data, and shows the results."""

import atexit
import os
import shlex
import shutil
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from reporting_pipeline.catalogue.directory import known_organizations
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_reports
from reporting_pipeline.checks.breaks import open_breaks
from reporting_pipeline.cli.demo_pipeline import count_rows, run_pipeline
from reporting_pipeline.cli.parameters import WholeNumber
from reporting_pipeline.cli.servers import require_dagster_home
from reporting_pipeline.cli.session import session_with_attachment
from reporting_pipeline.cli.setup import pango
from reporting_pipeline.cli.steps import Steps
from reporting_pipeline.cli.ui import ui_command
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.serving.api.local_keys import LocalKey
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.settings import Settings, child_environment
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection

_SHOWN_FIRST = "event-settlement"
_HOME_NAME = ".reporting"


@click.command()
@click.option("--ui/--no-ui", default=True, help="Leave the Dagster UI running until Ctrl-C.")
@click.option(
    "--port",
    type=WholeNumber(1, 65535),
    default=3000,
    show_default=True,
    help="Port of the UI, if it is free.",
)
def demo(ui: bool, port: int) -> None:
    """Run the whole pipeline on the sample data.

    Loads the season and an organisation with everything into the sources, lands them, builds,
    checks and seals every report day, publishes reports of the last days and of all events, and
    leaves the Dagster UI running. The days end in the last week; one order waits to be found that
    was sold and not charged. Every run on a day gives the same files, and does what is missing.
    """
    _refuse_production_sources(Settings.from_environment())
    console = Console(highlight=False)
    steps = Steps(console)
    console.print("Three organisations and nine events, from the sources to the files:")
    with ExitStack() as stack:
        settings, attachment = steps.run(
            "start the servers",
            lambda: stack.enter_context(session_with_attachment()),
            lambda entered: f"state in {entered[0].home}",
        )
        require_dagster_home()
        run_pipeline(settings, steps, datetime.now(UTC).date())
        _print_summary(settings, console)
        if ui:
            _print_tokens(settings, console)
            console.print()
            if attachment is not None:
                attachment.hand_over()
            _become(ui_command(settings.home, port), _ui_environment())
        console.print("UI      [bold]make demo[/] leaves it running")


def shown_command(settings: Settings, *arguments: str) -> str:
    """A `reporting` command that works as it is when it is pasted into this shell.

    The program is named with its path where the shell does not find it, and REPORTING_HOME is set
    where it is not the default.
    """
    program = Path(sys.executable).with_name("reporting")
    found = shutil.which("reporting")
    if found is not None and Path(found).resolve() == program.resolve():
        name = "reporting"
    elif program.is_relative_to(Path.cwd()):
        name = str(program.relative_to(Path.cwd()))
    else:
        name = str(program)
    is_default = settings.home == Path.cwd() / _HOME_NAME
    words = [] if is_default else [f"REPORTING_HOME={shlex.quote(str(settings.home))}"]
    return " ".join([*words, shlex.join([name, *arguments])])


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


def _print_summary(settings: Settings, console: Console) -> None:
    rows = Table("report table", "rows", box=None, padding=(0, 2, 0, 0))
    with warehouse_connection(settings.warehouse_url()) as connection:
        for table in REPORT_TABLES:
            rows.add_row(table.name, str(count_rows(connection, "reporting", table.name)))
        breaks = connection.execute(
            "select kind, count(*) from reporting.report_reconciliation_breaks"
            " group by kind order by kind"
        ).fetchall()
        files = generated_reports(connection)
        planted = [each for each in open_breaks(connection) if each.kind == "missing_in_ledger"]
    console.print()
    console.print(rows)
    console.print()
    console.print(f"breaks  {', '.join(f'{kind} {count}' for kind, count in breaks) or 'none'}")
    _print_reports(settings, console, [each for each in files if each.storage_path is not None])
    held = sum(each.status == "held" for each in files)
    if planted:
        _say(console, "find", f"an order was sold and not charged, which holds {held} files:")
        _say(console, "", shown_command(settings, "breaks"))
        _say(console, "", "README.md, A tour, goes on from there")
    found = pango()
    if not found.is_ok:
        console.print(f"PDF     needs Pango: {found.remedy}", soft_wrap=True)


def _print_tokens(settings: Settings, console: Console) -> None:
    """Print a token of the HTTP API for each role, of the organisation that has the break."""
    if settings.requires_issuer():
        return
    with warehouse_connection(settings.warehouse_url()) as connection:
        named = [each.organization_id for each in open_breaks(connection)]
        found = named[:1] or [each.id for each in known_organizations(connection)[:1]]
        [organization_id] = found
        name = organization_names(connection)[organization_id]
    key, now = LocalKey.of_home(settings.home), datetime.now(UTC)
    console.print()
    _say(console, "API", f"tokens of {name}, {organization_id}, for a day:")
    for role in Role:
        token = key.token(
            settings.api_audience,
            role,
            subject=f"demo-{role}",
            organization_id=organization_id,
            now=now,
            lifetime=timedelta(days=1),
        )
        _say(console, "", f"{role:<8}  {token}")


def _print_reports(settings: Settings, console: Console, files: list[GeneratedReport]) -> None:
    """Print the number of files, the place of one, and the command that verifies it."""
    store = open_store(settings.store_address())
    console.print(f"files   {len(files)} report files in {store.address}", soft_wrap=True)
    shown = _shown(files)
    if shown is None or shown.storage_path is None:
        return
    location = store.location(shown.storage_path)
    _say(console, "look", location)
    _say(console, "prove", shown_command(settings, "verify", location))
    _say(console, "list", shown_command(settings, "reports"))


def _say(console: Console, title: str, text: str) -> None:
    """Print a line whose text a person can copy as it is."""
    console.print(f"{title:<8}", end="")
    console.out(text, highlight=False)


def _shown(files: list[GeneratedReport]) -> GeneratedReport | None:
    """The settlement with the most rows, as PDF if there is one; otherwise any file."""
    best = [each for each in files if each.slug == _SHOWN_FIRST]
    as_pdf = [each for each in best if each.format == ReportFormat.PDF]
    return max(as_pdf or best or files, key=lambda each: each.row_count or 0, default=None)


def _ui_environment() -> dict[str, str]:
    """The environment of the UI's programs."""
    # The demo has published what it shows, so the sensors need to look at one day only.
    return child_environment({"REPORTING_REPORT_HORIZON_DAYS": "1"})


def _become(argv: list[str], environment: dict[str, str]) -> None:
    """Replace this process by a program, after everything that its normal end would do."""
    sys.stdout.flush()
    # dbt leaves semaphores that only the end of its process removes.
    atexit._run_exitfuncs()  # noqa: SLF001 - the only way to do this before exec
    os.execve(argv[0], argv, environment)  # noqa: S606 - no shell wanted

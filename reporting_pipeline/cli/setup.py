"""`reporting doctor`, `init` and `migrate`: prepares machine, project folder and warehouse."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from reporting_pipeline import project_file
from reporting_pipeline.addresses import place
from reporting_pipeline.alerts.channels import open_channels
from reporting_pipeline.building.engines.engine import engine_of
from reporting_pipeline.building.relations import migrate as migrate_warehouse
from reporting_pipeline.catalogue.coverage import uncovered_organizations
from reporting_pipeline.cli.addresses import Finding, attempt, nearest, touch_addresses
from reporting_pipeline.cli.listing import say
from reporting_pipeline.cli.parameters import NEW_FOLDER
from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.postgres import PostgresInstall
from reporting_pipeline.embedded.valkey import find_valkey
from reporting_pipeline.errors import EnvironmentNotReady, ReportingError
from reporting_pipeline.exports.pdf.pango import how_to_install, missing_libraries
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.landing.rotation import Walk, oldest_turn
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.zone_comparison import (
    ZoneDifference,
    compare_zones_in_use,
    compare_zones_of_files,
)

_OLDEST_PYTHON = (3, 11)
_FIRST_UNTRIED_PYTHON = (3, 14)
_OLDEST_TURNS = {Walk.CLOCKS: timedelta(days=1), Walk.ROWS: timedelta(days=31)}
_REMEDIES_OF_TURNS = {
    Walk.CLOCKS: "let `reporting land` run every ten minutes, or run `reporting land --all-rows`",
    Walk.ROWS: "raise REPORTING_COMPARED_ROWS, or run `reporting sources compare`",
}
_MIN_DISK_BYTES = 2_000_000_000

_EXAMPLES = "docs/examples"
_ENVIRONMENT = "reporting.env"
_ENVIRONMENT_HEADER = """\
# The environment of every program, for systemd's EnvironmentFile= or `set -a; . ./reporting.env`.
# It will hold passwords: keep its mode 0600. Remove the # before each variable that you set.
# docs/settings.md lists all other settings.
"""


@click.command()
@click.argument("directory", metavar="DIR", type=NEW_FOLDER)
def init(directory: Path) -> None:
    """Write the files of a production project into DIR.

    Writes dagster.yaml (DIR becomes DAGSTER_HOME), workspace.yaml for one shared code server, and
    reporting.env with every address variable, commented out. Overwrites nothing: if one of the
    files exists, no file is written.
    """
    contents = _project_files(directory.absolute())
    existing = [name for name in contents if (directory / name).exists()]
    if existing:
        message = (
            f"{directory} already has {', '.join(existing)}; nothing was written: choose another "
            "folder, or move these files away"
        )
        raise EnvironmentNotReady(message)
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        with _created(directory / name) as file:
            file.write(text)
        say(f"wrote {directory / name}")
    say(
        f"Next: fill in {_ENVIRONMENT}, load it (set -a; . ./{_ENVIRONMENT}; set +a), then run "
        "reporting doctor, reporting migrate and reporting sources check."
    )


def _project_files(home: Path) -> dict[str, str]:
    """The text of each file by name."""
    return {
        "dagster.yaml": project_file("dagster.yaml").read_text("utf-8"),
        "workspace.yaml": project_file(f"{_EXAMPLES}/workspace.yaml").read_text("utf-8"),
        _ENVIRONMENT: _environment_text(home),
    }


def _environment_text(home: Path) -> str:
    """Every address variable with its description, commented out, with an example value."""
    example = project_file(f"{_EXAMPLES}/{_ENVIRONMENT}").read_text("utf-8")
    values = dict(line.split("=", 1) for line in example.splitlines() if line[:1].isupper())
    lines = [_ENVIRONMENT_HEADER, f"DAGSTER_HOME={home}", f"REPORTING_HOME={home}"]
    for field, info in Settings.model_fields.items():
        name = f"REPORTING_{field.upper()}"
        if field.endswith("_url") or (name in values and field != "home"):
            lines += ["", f"# {info.description}", f"# {name}={values.get(name, '')}"]
    credentials = [name for name in values if name.startswith("AWS_")]
    lines += ["", "# Region and credentials of the buckets."]
    lines += [f"# {name}={values[name]}" for name in credentials]
    return "\n".join(lines) + "\n"


def _created(path: Path) -> TextIO:
    """A new file, which only its owner may read: the environment will hold passwords."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


@click.command()
def migrate() -> None:
    """Bring the schema, report tables and views of the warehouse to this version.

    Every other command does the same when it starts, so this one is for an upgrade: it prints what
    it did before any program starts. It does nothing if the warehouse already has this version.
    """
    with session(is_migrated=False) as settings:
        url = settings.warehouse_url()
        former = schema.found_version(url)
        is_changed = migrate_warehouse(url)
        current = schema.found_version(url)
    warehouse = f"the warehouse at {place(url)}"
    if former != current:
        say(f"{warehouse}: schema version {former or 'none'} -> {current}")
    elif is_changed:
        say(f"{warehouse}: schema version {current}; report tables and views are updated")
    else:
        say(f"{warehouse} already has schema version {current}")


@click.command()
def doctor() -> None:
    """Show what this machine lacks and which address is wrong, and how to mend it.

    Connects to every address that is set; a small object is written to the store, read and deleted.
    The exit code is 1 if something is missing that every command needs, or if no report is defined
    for an organisation. Pango, for PDF files, and free space on the disk are optional.
    """
    findings = list(examine(Settings.from_environment()))
    for each in findings:
        say(f"{each.verdict:<9}{each.thing:<12} {each.found}")
        if not each.is_ok and each.remedy is not None:
            say(f"{'':<22}to fix it: {each.remedy}")
    if any(each.verdict == "MISSING" for each in findings):
        raise click.exceptions.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """The state of everything that a command may need; changes nothing."""
    yield _python()
    if settings.database_url is not None:
        yield from touch_addresses(settings)
        yield from _definitions(settings)
        yield from _comparison(settings)
        yield from _zones(partial(_zones_of_warehouse, settings))
    else:
        yield attempt("account", lambda: server_account().name)
        yield attempt("PostgreSQL", lambda: _postgres(settings))
        yield attempt("Valkey", lambda: str(find_valkey()))
        yield _home(settings.home.absolute())
        yield from touch_addresses(settings)
        yield from _zones(partial(_zones_of_programs, settings))
    if settings.alert_channels is not None:
        yield attempt("channels", lambda: _channels(settings))
    if settings.signing_key is not None:
        yield attempt("signing key", lambda: _signing_key(settings))
    yield _disk(settings.home.absolute())
    if (engine := engine_of(settings.engine, settings.engine_folder)) is not None:
        yield attempt("engine", engine.require)
    yield pango()


def pango() -> Finding:
    """The state of the libraries that write PDF files."""
    missing = missing_libraries()
    if not missing:
        return Finding(thing="Pango", found="all libraries", is_required=False)
    return Finding(
        thing="Pango",
        found=f"PDF files cannot be written without {', '.join(missing)}",
        is_ok=False,
        remedy=how_to_install(),
        is_required=False,
    )


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    fits = _OLDEST_PYTHON <= sys.version_info[:2] < _FIRST_UNTRIED_PYTHON
    return Finding(
        thing="Python",
        found=f"{found} in {sys.prefix}",
        is_ok=fits,
        remedy="create the virtual environment with Python 3.11, 3.12 or 3.13",
    )


def _postgres(settings: Settings) -> str:
    install = PostgresInstall.find(settings.pg_bindir)
    return f"{install.major} in {install.bin}"


def _definitions(settings: Settings) -> Iterator[Finding]:
    """The organisations of which no report is expected; nothing about a warehouse that is new."""
    try:
        if not schema.is_current(settings.warehouse_url()):
            return
        with warehouse_connection(settings.warehouse_url()) as connection:
            uncovered = uncovered_organizations(connection)
    except ReportingError:
        return  # the line of the warehouse says it
    rest = f"; {len(uncovered) - 1} more are listed by `reporting due`" if uncovered[1:] else ""
    yield Finding(
        thing="definitions",
        found="; ".join(map(str, uncovered[:1])) + rest
        or "every organisation has an active report definition",
        is_ok=not uncovered,
        remedy="reporting definitions apply",
    )


def _comparison(settings: Settings) -> Iterator[Finding]:
    """How old the last full comparison with the sources is; nothing before the first landing."""
    try:
        if not schema.is_current(settings.warehouse_url()):
            return
        with warehouse_connection(settings.warehouse_url()) as connection:
            turns = [(walk, oldest_turn(connection, walk)) for walk in Walk]
    except ReportingError:
        return  # the line of the warehouse says it
    for walk, oldest in turns:
        if oldest is not None:
            table, ended_at = oldest
            last = "never" if ended_at is None else f"{ended_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            yield Finding(
                thing="comparison",
                found=f"all {walk} of {table} were last compared with its source: {last}",
                is_ok=ended_at is not None and datetime.now(UTC) - ended_at < _OLDEST_TURNS[walk],
                is_required=False,
                remedy=_REMEDIES_OF_TURNS[walk],
            )


def _zones(compare: Callable[[], tuple[int, list[ZoneDifference]]]) -> Iterator[Finding]:
    """Compares the rules of PostgreSQL and Python; no finding if no zone can be compared."""
    try:
        count, differences = compare()
    except ReportingError:
        return  # another finding says it
    if count:
        yield Finding(
            thing="time zones",
            found="; ".join(map(str, differences)) or f"{count} are the same in Python",
            is_ok=not differences,
            is_required=False,
            remedy="update the older of the two: report days and local times follow PostgreSQL",
        )


def _zones_of_warehouse(settings: Settings) -> tuple[int, list[ZoneDifference]]:
    with warehouse_connection(settings.warehouse_url()) as connection:
        return compare_zones_in_use(connection)


def _zones_of_programs(settings: Settings) -> tuple[int, list[ZoneDifference]]:
    install = PostgresInstall.find(settings.pg_bindir)
    return compare_zones_of_files(install.bin.parent / "share" / "timezone", datetime.now(UTC))


def _signing_key(settings: Settings) -> str:
    pem = settings.signing_key_pem()
    return "empty" if pem is None else f"id {Signer.of_pem(pem).public_key.id}"


def _channels(settings: Settings) -> str:
    channels = open_channels(settings.alert_channel_urls(), settings.alert_secret())
    return ", ".join(each.name for each in channels) or "none"


def _home(home: Path) -> Finding:
    place = nearest(home)
    return Finding(
        thing="home",
        found=f"{home}, not created yet" if place != home else str(home),
        is_ok=os.access(place, os.W_OK | os.X_OK),
        remedy="set REPORTING_HOME to a folder that you may write to",
    )


def _disk(home: Path) -> Finding:
    place = nearest(home)
    free_bytes = shutil.disk_usage(place).free
    return Finding(
        thing="disk",
        found=f"{free_bytes / 1e9:.1f} GB free at {place}",
        is_ok=free_bytes >= _MIN_DISK_BYTES,
        is_required=False,
        remedy="set REPORTING_HOME to a folder on a disk with 2 GB free",
    )

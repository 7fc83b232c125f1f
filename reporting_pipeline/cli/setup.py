"""`reporting doctor`, `init` and `migrate`: prepares machine, project folder and warehouse."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from reporting_pipeline import project_file
from reporting_pipeline.alerts.channels import open_channels
from reporting_pipeline.building.relations import migrate as migrate_warehouse
from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.postgres import PostgresInstall
from reporting_pipeline.embedded.valkey import find_valkey
from reporting_pipeline.errors import EnvironmentNotReady, ReportingError
from reporting_pipeline.exports.pdf.pango import how_to_install, missing_libraries
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import warehouse_connection

_OLDEST_PYTHON = (3, 11)
_FIRST_UNTRIED_PYTHON = (3, 14)
_MIN_DISK_BYTES = 2_000_000_000

_EXAMPLES = "docs/examples"
_ENVIRONMENT = "reporting.env"
_ENVIRONMENT_HEADER = """\
# The environment of every program, for systemd's EnvironmentFile= or `set -a; . ./reporting.env`.
# It will hold passwords: keep its mode 0600. Remove the # before each variable that you set.
# docs/settings.md lists all other settings.
"""


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
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
        click.echo(f"wrote {directory / name}")
    click.echo(
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
    place = f"the warehouse {url.database} at {url.host}"
    if former != current:
        click.echo(f"{place}: schema version {former or 'none'} -> {current}")
    elif is_changed:
        click.echo(f"{place}: schema version {current}; report tables and views are updated")
    else:
        click.echo(f"{place} already has schema version {current}")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The state of one thing that commands need; `remedy` says how to install or change it."""

    thing: str
    found: str
    is_ok: bool = True
    is_required: bool = True
    remedy: str | None = None

    @property
    def verdict(self) -> str:
        """The first word of its line."""
        if self.is_ok:
            return "ok"
        return "MISSING" if self.is_required else "optional"


@click.command()
def doctor() -> None:
    """Show what this machine lacks, and how to install it.

    The exit code is 1 if something is missing that every command needs. Pango, for PDF files, and
    free space on the disk are optional.
    """
    findings = list(examine(Settings.from_environment()))
    for each in findings:
        click.echo(f"{each.verdict:<9}{each.thing:<12} {each.found}")
        if not each.is_ok and each.remedy is not None:
            click.echo(f"{'':<22}to fix it: {each.remedy}")
    if any(each.verdict == "MISSING" for each in findings):
        raise click.exceptions.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """The state of everything that a command of this project may need; changes nothing."""
    yield _python()
    if settings.database_url is not None:
        yield _warehouse(settings)
    else:
        yield _attempt("account", lambda: server_account().name)
        yield _attempt("PostgreSQL", lambda: _postgres(settings))
        yield _attempt("Valkey", lambda: str(find_valkey()))
        yield _home(settings.home.absolute())
    if settings.alert_channels is not None:
        yield _attempt("channels", lambda: _channels(settings))
    yield _disk(settings.home.absolute())
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


def _warehouse(settings: Settings) -> Finding:
    def version() -> str:
        with warehouse_connection(settings.warehouse_url()) as connection:
            return f"PostgreSQL {connection.info.server_version // 10_000} answers"

    return _attempt("warehouse", version)


def _channels(settings: Settings) -> str:
    channels = open_channels(settings.alert_channel_urls(), settings.alert_secret())
    return ", ".join(each.name for each in channels) or "none"


def _attempt(thing: str, look: Callable[[], str]) -> Finding:
    """The result of `look`; the message of an expected error says how to fix it."""
    try:
        return Finding(thing=thing, found=look())
    except ReportingError as error:
        return Finding(thing=thing, found=" ".join(error.message.split()), is_ok=False)


def _home(home: Path) -> Finding:
    place = _nearest(home)
    return Finding(
        thing="home",
        found=f"{home}, not created yet" if place != home else str(home),
        is_ok=os.access(place, os.W_OK | os.X_OK),
        remedy="set REPORTING_HOME to a folder that you may write to",
    )


def _disk(home: Path) -> Finding:
    place = _nearest(home)
    free_bytes = shutil.disk_usage(place).free
    return Finding(
        thing="disk",
        found=f"{free_bytes / 1e9:.1f} GB free at {place}",
        is_ok=free_bytes >= _MIN_DISK_BYTES,
        is_required=False,
        remedy="set REPORTING_HOME to a folder on a disk with 2 GB free",
    )


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest folder above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())

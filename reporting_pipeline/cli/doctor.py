"""`reporting doctor`: what this machine lacks, and the command that mends it.

What belongs here: looking at the machine. What does not: mending it.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reporting_pipeline.alerts.channels import open_channels
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.postgres import PostgresInstall
from reporting_pipeline.embedded.valkey import find_valkey
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.exports.pdf.pango import how_to_install, missing_libraries
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection

_OLDEST_PYTHON = (3, 11)
_FIRST_UNTRIED_PYTHON = (3, 14)
_DISK_WANTED_BYTES = 2_000_000_000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one thing; `remedy` where a short one exists."""

    thing: str
    found: str
    is_well: bool = True
    is_required: bool = True
    remedy: str | None = None

    @property
    def verdict(self) -> str:
        """One word for the report."""
        if self.is_well:
            return "ok"
        return "MISSING" if self.is_required else "wanted"


@click.command()
def doctor() -> None:
    """Say what this machine lacks, and what mends it.

    Ends with code 1 if something is missing without which nothing works; what is only wanted (Pango
    for PDF, room on the disk) does not count.
    """
    findings = list(examine(Settings.from_environment()))
    for each in findings:
        click.echo(f"{each.verdict:<8} {each.thing:<12} {each.found}")
        if not each.is_well and each.remedy is not None:
            click.echo(f"{'':<21} mend it: {each.remedy}")
    if any(each.verdict == "MISSING" for each in findings):
        raise click.exceptions.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that a command of this project may need."""
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
    """Whether the libraries that write PDF files are here."""
    missing = missing_libraries()
    if not missing:
        return Finding(thing="Pango", found="all libraries", is_required=False)
    return Finding(
        thing="Pango",
        found=f"PDF files cannot be written without {', '.join(missing)}",
        is_well=False,
        remedy=how_to_install(),
        is_required=False,
    )


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    fits = _OLDEST_PYTHON <= sys.version_info[:2] < _FIRST_UNTRIED_PYTHON
    return Finding(
        thing="Python",
        found=f"{found} in {sys.prefix}",
        is_well=fits,
        remedy="make the virtual environment with Python 3.11, 3.12 or 3.13",
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
    """What `look` finds; the message of an expected error ends with what mends it."""
    try:
        return Finding(thing=thing, found=look())
    except ReportingError as error:
        return Finding(thing=thing, found=" ".join(error.message.split()), is_well=False)


def _home(home: Path) -> Finding:
    place = _nearest(home)
    return Finding(
        thing="home",
        found=f"{home}, to be made" if place != home else str(home),
        is_well=os.access(place, os.W_OK | os.X_OK),
        remedy="point REPORTING_HOME at a folder that you may write to",
    )


def _disk(home: Path) -> Finding:
    place = _nearest(home)
    free_bytes = shutil.disk_usage(place).free
    return Finding(
        thing="disk",
        found=f"{free_bytes / 1e9:.1f} GB free at {place}",
        is_well=free_bytes >= _DISK_WANTED_BYTES,
        is_required=False,
        remedy="point REPORTING_HOME at a disk with 2 GB free",
    )


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())

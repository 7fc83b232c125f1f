"""A command's session: settings in which every address leads to a running server."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from reporting_pipeline import project_file
from reporting_pipeline.addresses import address_text
from reporting_pipeline.building.relations import migrate
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.attachment import Attachment, attached, server_addresses
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.guards.shown_text import shown_lines
from reporting_pipeline.settings import (
    Settings,
    child_environment,
    set_environment,
    traces_exporter,
)
from reporting_pipeline.telemetry.json_log import is_logged_as_json, log_as_json
from reporting_pipeline.telemetry.spans import export_spans
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.lock_waits import lock_waits_are_reported

_SERVICE = "reporting"
# Two sessions that create the schema at the same time: PostgreSQL refuses the second one.
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('dagster schema'))"
_LOG = logging.getLogger(__name__)


@contextmanager
def session(*, is_migrated: bool = True, has_threads: bool = True) -> Iterator[Settings]:
    """Settings with all addresses, and a warehouse with the schema of this version.

    If REPORTING_DATABASE_URL is not set, the session uses the local servers of REPORTING_HOME, and
    starts them if they do not run. It never changes a variable that is set. It also sets the
    addresses in the environment of this process, from which Dagster and dbt read them.

    Args:
        is_migrated: False leaves the warehouse's schema as it is.
        has_threads: False for a command that forks: no thread reports waits for locks.

    Raises:
        ReportingError: A setting is malformed, or a server does not start or cannot be reached.
    """
    with session_with_attachment(is_migrated=is_migrated, has_threads=has_threads) as found:
        yield found[0]


@contextmanager
def session_with_attachment(
    *, is_migrated: bool = True, has_threads: bool = True
) -> Iterator[tuple[Settings, Attachment | None]]:
    """A session, and its attachment to the local servers if it uses them."""
    settings = Settings.from_environment()
    if settings.log_format == "json":
        log_as_json()
    export_spans(traces_exporter(), service=_SERVICE)
    if settings.database_url is not None:
        with _lock_waits(settings) if has_threads else nullcontext():
            yield _prepared(settings, is_migrated=is_migrated), None
        return
    home = Home(settings.home, server_account())
    with attached(home, settings.pg_bindir) as attachment:
        _set_where_unset(server_addresses(home, attachment.running))
        settings = Settings.from_environment()
        with _lock_waits(settings) if has_threads else nullcontext():
            yield _prepared(settings, is_migrated=is_migrated), attachment


def _lock_waits(settings: Settings) -> AbstractContextManager[None]:
    """Say on standard error for which session a command waits."""
    limit = settings.lock_timeout_seconds
    return lock_waits_are_reported(
        settings.warehouse_url(),
        lambda sentence: click.echo(f"{sentence}; the limit is {limit} seconds", err=True),
    )


def announce(message: str, level: int = logging.INFO) -> None:
    """Say something from a program that runs until Ctrl-C: a line, or a record of its JSON log."""
    if is_logged_as_json():
        _LOG.log(level, message)
    else:
        click.echo(shown_lines(message), err=level > logging.INFO)


def _prepared(settings: Settings, *, is_migrated: bool) -> Settings:
    """Set the addresses that follow from the home and the warehouse, and migrate the warehouse."""
    home = settings.home.absolute()
    store, dagster_home = home / "store", home / "dagster"
    storage = address_text(settings.dagster_storage_url())
    newly_set = _set_where_unset(
        {
            "REPORTING_STORE_URL": str(store),
            "REPORTING_LAKE_URL": str(home / "lake"),
            "REPORTING_DAGSTER_URL": storage,
            "DAGSTER_HOME": str(dagster_home),
        }
    )
    set_environment({"REPORTING_HOME": str(home)})
    if "REPORTING_STORE_URL" in newly_set:
        _private_folder(store)
    if "REPORTING_LAKE_URL" in newly_set:
        _private_folder(home / "lake")
    if "DAGSTER_HOME" in newly_set:
        _private_folder(dagster_home)
        _configure_dagster(dagster_home)
    if is_migrated:
        migrate(settings.warehouse_url())
    if "REPORTING_DAGSTER_URL" in newly_set:
        with warehouse_connection(settings.warehouse_url()) as connection:
            connection.execute(_ONE_AT_A_TIME)
            connection.execute("create schema if not exists dagster")
    return Settings.from_environment()


def _configure_dagster(folder: Path) -> None:
    """Put this version's `dagster.yaml` into the folder, complete at each moment.

    A Dagster process that reads an empty file uses SQLite, and says nothing of it.
    """
    content, target = project_file("dagster.yaml").read_bytes(), folder / "dagster.yaml"
    if target.exists() and target.read_bytes() == content:
        return
    with TemporaryDirectory(prefix=".reporting-", dir=folder) as staging:
        staged = Path(staging) / target.name
        staged.write_bytes(content)
        staged.replace(target)


def _set_where_unset(addresses: Mapping[str, str]) -> set[str]:
    """Set the variables of `addresses` that are not set; return their names."""
    known = child_environment({})
    # A source address set by the user must not be mixed with the owner of the local database.
    taken = {name.replace("_URL", "_ADMIN_URL") for name in known if name.endswith("_URL")}
    unset = {name: value for name, value in addresses.items() if name not in known.keys() | taken}
    set_environment(unset)
    return set(unset)


def _private_folder(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)

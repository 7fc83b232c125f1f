"""A command's session: settings whose addresses lead to servers that are up.

What belongs here: deciding whether local servers are needed, and setting what is unset. What does
not: how servers are run (`embedded`).
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reporting_pipeline import project_file
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.attachment import Attachment, attached, server_addresses
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.settings import (
    Settings,
    child_environment,
    set_environment,
    traces_exporter,
)
from reporting_pipeline.telemetry.json_log import log_as_json
from reporting_pipeline.telemetry.spans import export_spans
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import warehouse_connection

_SERVICE = "reporting"


@contextmanager
def session() -> Iterator[Settings]:
    """Settings with every address that can be known, and a warehouse of this version's schema.

    With REPORTING_DATABASE_URL unset, the local servers of REPORTING_HOME are used and are started
    if nobody runs them. What is set already always stays as it is. The addresses are also set in
    this process's environment, from where Dagster and dbt take them.

    Raises:
        ReportingError: A setting is malformed, a server does not start or cannot be reached.
    """
    with session_to_hand_over() as (settings, _):
        yield settings


@contextmanager
def session_to_hand_over() -> Iterator[tuple[Settings, Attachment | None]]:
    """A session, with the attachment to the local servers where they are used."""
    settings = Settings.from_environment()
    if settings.log_format == "json":
        log_as_json()
    export_spans(traces_exporter(), service=_SERVICE)
    if settings.database_url is not None:
        yield _prepared(settings), None
        return
    home = Home(settings.home, server_account())
    with attached(home, settings.pg_bindir) as attachment:
        _set_where_unset(server_addresses(home, attachment.running))
        yield _prepared(Settings.from_environment()), attachment


def _prepared(settings: Settings) -> Settings:
    """Set what follows from the home and the warehouse, and bring the warehouse to this version."""
    home = settings.home.absolute()
    store, dagster_home = home / "store", home / "dagster"
    storage = settings.dagster_storage_url().render_as_string(hide_password=False)
    ours = _set_where_unset(
        {
            "REPORTING_STORE_URL": str(store),
            "REPORTING_DAGSTER_URL": storage,
            "DAGSTER_HOME": str(dagster_home),
        }
    )
    set_environment({"REPORTING_HOME": str(home)})
    if "REPORTING_STORE_URL" in ours:
        _private_folder(store)
    if "DAGSTER_HOME" in ours:
        _private_folder(dagster_home)
        shutil.copyfile(project_file("dagster.yaml"), dagster_home / "dagster.yaml")
    schema.upgrade(settings.warehouse_url())
    if "REPORTING_DAGSTER_URL" in ours:
        with warehouse_connection(settings.warehouse_url()) as connection:
            connection.execute("create schema if not exists dagster")
    return Settings.from_environment()


def _set_where_unset(addresses: Mapping[str, str]) -> set[str]:
    """Set those of `addresses` whose variable is unset; the names of those."""
    known = child_environment({})
    # A source that is set without its owner's address is somebody's: ours must not mix with it.
    taken = {name.replace("_URL", "_ADMIN_URL") for name in known if name.endswith("_URL")}
    ours = {name: value for name, value in addresses.items() if name not in known.keys() | taken}
    set_environment(ours)
    return set(ours)


def _private_folder(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)

"""The address of the warehouse reaches psycopg, dbt and Dagster's storage whole.

Each test connects with all three to real servers, one of which accepts encrypted connections only.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import dagster as dg
import psycopg
import pytest
from dagster_postgres import PostgresRunStorage
from dagster_postgres.utils import DagsterPostgresException
from psycopg import sql
from sqlalchemy import URL, text

from reporting_pipeline import project_file
from reporting_pipeline.addresses import address_text
from reporting_pipeline.building import dbt
from reporting_pipeline.building.relations import migrate
from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.postgres import WAREHOUSE_OWNER
from reporting_pipeline.warehouse.engine import warehouse_connection, warehouse_engine
from reporting_pipeline_tests.printable_password import ROLE
from reporting_pipeline_tests.warehouse.encrypted_server import EncryptedServer, encrypted_server

_PASSWORD = secrets.token_urlsafe()


def _with_psycopg(url: URL, expression: str, _: Path) -> object:
    with warehouse_connection(url) as connection:
        [(answer,)] = connection.execute(f"select {expression}".encode()).fetchall()
    return answer


def _with_the_engine(url: URL, expression: str, _: Path) -> object:
    engine = warehouse_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(f"select {expression}")).scalar()
    finally:
        engine.dispose()


def _with_dbt(url: URL, expression: str, _: Path) -> object:
    inline = f"select {expression} as answer"
    result = dbt._invoke_at(url, ["show", "--inline", inline, "--output", "json"])
    if not result.success:
        raise RuntimeError(str(result.exception or result.result.results[0].message))
    [shown] = result.result.results
    return shown.agate_table.rows[0]["answer"]


def _with_dagster(url: URL, expression: str, folder: Path) -> object:
    with pytest.MonkeyPatch.context() as patch:
        storage = url.set(drivername="postgresql+psycopg2")
        patch.setenv("REPORTING_DAGSTER_URL", address_text(storage))
        shutil.copy(project_file("dagster.yaml"), folder)
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            runs = instance.run_storage
            assert isinstance(runs, PostgresRunStorage)
            with runs.connect() as connection:
                return connection.execute(text(f"select {expression}")).scalar()


def _with_dagster_once(url: URL, expression: str, folder: Path) -> object:
    try:
        return _with_dagster(url, expression, folder)
    except DagsterPostgresException as error:  # it says only that it tried often
        raise error.__cause__ or error from error


CLIENTS: Mapping[str, Callable[[URL, str, Path], object]] = MappingProxyType(
    {
        "psycopg": _with_psycopg,
        "SQLAlchemy": _with_the_engine,
        "dbt": _with_dbt,
        "Dagster": _with_dagster_once,
    }
)
every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))
_IS_ENCRYPTED = "(select ssl from pg_stat_ssl where pid = pg_backend_pid())"


@pytest.fixture(scope="module")
def encrypted(account: Account, servers_folder: Path) -> Iterator[EncryptedServer]:
    with encrypted_server(account, servers_folder, _PASSWORD) as server:
        yield server


def _encrypted_url(server: EncryptedServer, root: Path, mode: str = "verify-full") -> URL:
    url = server.postgres.url("warehouse", WAREHOUSE_OWNER)
    return url.update_query_dict({"sslmode": mode, "sslrootcert": str(root)})


@every_client
def test_a_required_encryption_is_used(
    client: Callable[[URL, str, Path], object], encrypted: EncryptedServer, tmp_path: Path
) -> None:
    url = _encrypted_url(encrypted, encrypted.certificate)

    assert client(url, _IS_ENCRYPTED, tmp_path) is True


@every_client
def test_a_certificate_of_somebody_else_is_refused(
    client: Callable[[URL, str, Path], object], encrypted: EncryptedServer, tmp_path: Path
) -> None:
    url = _encrypted_url(encrypted, encrypted.another)

    with pytest.raises(Exception, match="certificate verify failed"):
        client(url, "1", tmp_path)


@every_client
def test_a_required_encryption_is_not_given_up_if_the_server_has_none(
    client: Callable[[URL, str, Path], object], warehouse_url: URL, tmp_path: Path
) -> None:
    url = warehouse_url.update_query_dict({"sslmode": "require"})

    with pytest.raises(Exception, match="server does not support SSL"):
        client(url, "1", tmp_path)


def test_a_warehouse_behind_encryption_is_migrated_with_dbt(encrypted: EncryptedServer) -> None:
    url = _encrypted_url(encrypted, encrypted.certificate)

    assert migrate(url)
    assert not migrate(url)


@every_client
def test_options_and_the_name_of_the_program_reach_the_session(
    client: Callable[[URL, str, Path], object], warehouse_url: URL, tmp_path: Path
) -> None:
    parameters = {"options": "-c lock_timeout=54321", "application_name": "whole address"}
    url = warehouse_url.update_query_dict(parameters)
    shown = "current_setting('lock_timeout') || ' ' || current_setting('application_name')"

    assert client(url, shown, tmp_path) == "54321ms whole address"


@every_client
def test_the_host_that_accepts_writes_is_found(
    client: Callable[[URL, str, Path], object], warehouse_url: URL, tmp_path: Path
) -> None:
    several = warehouse_url.set(host=None, port=None).update_query_dict(
        {
            "host": "127.0.0.1,127.0.0.1",
            "port": f"1,{warehouse_url.port}",
            "target_session_attrs": "read-write",
        }
    )

    assert client(several, "'found'", tmp_path) == "found"


@every_client
def test_a_password_may_have_every_printable_character(
    client: Callable[[URL, str, Path], object], printable_url: URL, tmp_path: Path
) -> None:
    assert client(printable_url, "session_user", tmp_path) == ROLE


_OF_A_ROLE = {
    "datestyle": ("German, DMY", "ISO, YMD"),
    "timezone": ("Asia/Kolkata", "UTC"),
    "intervalstyle": ("iso_8601", "postgres"),
    "bytea_output": ("escape", "hex"),
    "extra_float_digits": ("-15", "1"),
    "standard_conforming_strings": ("off", "on"),
    "search_path": ("elsewhere", "public"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "client_encoding": ("LATIN1", "UTF8"),
}


@pytest.mark.parametrize("name_of_client", ["psycopg", "SQLAlchemy", "dbt"])
def test_settings_of_a_role_do_not_change_how_values_are_read(
    name_of_client: str,
    warehouse_url: URL,
    superuser: psycopg.Connection,
    tmp_path: Path,
) -> None:
    for name, (of_role, _) in _OF_A_ROLE.items():
        statement = sql.SQL("alter role {} in database {} set {} = {}")
        database, role = str(warehouse_url.database), sql.Identifier(WAREHOUSE_OWNER)
        value = sql.SQL(", ").join(map(sql.Literal, of_role.split(", ")))
        place = sql.Identifier(database), sql.Identifier(name)
        superuser.execute(statement.format(role, *place, value))
    shown = " || ';' || ".join(f"current_setting('{name}')" for name in _OF_A_ROLE)

    found = str(CLIENTS[name_of_client](warehouse_url, shown, tmp_path)).split(";")

    assert found == [expected for _, expected in _OF_A_ROLE.values()]

"""Fixtures for every test: temporary real servers, one set per test process.

Each test gets a new warehouse (a copy of a migrated template) and new sources, so tests do not
share rows. The servers do not wait for the disk, and they end with the test process.
"""

import csv
import gc
import getpass
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from unittest import mock

import psycopg
import pytest
import redis
from sqlalchemy import URL

from reporting_pipeline.building.relations import migrate
from reporting_pipeline.embedded.account import Account, server_account
from reporting_pipeline.embedded.home import ELSEWHERE, left_servers
from reporting_pipeline.embedded.postgres import (
    SOURCE_OWNER,
    SOURCE_READER,
    WAREHOUSE_OWNER,
    Postgres,
    PostgresInstall,
    create_database,
    drop_database,
    ensure_reader,
    ensure_role,
    superuser_connection,
)
from reporting_pipeline.embedded.valkey import Valkey, find_valkey
from reporting_pipeline.samples.generator import generate_dump
from reporting_pipeline.samples.organizer import ORGANIZER
from reporting_pipeline.samples.season import SEASON
from reporting_pipeline.settings import SOURCE_DOMAINS, Settings, child_environment
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Databases, Pipeline
from reporting_pipeline_tests.books import BOOKS
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.servers_folder import temporary_servers_folder

pytest_plugins = [
    "reporting_pipeline_tests.landed_season",
    "reporting_pipeline_tests.printable_password",
    "reporting_pipeline_tests.s3_servers",
    "reporting_pipeline_tests.streaming_replica",
]

_PASSWORD = secrets.token_urlsafe()
_TEMPLATE = "warehouse_template"
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of single tests."""
    parser.addoption(
        "--write-examples",
        action="store_true",
        help="write the examples of docs/reports again, in place of comparing them",
    )
    parser.addoption(
        "--histories", type=int, default=3, help="number of random histories with late batches"
    )
    parser.addoption(
        "--api-examples", type=int, default=5, help="number of calls that Schemathesis makes up"
    )


# dbt, Dagster and the tests themselves are millions of objects that stay. Python's usual thresholds
# search them for garbage so often that it takes a seventh of the CPU time.
gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """Remove the caller's settings, such as those of `reporting exec`, except the binaries."""
    with pytest.MonkeyPatch.context() as patch:
        for name in child_environment({}):
            if name.startswith(("REPORTING_", "DAGSTER_")) and name != "REPORTING_PG_BINDIR":
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _environment_as_before() -> Iterator[None]:
    """Restore the environment of this process; a command's session sets its addresses in it."""
    with mock.patch.dict("os.environ"):
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_servers_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove the servers' files of homes that the tests made, which are outside the home for root.

    Those of former runs go when pytest has deleted their homes.
    """
    own = tmp_path_factory.getbasetemp()
    of_all_runs = Path(tempfile.gettempdir(), f"pytest-of-{getpass.getuser()}")
    for left in left_servers():
        if left.home is not None and left.home.is_relative_to(of_all_runs):
            shutil.rmtree(left.folder, ignore_errors=True)
    yield
    if os.geteuid() == 0 and ELSEWHERE.is_dir():
        for record in ELSEWHERE.glob("*/home"):
            if Path(record.read_text(encoding="utf-8")).is_relative_to(own):
                shutil.rmtree(record.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def account() -> Account:
    """The operating system account of the test servers."""
    return server_account()


@pytest.fixture(scope="session")
def servers_folder(account: Account) -> Iterator[Path]:
    """A folder that the servers' account can enter, in memory if there is room."""
    with temporary_servers_folder(account) as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(account: Account, servers_folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL server that does not wait for the disk, with the roles of the embedded one.

    Autovacuum is off: a plan must not depend on whether it has reached a table yet.
    """
    install = PostgresInstall.find(Settings.from_environment().pg_bindir)
    server = Postgres(
        install=install.reachable_for(account, servers_folder / "bin"),
        folder=servers_folder / "postgres",
        account=account,
        password=_PASSWORD,
        durable=False,
    )
    server.start()
    with superuser_connection(server.url("postgres")) as connection:
        connection.execute("alter system set autovacuum = off")
        connection.execute("select pg_reload_conf()")
        for role in (WAREHOUSE_OWNER, SOURCE_OWNER, SOURCE_READER):
            ensure_role(connection, role, _PASSWORD)
        ensure_reader(connection, WAREHOUSE_OWNER)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def superuser(postgres: Postgres) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the test server, for creating databases and roles."""
    with superuser_connection(postgres.url("postgres")) as connection:
        yield connection


@pytest.fixture(scope="session")
def _warehouse_template(postgres: Postgres, superuser: psycopg.Connection) -> str:
    create_database(superuser, _TEMPLATE, WAREHOUSE_OWNER)
    migrate(postgres.url(_TEMPLATE, WAREHOUSE_OWNER, _PASSWORD))
    return _TEMPLATE


@pytest.fixture
def warehouse_url(
    postgres: Postgres, superuser: psycopg.Connection, _warehouse_template: str
) -> Iterator[URL]:
    """The owner's address of a new warehouse with this version's schema and no rows."""
    name = f"warehouse_{next(_numbers)}"
    create_database(superuser, name, WAREHOUSE_OWNER, template=_warehouse_template)
    yield postgres.url(name, WAREHOUSE_OWNER, _PASSWORD)
    drop_database(superuser, name)


@pytest.fixture(scope="session")
def _shared_warehouse_url(
    postgres: Postgres, superuser: psycopg.Connection, _warehouse_template: str
) -> URL:
    name = "warehouse_shared"
    create_database(superuser, name, WAREHOUSE_OWNER, template=_warehouse_template)
    return postgres.url(name, WAREHOUSE_OWNER, _PASSWORD)


@pytest.fixture
def rolled_back(_shared_warehouse_url: URL) -> Iterator[psycopg.Connection]:
    """A connection to a warehouse without rows, which is rolled back after the test.

    It takes a tenth of the time of a new warehouse.
    """
    with warehouse_connection(_shared_warehouse_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def empty_database_url(postgres: Postgres, superuser: psycopg.Connection) -> Iterator[URL]:
    """The owner's address of a new database without a schema."""
    name = f"empty_{next(_numbers)}"
    create_database(superuser, name, WAREHOUSE_OWNER)
    yield postgres.url(name, WAREHOUSE_OWNER, _PASSWORD)
    drop_database(superuser, name)


@pytest.fixture
def source_urls(postgres: Postgres, superuser: psycopg.Connection) -> Iterator[Mapping[str, URL]]:
    """Domain -> the owner's address; all domains are empty and share one database."""
    name = f"sources_{next(_numbers)}"
    create_database(superuser, name, SOURCE_OWNER)
    yield {domain: postgres.url(name, SOURCE_OWNER, _PASSWORD) for domain in SOURCE_DOMAINS}
    drop_database(superuser, name)


@pytest.fixture
def source_reader_urls(postgres: Postgres, source_urls: Mapping[str, URL]) -> Mapping[str, URL]:
    """Domain -> the address for a role that owns nothing there, as in production."""
    return {domain: url.set(username=SOURCE_READER) for domain, url in source_urls.items()}


@pytest.fixture(scope="session")
def _valkey(account: Account, servers_folder: Path) -> Iterator[Valkey]:
    server = Valkey(
        binary=find_valkey(),
        folder=servers_folder / "valkey",
        account=account,
        password=_PASSWORD,
        durable=False,
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(_valkey: Valkey) -> str:
    """The address of an empty Valkey server."""
    with redis.Redis.from_url(_valkey.url()) as client:
        client.flushall()
    return _valkey.url()


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """The address of an empty store."""
    return (tmp_path / "store").as_uri()


@pytest.fixture(scope="session")
def season_dump() -> Path:
    """The folder of the bundled season, a contract dump."""
    return SEASON


@pytest.fixture(scope="session")
def season_row_count(season_dump: Path) -> int:
    """Number of rows of the bundled season, over all tables."""
    return sum(len(_csv_rows(path)) for path in season_dump.glob("*.csv"))


def _csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.fixture(scope="session")
def season(season_dump: Path) -> Books:
    """The bundled season."""
    return Books.from_dump(season_dump)


@pytest.fixture(scope="session")
def databases(postgres: Postgres, superuser: psycopg.Connection) -> Databases:
    """Creates the databases of pipelines."""
    return Databases(postgres=postgres, superuser=superuser)


@pytest.fixture(scope="session")
def _empty_pipeline(databases: Databases, _warehouse_template: str) -> Pipeline:
    """A pipeline without rows, whose warehouse has the dbt views."""
    pipeline = databases.pipeline("empty_pipeline", warehouse=_warehouse_template)
    pipeline.build([date(2025, 1, 1)])
    return pipeline


@pytest.fixture
def pipeline(databases: Databases, _empty_pipeline: Pipeline) -> Iterator[Pipeline]:
    """A new pipeline without rows."""
    fresh = databases.copy(f"pipeline_{next(_numbers)}", _empty_pipeline)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="module")
def shared_pipeline(databases: Databases, _empty_pipeline: Pipeline) -> Iterator[Pipeline]:
    """A pipeline without rows, which the tests of a module fill once and share."""
    fresh = databases.copy(f"pipeline_{next(_numbers)}", _empty_pipeline)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="session")
def _season_pipeline(databases: Databases, _empty_pipeline: Pipeline, season: Books) -> Pipeline:
    """The season, landed, built and sealed; only copied, never changed."""
    pipeline = databases.copy("season_pipeline", _empty_pipeline)
    pipeline.arrive(season)
    pipeline.land()
    pipeline.build_all()
    pipeline.seal_all()
    return pipeline


@pytest.fixture
def season_pipeline(databases: Databases, _season_pipeline: Pipeline) -> Iterator[Pipeline]:
    """The season, landed, built and sealed, for one test."""
    fresh = databases.copy(f"pipeline_{next(_numbers)}", _season_pipeline)
    yield fresh
    databases.drop(fresh)


@pytest.fixture
def built(season_pipeline: Pipeline) -> Pipeline:
    """The season, landed, built and sealed, for tests that build it again."""
    return season_pipeline


@pytest.fixture(scope="module")
def shared_season_pipeline(databases: Databases, _season_pipeline: Pipeline) -> Iterator[Pipeline]:
    """The season, landed, built and sealed; the tests of a module share it."""
    fresh = databases.copy(f"pipeline_{next(_numbers)}", _season_pipeline)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="session")
def _clean_pipeline(databases: Databases, _empty_pipeline: Pipeline) -> Pipeline:
    """The books `clean`, landed, built and sealed; only copied, never changed."""
    pipeline = databases.copy("clean_pipeline", _empty_pipeline)
    load_dump(BOOKS / "clean" / "dump", pipeline.sources)
    pipeline.land()
    pipeline.build_all()
    pipeline.seal_all()
    return pipeline


@pytest.fixture(scope="module")
def clean_pipeline(databases: Databases, _clean_pipeline: Pipeline) -> Iterator[Pipeline]:
    """The books `clean`, landed, built and sealed; the tests of a module share them."""
    fresh = databases.copy(f"pipeline_{next(_numbers)}", _clean_pipeline)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="session")
def clean_books() -> Books:
    """The rows of the books `clean`."""
    return Books.from_dump(BOOKS / "clean" / "dump")


@pytest.fixture(scope="session")
def organizer_dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of the bundled organisation with everything."""
    return generate_dump(ORGANIZER, tmp_path_factory.mktemp("dumps") / "organizer")


@pytest.fixture(scope="session")
def organizer(databases: Databases, _empty_pipeline: Pipeline, organizer_dump: Path) -> Pipeline:
    """The bundled organisation, loaded, landed and built; only read, never changed."""
    pipeline = databases.copy("organizer", _empty_pipeline)
    load_dump(organizer_dump, pipeline.sources)
    pipeline.land()
    pipeline.build_all()
    return pipeline

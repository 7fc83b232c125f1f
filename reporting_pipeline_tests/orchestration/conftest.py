"""The season, landed and built by the real thing once; each test gets its own copy."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.embedded.databases import create_database, drop_database
from reporting_pipeline.embedded.postgres import SUPERUSER, Postgres
from reporting_pipeline.orchestration.build import build_definitions
from reporting_pipeline.reports.build import build, known_days
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.dump.load import load_dump
from reporting_pipeline.sources.landing.land import land
from reporting_pipeline.warehouse import schema

_SOURCES = "orchestration_sources"
_BUILT = "orchestration_built"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def season_sources(
    postgres: Postgres, superuser: psycopg.Connection, season_dump: Path
) -> Iterator[Mapping[str, URL]]:
    """Domain -> the address of a source that holds the season."""
    create_database(superuser, _SOURCES, SUPERUSER)
    urls = dict.fromkeys(DOMAINS, postgres.url(_SOURCES))
    load_dump(season_dump, urls)
    yield urls
    drop_database(superuser, _SOURCES)


@pytest.fixture(scope="session")
def _built_season(
    postgres: Postgres, superuser: psycopg.Connection, season_sources: Mapping[str, URL]
) -> Iterator[str]:
    create_database(superuser, _BUILT, SUPERUSER)
    warehouse = postgres.url(_BUILT)
    schema.upgrade(warehouse)
    land(season_sources, warehouse, overlap_seconds=900, timeout_seconds=60)
    build(known_days(warehouse), warehouse=warehouse)
    with psycopg.connect(_text(warehouse.set(drivername="postgresql"))) as connection:
        connection.execute("analyze")  # as autovacuum does in its own time
    yield _BUILT
    drop_database(superuser, _BUILT)


@pytest.fixture
def settings(
    postgres: Postgres,
    superuser: psycopg.Connection,
    season_sources: Mapping[str, URL],
    _built_season: str,
    store_url: str,
) -> Iterator[Settings]:
    """Settings whose warehouse holds the season, landed and built."""
    name = f"orchestration_{next(_numbers)}"
    create_database(superuser, name, SUPERUSER, template=_built_season)
    addresses = {f"source_{domain}_url": _text(url) for domain, url in season_sources.items()}
    yield Settings.model_validate(
        {"database_url": _text(postgres.url(name)), "store_url": store_url, **addresses}
    )
    drop_database(superuser, name)


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[psycopg.Connection]:
    """A connection to that warehouse, for planting faults; each statement is committed."""
    info = _text(settings.warehouse_url().set(drivername="postgresql"))
    with psycopg.connect(info, autocommit=True) as connection:
        yield connection


@pytest.fixture
def defs(settings: Settings) -> dg.Definitions:
    """The definitions over those settings."""
    return build_definitions(settings)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)

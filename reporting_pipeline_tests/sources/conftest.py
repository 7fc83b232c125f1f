"""Source databases in other layouts: one database per domain, shared and empty, with tables."""

import itertools
from collections.abc import Iterator, Mapping

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.embedded.postgres import (
    SOURCE_OWNER,
    Postgres,
    create_database,
    drop_database,
)
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.dump.tables import create_tables
from reporting_pipeline.warehouse.engine import conninfo

_numbers = itertools.count(1)


@pytest.fixture
def separate_source_urls(
    superuser: psycopg.Connection, source_urls: Mapping[str, URL]
) -> Iterator[Mapping[str, URL]]:
    """Domain -> the owner's address of an empty database for this domain."""
    urls = {d: url.set(database=f"{url.database}_{d}") for d, url in source_urls.items()}
    names = [str(url.database) for url in urls.values()]
    for name in names:
        create_database(superuser, name, SOURCE_OWNER)
    yield urls
    for name in names:
        drop_database(superuser, name)


@pytest.fixture(scope="module")
def untouched_urls(
    postgres: Postgres, superuser: psycopg.Connection
) -> Iterator[Mapping[str, URL]]:
    """Domain -> the owner's address of one empty database, for dumps that are refused.

    The tests of a module share it, because a refused dump writes nothing.
    """
    name = f"untouched_{next(_numbers)}"
    create_database(superuser, name, SOURCE_OWNER)
    yield dict.fromkeys(DOMAINS, postgres.url(name, SOURCE_OWNER))
    drop_database(superuser, name)


@pytest.fixture
def contract_urls(source_urls: Mapping[str, URL]) -> Mapping[str, URL]:
    """Domain -> the owner's address of one database with the contract's tables, without rows."""
    for domain, url in source_urls.items():
        with psycopg.connect(conninfo(url)) as connection:
            create_tables(connection, domain)
    return source_urls

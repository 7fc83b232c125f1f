"""Sources that cannot be reached or written: the error names the source and the way out."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import SourceError, SourceUnavailable
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.sources.dump.connections import commit_all, open_connections
from reporting_pipeline.warehouse.engine import conninfo


def test_source_that_is_down_is_named_and_the_others_are_left_alone(
    four_source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    urls = {**four_source_urls, "ledger": four_source_urls["ledger"].set(database="not_there")}

    with pytest.raises(SourceUnavailable, match="source ledger is down") as down:
        load_dump(season_dump, urls)

    assert down.value.facts == {"domain": "ledger"}
    with psycopg.connect(conninfo(four_source_urls["ticketing"])) as connection:
        assert connection.execute("select to_regnamespace('ticketing')").fetchone() == (None,)


def test_role_that_may_not_create_is_told_which_address_to_set(
    source_reader_urls: Mapping[str, URL], season_dump: Path
) -> None:
    with pytest.raises(SourceError, match="set REPORTING_SOURCE_TICKETING_ADMIN_URL"):
        load_dump(season_dump, source_reader_urls)


def test_domains_at_one_address_share_a_connection(source_urls: Mapping[str, URL]) -> None:
    with ExitStack() as stack:
        connections = open_connections(stack, source_urls)

        assert len({id(connection) for connection in connections.values()}) == 1


def test_database_that_is_lost_before_the_commits_keeps_the_others_from_committing(
    superuser: psycopg.Connection, four_source_urls: Mapping[str, URL]
) -> None:
    with ExitStack() as stack:
        connections = open_connections(stack, four_source_urls)
        for connection in connections.values():
            connection.execute("create table mark (id integer)")
        pid = connections["ledger"].info.backend_pid
        superuser.execute("select pg_terminate_backend(%s, 5000)", [pid])

        with pytest.raises(SourceUnavailable, match="source ledger is down"):
            commit_all(connections)

    for domain in DOMAINS:
        with psycopg.connect(conninfo(four_source_urls[domain])) as connection:
            assert connection.execute("select to_regclass('mark')").fetchone() == (None,)


def test_failure_between_two_commits_tells_what_is_committed_and_that_again_is_harmless(
    four_source_urls: Mapping[str, URL],
) -> None:
    with ExitStack() as stack:
        connections = open_connections(stack, four_source_urls)
        # Only the commit itself finds the second row of the same number.
        ledger = connections["ledger"]
        ledger.execute("create table mark (id integer unique deferrable initially deferred)")
        ledger.execute("insert into mark values (1), (1)")

        with pytest.raises(SourceUnavailable) as failed:
            commit_all(connections)

    assert "committed before: ticketing, seating, scanning; load the same dump again" in (
        failed.value.message
    )


def test_two_loads_at_once_are_as_one_after_the_other(
    source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    with ThreadPoolExecutor(max_workers=2) as threads:
        loads = [threads.submit(load_dump, season_dump, source_urls) for _ in range(2)]

    assert sorted(load.result().new_count for load in loads) == [0, 8730]

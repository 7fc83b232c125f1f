"""Sources that cannot be reached or written: the error names the source and the next step."""

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
from reporting_pipeline.sources.dump.load import commit_all, open_connections
from reporting_pipeline.warehouse.engine import conninfo


def test_the_error_names_a_source_that_is_down_and_no_other_source_is_changed(
    separate_source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    urls = {
        **separate_source_urls,
        "ledger": separate_source_urls["ledger"].set(database="not_there"),
    }

    with pytest.raises(SourceUnavailable, match="source ledger is down") as down:
        load_dump(season_dump, urls)

    assert down.value.facts == {"domain": "ledger"}
    with psycopg.connect(conninfo(separate_source_urls["ticketing"])) as connection:
        assert connection.execute("select to_regnamespace('ticketing')").fetchone() == (None,)


def test_the_error_for_a_role_without_rights_says_which_address_to_set(
    source_reader_urls: Mapping[str, URL], season_dump: Path
) -> None:
    with pytest.raises(SourceError, match="set REPORTING_SOURCE_TICKETING_ADMIN_URL"):
        load_dump(season_dump, source_reader_urls)


def test_domains_at_one_address_share_a_connection(source_urls: Mapping[str, URL]) -> None:
    with ExitStack() as stack:
        connections = open_connections(stack, source_urls)

        assert len({id(connection) for connection in connections.values()}) == 1


def test_no_database_is_committed_if_one_is_lost_before(
    superuser: psycopg.Connection, separate_source_urls: Mapping[str, URL]
) -> None:
    with ExitStack() as stack:
        connections = open_connections(stack, separate_source_urls)
        for connection in connections.values():
            connection.execute("create table mark (id integer)")
        pid = connections["ledger"].info.backend_pid
        superuser.execute("select pg_terminate_backend(%s, 5000)", [pid])

        with pytest.raises(SourceUnavailable, match="source ledger is down"):
            commit_all(connections)

    for domain in DOMAINS:
        with psycopg.connect(conninfo(separate_source_urls[domain])) as connection:
            assert connection.execute("select to_regclass('mark')").fetchone() == (None,)


def test_a_failure_between_two_commits_names_the_committed_domains(
    separate_source_urls: Mapping[str, URL],
) -> None:
    with ExitStack() as stack:
        connections = open_connections(stack, separate_source_urls)
        # Only the commit finds the second row of the same number.
        last = connections[DOMAINS[-1]]
        last.execute("create table mark (id integer unique deferrable initially deferred)")
        last.execute("insert into mark values (1), (1)")

        with pytest.raises(SourceUnavailable) as failed:
            commit_all(connections)

    before = ", ".join(DOMAINS[:-1])
    assert f"committed before: {before}; load the same dump again" in failed.value.message


def test_two_concurrent_loads_give_the_result_of_one(
    source_urls: Mapping[str, URL], season_dump: Path, season_row_count: int
) -> None:
    with ThreadPoolExecutor(max_workers=2) as threads:
        loads = [threads.submit(load_dump, season_dump, source_urls) for _ in range(2)]

    assert sorted(load.result().new_count for load in loads) == [0, season_row_count]

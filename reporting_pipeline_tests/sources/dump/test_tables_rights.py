"""The tables that the loader creates, and the reader's rights on them."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.embedded.postgres import SOURCE_READER
from reporting_pipeline.errors import SourceError
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.sources.inspect import (
    contract_problems,
    promise_problems,
    reading_problems,
    writable_rights,
)
from reporting_pipeline.warehouse.engine import conninfo


def test_created_tables_keep_the_contract_and_the_reader_can_only_read(
    source_urls: Mapping[str, URL], source_reader_urls: Mapping[str, URL], season_dump: Path
) -> None:
    load_dump(season_dump, source_urls, dict.fromkeys(DOMAINS, SOURCE_READER))

    for domain, url in source_reader_urls.items():
        with psycopg.connect(conninfo(url)) as connection:
            for check in (contract_problems, promise_problems, reading_problems, writable_rights):
                assert check(connection, domain) == []


def test_created_tables_have_the_index_on_the_record_clock(
    source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    load_dump(season_dump, source_urls)

    with psycopg.connect(conninfo(source_urls["scanning"])) as connection:
        names = connection.execute(
            "select indexname from pg_indexes where schemaname = 'scanning' order by indexname"
        )
        assert [name for (name,) in names] == [
            "gates_pkey",
            "gates_updated_at_idx",
            "scans_pkey",
            "scans_received_at_idx",
        ]


def test_the_error_names_a_reader_that_does_not_exist_and_nothing_is_loaded(
    source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    with pytest.raises(SourceError, match='refused the dump: role "nobody_known" does not exist'):
        load_dump(season_dump, source_urls, {"ledger": "nobody_known"})

    with psycopg.connect(conninfo(source_urls["ledger"])) as connection:
        assert connection.execute("select to_regnamespace('ledger')").fetchone() == (None,)

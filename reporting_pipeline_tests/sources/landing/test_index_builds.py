"""Indexes that are built after the first rows are those that were there before."""

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.sources.landing import index_builds
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import query

INDEXES = """
    select relation.relname, index.relname, pg_get_indexdef(index.oid), key.conname, indisvalid
    from pg_index
    inner join pg_class as relation on pg_index.indrelid = relation.oid
    inner join pg_class as index on pg_index.indexrelid = index.oid
    left join pg_constraint as key on index.oid = key.conindid and relation.oid = key.conrelid
    where relation.relnamespace = 'landing'::regnamespace
    order by 1, 2
"""


@pytest.fixture(autouse=True)
def _few_rows_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_builds, "_LEAST_ROWS", 1)


def test_a_first_landing_leaves_the_indexes_that_it_has_found(loaded: Pipeline) -> None:
    before = set(query(loaded.warehouse, INDEXES))

    loaded.land()

    after = query(loaded.warehouse, INDEXES)
    assert before <= set(after)
    assert all(is_valid for *_, is_valid in after)


def test_every_partition_of_a_first_landing_has_all_indexes_of_its_table(
    loaded: Pipeline,
) -> None:
    loaded.land()

    statement = """
        select count(*), min(found.index_count), max(found.index_count)
        from (
            select relid, parentrelid, (
                select count(*) from pg_index where indrelid = tree.relid
            ) as index_count
            from pg_partition_tree(%s) as tree
        ) as found
    """
    for name in ("ledger_entries", "scanning_scans", "ticketing_order_line_movements"):
        [(count, least, most)] = query(loaded.warehouse, statement, f"landing.{name}")
        assert count > 3  # the table, the rows that are held back, and months
        assert least == most > 3


def test_an_index_of_an_operator_comes_back(loaded: Pipeline) -> None:
    _execute(
        loaded.warehouse,
        'create unique index "their own" on landing.ticketing_orders (id, (lower(channel)))'
        " where status <> 'pending'",
    )
    before = set(query(loaded.warehouse, INDEXES))

    loaded.land()

    assert before <= set(query(loaded.warehouse, INDEXES))


def test_a_key_that_a_view_needs_stays(loaded: Pipeline) -> None:
    _execute(
        loaded.warehouse,
        "create view public.needs_the_key as"
        " select id, channel, count(*) from landing.ticketing_orders group by id",
    )

    loaded.land()

    assert query(loaded.warehouse, "select count(*) > 0 from public.needs_the_key") == [(True,)]


def test_a_table_with_rows_keeps_its_indexes_during_a_landing(
    landed: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("an index was dropped")

    monkeypatch.setattr(index_builds, "_dropped", refuse)

    landed.land()


def test_a_landing_that_fails_leaves_the_indexes_and_no_rows(loaded: Pipeline) -> None:
    before = query(loaded.warehouse, INDEXES)
    _execute(
        loaded.warehouse,
        "create function public.refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'no'; end $$;"
        "create trigger refuse after insert on landing.ledger_payout_items"
        " for each statement execute function public.refuse()",
    )

    with pytest.raises(psycopg.errors.RaiseException):
        loaded.land()

    assert query(loaded.warehouse, INDEXES) == before
    assert query(loaded.warehouse, "select count(*) from landing.ticketing_orders") == [(0,)]


def test_few_rows_keep_the_indexes(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_builds, "_LEAST_ROWS", 10**9)
    oids = "select indexrelid from pg_index order by 1"
    before = query(loaded.warehouse, oids)

    loaded.land()

    assert set(before) <= set(query(loaded.warehouse, oids))


def _execute(url: URL, statement: str) -> None:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute(statement.encode())

"""Optional parts of the contract: a source of version 1.0 lands, and is upgraded while it runs."""

import psycopg
import pytest

from reporting_pipeline.sources import contract
from reporting_pipeline.sources.contract.columns import is_optional
from reporting_pipeline.sources.dump.tables import create_tables
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.oracle.source_tables import OPTIONAL
from reporting_pipeline_tests.sources.landing.upstream import add, change, query

_ENTRY = "select id, transaction_id from landing.ledger_entries order by recorded_at, id limit 1"
_DAYS = "select distinct report_table from landing.touched_days where report_table like %s"


@pytest.fixture
def version_1_0(loaded: Pipeline) -> Pipeline:
    """The season in sources without any optional table or column; nothing is landed."""
    for statement in (
        "alter table ticketing.events drop series_id, drop rescheduled_from",
        "drop table ticketing.event_series",
        "drop table ledger.payout_items",
        "alter table ledger.transactions drop reference",
        "alter table ledger.entries drop tax_jurisdiction, drop tax_rate, drop taxable_minor",
    ):
        query(loaded.sources[statement.split(".")[0].split()[-1]], statement)
    return loaded


def test_the_optional_parts_are_those_of_the_contract() -> None:
    tables = {table.key for table in contract.TABLES if is_optional(table)}
    columns = {
        f"{table.key}.{column.name}"
        for table in contract.TABLES
        for column in table.columns
        if is_optional(column)
    }

    assert tables | columns == OPTIONAL


def test_a_source_of_version_1_0_lands_completely(
    version_1_0: Pipeline, season_row_count: int
) -> None:
    result = version_1_0.land()

    assert result.new_count == season_row_count
    assert version_1_0.land().new_count == 0
    empty = "select count(*), count(tax_rate), count(taxable_minor) from landing.ledger_entries"
    assert query(version_1_0.warehouse, empty) == [(3_841, 0, 0)]


def test_values_of_a_new_optional_column_are_read_for_old_rows_too(version_1_0: Pipeline) -> None:
    version_1_0.land()
    version_1_0.build_all()
    [(entry_id, transaction_id)] = query(version_1_0.warehouse, _ENTRY)
    _upgrade(version_1_0)
    change(
        version_1_0.sources, "ledger.entries", entry_id, tax_jurisdiction="DE", taxable_minor=100
    )
    change(version_1_0.sources, "ledger.transactions", transaction_id, reference="PSP-4711")

    result = version_1_0.land()

    assert result.new_count == 2
    found = "select tax_jurisdiction, taxable_minor from landing.ledger_entries where id = %s"
    assert query(version_1_0.warehouse, found, entry_id) == [("DE", 100)]
    found = "select reference from landing.ledger_transactions where id = %s"
    assert query(version_1_0.warehouse, found, transaction_id) == [("PSP-4711",)]
    assert query(version_1_0.warehouse, _DAYS, "report_revenue%") != []
    assert version_1_0.land().new_count == 0


def test_a_value_of_an_optional_column_never_changes_again(version_1_0: Pipeline) -> None:
    version_1_0.land()
    newest = "select id::text from landing.ledger_entries order by recorded_at desc, id limit 1"
    [(entry_id,)] = query(version_1_0.warehouse, newest)
    _upgrade(version_1_0)
    change(version_1_0.sources, "ledger.entries", entry_id, taxable_minor=5)
    assert version_1_0.land().new_count == 1
    change(version_1_0.sources, "ledger.entries", entry_id, taxable_minor=6)

    assert version_1_0.land().new_count == 0

    kept = "select taxable_minor from landing.ledger_entries where id = %s"
    assert query(version_1_0.warehouse, kept, entry_id) == [(5,)]
    found = "select row_id::text, finding from landing.row_findings"
    assert query(version_1_0.warehouse, found) == [(entry_id, "changed")]


def test_a_new_optional_table_is_read(version_1_0: Pipeline) -> None:
    version_1_0.land()
    _upgrade(version_1_0)
    [(_, transaction_id)] = query(version_1_0.warehouse, _ENTRY)
    [(event_id, recorded_at)] = query(
        version_1_0.warehouse,
        "select event_id, recorded_at from landing.ledger_transactions where id = %s",
        transaction_id,
    )
    add(
        version_1_0.sources,
        "ledger.payout_items",
        transaction_id=transaction_id,
        event_id=event_id,
        amount_minor=5,
        currency="EUR",
        recorded_at=recorded_at,
    )

    assert version_1_0.land().new_count == 1
    [(is_dated,)] = query(
        version_1_0.warehouse, "select report_day is not null from landing.ledger_payout_items"
    )
    assert is_dated


def _upgrade(pipeline: Pipeline) -> None:
    for domain in ("ticketing", "ledger"):
        with psycopg.connect(conninfo(pipeline.sources[domain])) as connection:
            create_tables(connection, domain)

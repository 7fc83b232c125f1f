"""Reading a source: one snapshot, read-only, and every error names the domain."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.embedded.postgres import SOURCE_READER
from reporting_pipeline.errors import SourceContractBroken, SourceUnavailable
from reporting_pipeline.sources.contract.ledger import ENTRIES
from reporting_pipeline.sources.contract.seating import VENUES
from reporting_pipeline.sources.contract.ticketing import ORDER_LINE_MOVEMENTS
from reporting_pipeline.sources.landing.snapshot import open_snapshots
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    Sources,
    add,
    land_all,
    query,
    warehouse_bytes,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def readers(pipeline: Pipeline) -> Sources:
    """Addresses for a role that owns nothing and can only SELECT, as in production."""
    return {domain: url.set(username=SOURCE_READER) for domain, url in pipeline.sources.items()}


def test_the_error_names_a_source_that_is_down_and_the_warehouse_stays_unchanged(
    landed: Pipeline,
) -> None:
    add(landed.sources, "ticketing.organizations")
    down = {**landed.sources, "scanning": landed.sources["scanning"].set(port=1)}
    before = warehouse_bytes(landed.warehouse)

    with pytest.raises(SourceUnavailable, match="source scanning is down or too slow") as raised:
        land_all(down, landed.warehouse)

    assert raised.value.retryable
    assert raised.value.facts == {"domain": "scanning"}
    assert str(down["scanning"].password) not in raised.value.message
    assert warehouse_bytes(landed.warehouse) == before


def test_a_source_that_is_too_slow_is_abandoned_and_the_warehouse_stays_unchanged(
    landed: Pipeline,
) -> None:
    add(landed.sources, "ticketing.organizations")
    before = warehouse_bytes(landed.warehouse)
    with psycopg.connect(conninfo(landed.sources["ledger"])) as connection:
        connection.execute("lock table ledger.entries in access exclusive mode")

        with pytest.raises(SourceUnavailable, match="too slow while reading") as raised:
            land_all(landed.sources, landed.warehouse, timeout_seconds=1)

    assert raised.value.facts == {"domain": "ledger"}
    assert raised.value.message == (
        "source ledger is down or too slow while reading ledger.entries: canceling statement due "
        "to statement timeout; nothing was landed; try again, and check the source's address and "
        "load"
    )
    assert warehouse_bytes(landed.warehouse) == before


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            "alter table ledger.entries drop column component",
            "ledger.entries.component: expected text, found no such column",
        ),
        (
            "alter table scanning.scans alter column device_sequence type text",
            "scanning.scans.device_sequence: expected bigint, found text",
        ),
        (
            "alter table ledger.entries alter column amount_minor type numeric(20, 2)",
            "ledger.entries.amount_minor: expected bigint, found numeric(20,2)",
        ),
        ("drop table seating.inventory_movements", "seating.inventory_movements: expected a table"),
        (
            "revoke select on ticketing.tickets from source_reader",
            "ticketing.tickets: expected SELECT, found no right to read",
        ),
        ("revoke usage on schema scanning from source_reader", "scanning: expected USAGE"),
    ],
)
def test_a_source_that_differs_from_the_contract_is_refused_before_a_row_is_read(
    landed: Pipeline, damage: str, problem: str
) -> None:
    add(landed.sources, "ticketing.organizations")
    query(landed.sources["ledger"], damage)
    before = warehouse_bytes(landed.warehouse)

    with pytest.raises(SourceContractBroken) as raised:
        land_all(readers(landed), landed.warehouse)

    assert problem in raised.value.message
    assert problem.startswith(str(raised.value.facts["domain"]))
    assert raised.value.message.endswith("nothing was landed")
    assert warehouse_bytes(landed.warehouse) == before


def test_a_role_that_can_only_read_lands_everything(loaded: Pipeline, warehouse_url: URL) -> None:
    result = land_all(readers(loaded), warehouse_url)

    assert result.new_count == loaded.land().new_count


def test_a_snapshot_is_read_only_even_for_the_owner(loaded: Pipeline) -> None:
    writing = sql.SQL("delete from ledger.entries").format()
    with open_snapshots(loaded.sources, timeout_seconds=10, clock=lambda: NOW) as snapshots:
        assert snapshots["ledger"].connection.info.user != SOURCE_READER
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            snapshots["ledger"].rows(ENTRIES, writing)


def test_all_tables_of_a_source_are_read_as_of_one_instant(loaded: Pipeline) -> None:
    entries = sql.SQL("select count(*) from ledger.entries").format()
    movements = sql.SQL("select count(*) from ticketing.order_line_movements").format()
    with open_snapshots(loaded.sources, timeout_seconds=10, clock=lambda: NOW) as snapshots:
        before = snapshots["ledger"].rows(ENTRIES, entries)
        add(loaded.sources, "ledger.entries")
        add(loaded.sources, "ticketing.order_line_movements")

        # The schemas are in one database, so they share one snapshot.
        assert snapshots["ledger"] is snapshots["ticketing"]
        assert snapshots["ledger"].rows(ENTRIES, entries) == before == [(3_841,)]
        assert snapshots["ticketing"].rows(ORDER_LINE_MOVEMENTS, movements) == [(1_056,)]


def test_the_connection_has_an_application_name(loaded: Pipeline) -> None:
    with open_snapshots(loaded.sources, timeout_seconds=10, clock=lambda: NOW) as snapshots:
        name = sql.SQL("select current_setting('application_name')").format()

        assert snapshots["seating"].rows(VENUES, name) == [("reporting landing",)]


def test_the_error_names_a_source_that_is_lost_while_it_is_read_and_the_table(
    loaded: Pipeline, superuser: psycopg.Connection
) -> None:
    entries = sql.SQL("select id from ledger.entries").format()
    with open_snapshots(loaded.sources, timeout_seconds=10, clock=lambda: NOW) as snapshots:
        pid = snapshots["ledger"].connection.info.backend_pid
        superuser.execute("select pg_terminate_backend(%s, 5000)", [pid])

        with pytest.raises(SourceUnavailable, match=r"while reading ledger\.entries"):
            list(snapshots["ledger"].binary_copy(ENTRIES, entries))

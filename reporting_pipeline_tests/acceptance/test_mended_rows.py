"""Rows that are set aside hold what lacks them until they are mended; then all is right."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from reporting_pipeline.checks.seals import SealScope, SealState, seals_of
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.hostile_sources import (
    FIRST,
    FIRST_EVENT,
    SECOND,
    drop_promises,
)
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.report_tables import (
    ACCOUNTS,
    ATTENDANCE,
    OCCUPANCY,
    QUARTERS,
    REVENUE,
    SALES,
    SUMMARY,
    TAX,
)
from reporting_pipeline_tests.sources.landing.upstream import change, land_all, query

_DUMP = CASES / "one_bad_row" / "dump"
_SOLD, _SCANNED = date(2026, 5, 1), date(2026, 9, 18)
_MONEY = (REVENUE, TAX, ACCOUNTS)
_TICKETS = (ATTENDANCE, QUARTERS, OCCUPANCY)
_SALE = "79dd03d9-17bd-44ac-8262-745617f8a4ff"
_ENTRY = "2d70f840-0efc-44d6-90a4-617b868c6fb5"
_ACCOUNT = "3f1d6a71-6e01-46d9-9f6c-84bee83b8523"
_MOVEMENT = "0b7d14f2-1188-4e2e-b4ef-15e4e8f655e1"
_ORDER = "5c32d6d3-ac77-4e81-b699-c17f136cb5eb"
_TYPE = "0ade82e4-fd91-40fb-addb-f69b6c8a1f12"
_TICKET = "980a0462-5b01-45e0-a875-3510ea95dcf5"
_SCAN = "b6a0aec3-85c6-4456-8ae4-ff6fe63bd14f"

# Table, row, column, a value that cannot be used; then the report tables and the day that lack it.
_BROKEN: Sequence[tuple[str, str, str, object, Sequence[str], date, SealState]] = [
    ("ledger.transactions", _SALE, "kind", "gift", _MONEY, _SOLD, SealState.HELD),
    ("ledger.entries", _ENTRY, "amount_minor", 6 * 10**18, _MONEY, _SOLD, SealState.HELD),
    ("ledger.accounts", _ACCOUNT, "kind", "", _MONEY, _SOLD, SealState.HELD),
    (
        *("ticketing.order_line_movements", _MOVEMENT, "line_no", 0),
        *((SALES, SUMMARY), _SOLD, SealState.HELD),
    ),
    ("ticketing.orders", _ORDER, "channel", "", (SALES, SUMMARY), _SOLD, SealState.HELD),
    ("ticketing.ticket_types", _TYPE, "is_admission", None, (SALES,), _SOLD, SealState.HELD),
    ("ticketing.events", FIRST_EVENT, "timezone", "Mars", (SALES,), _SOLD, SealState.HELD),
    ("ticketing.tickets", _TICKET, "status", "", _TICKETS, _SCANNED, SealState.PROVISIONAL),
    ("scanning.scans", _SCAN, "direction", "", _TICKETS, _SCANNED, SealState.PROVISIONAL),
]


@pytest.fixture
def books() -> Books:
    return Books.from_dump(_DUMP)


def _take(pipeline: Pipeline) -> None:
    land_all(pipeline.sources, pipeline.warehouse)
    pipeline.build_touched()
    pipeline.seal_all()


def _state(
    pipeline: Pipeline, tables: Sequence[str], day: date, organization_id: str = FIRST
) -> tuple[SealState, str]:
    """The seal of a day for the organisation's event, or for all of the other's, with reasons."""
    scope = SealScope(
        organization_id=UUID(organization_id),
        first=day,
        end=day + timedelta(days=1),
        report_tables=tuple(tables),
        event_ids=(UUID(FIRST_EVENT),) if organization_id == FIRST else None,
    )
    with warehouse_connection(pipeline.warehouse) as connection:
        [seal] = seals_of(connection, scope, delay_seconds=7200).seals
    return seal.state, "; ".join(seal.reasons)


@pytest.mark.parametrize(
    ("table", "row_id", "column", "value", "tables", "day", "state"),
    _BROKEN,
    ids=[f"{each[0]}.{each[2]}" for each in _BROKEN],
)
def test_a_row_holds_what_lacks_it_until_it_is_mended(  # noqa: PLR0913, PLR0917 - one case
    pipeline: Pipeline,
    books: Books,
    table: str,
    row_id: str,
    column: str,
    value: Any,
    tables: Sequence[str],
    day: date,
    state: SealState,
) -> None:
    load_dump(_DUMP, pipeline.sources)
    drop_promises(pipeline.sources)
    change(pipeline.sources, table, row_id, **{column: value})
    _take(pipeline)

    found, reasons = _state(pipeline, tables, day)
    assert found is state, reasons
    assert f"{table}, row {row_id}, is set aside: " in reasons
    assert _state(pipeline, tables, day, SECOND) == (SealState.FINAL, "")

    # The record clock does not move; dependents, such as entries, have landed before.
    change(pipeline.sources, table, row_id, **{column: books[table][row_id][column]})
    _take(pipeline)

    assert _state(pipeline, tables, day) == (SealState.FINAL, "")
    assert query(pipeline.warehouse, "select * from landing.row_findings") == []
    assert_same(expected_tables(books), pipeline.tables())


def test_a_landed_row_that_becomes_unusable_keeps_its_values_and_holds_its_day(
    pipeline: Pipeline, books: Books
) -> None:
    load_dump(_DUMP, pipeline.sources)
    _take(pipeline)
    assert _state(pipeline, _MONEY, _SOLD) == (SealState.FINAL, "")

    change(pipeline.sources, "ledger.entries", _ENTRY, amount_minor=6 * 10**18)
    land_all(pipeline.sources, pipeline.warehouse, read_all=True)
    pipeline.build_touched()
    pipeline.seal_all()

    assert_same(expected_tables(books), pipeline.tables())
    state, reasons = _state(pipeline, _MONEY, _SOLD)
    assert state is SealState.HELD
    assert f"ledger.entries, row {_ENTRY}, is set aside: amount_minor" in reasons

    change(pipeline.sources, "ledger.entries", _ENTRY, amount_minor=1000)
    _take(pipeline)
    assert _state(pipeline, _MONEY, _SOLD) == (SealState.FINAL, "")


def test_a_mutable_row_that_becomes_unusable_makes_its_days_provisional(
    pipeline: Pipeline, books: Books
) -> None:
    load_dump(_DUMP, pipeline.sources)
    _take(pipeline)

    later = "2026-06-01T00:00:00Z"
    change(pipeline.sources, "ticketing.events", FIRST_EVENT, timezone="Mars", updated_at=later)
    _take(pipeline)

    assert_same(expected_tables(books), pipeline.tables())
    state, reasons = _state(pipeline, (SALES,), _SOLD)
    assert state is SealState.PROVISIONAL
    assert "timezone 'Mars' is not the IANA name of a time zone" in reasons


def test_a_row_that_is_gone_upstream_releases_its_day(pipeline: Pipeline) -> None:
    load_dump(_DUMP, pipeline.sources)
    drop_promises(pipeline.sources)
    change(pipeline.sources, "scanning.scans", _SCAN, scanned_at="52000-01-01Z")
    _take(pipeline)
    # Its business clock cannot be used, so it counts on the day of its record clock.
    assert _state(pipeline, _TICKETS, _SCANNED)[0] is SealState.PROVISIONAL

    query(pipeline.sources["scanning"], "delete from scanning.scans")
    land_all(pipeline.sources, pipeline.warehouse)

    assert _SCANNED in {day for days in pipeline.queue().values() for _, day in days}
    pipeline.build_touched()
    pipeline.seal_all()
    assert _state(pipeline, _TICKETS, _SCANNED) == (SealState.FINAL, "")

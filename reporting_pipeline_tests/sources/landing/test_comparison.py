"""The comparison in rotation finds rows that have changed or gone without a new record clock."""

from typing import Any
from uuid import uuid4

import pytest

from reporting_pipeline.sources.landing import LandingResult, comparison, rotation
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    BERLIN,
    NEW_YORK,
    ORDER,
    add,
    change,
    delete,
    drop_references,
    land_all,
    newest_clock,
    query,
)

EVERYTHING = 1_000_000
_FINDINGS = (
    "select domain || '.' || table_name, row_id::text, finding from landing.row_findings"
    " order by 1, 2, 3"
)
_PROGRESS = (
    "select next_clock is null, turn_ended_at is not null, compared_count"
    " from landing.comparisons where table_name = 'entries' and walk = 'rows'"
)


def land(pipeline: Pipeline, **options: Any) -> LandingResult:
    """Land without a comparison of clocks."""
    return land_all(pipeline.sources, pipeline.warehouse, clock_count=0, **options)


def findings(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return query(pipeline.warehouse, _FINDINGS)


def oldest(pipeline: Pipeline, table: str, condition: str = "true") -> str:
    statement = f"select id::text from {table} where {condition} order by recorded_at, id limit 1"  # noqa: S608 - our names
    [(row_id,)] = query(pipeline.sources["ledger"], statement)
    return str(row_id)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("ledger.entries", {"amount_minor": 1}),
        ("ledger.entries", {"currency": "USD"}),
        ("ledger.entries", {"account_id": "one of another organisation"}),
        ("ledger.entries", {"transaction_id": "the newest"}),
        ("ledger.accounts", {"kind": "suspense"}),
        ("ledger.accounts", {"currency": "JPY"}),
        ("ledger.transactions", {"event_id": NEW_YORK}),
        ("ledger.transactions", {"effective_at": "2025-01-01Z"}),
        ("ticketing.order_line_movements", {"occurred_at": "2025-01-01Z"}),
        ("seating.inventory_movements", {"quantity": 7}),
    ],
)
def test_a_row_that_is_changed_in_place_is_found_and_heals(
    landed: Pipeline, table: str, values: dict[str, Any]
) -> None:
    if "account_id" in values:
        other = "select id::text from ledger.accounts where organization_id <> %s limit 1"
        organization = (
            "select organization_id from ledger.accounts join ledger.entries"
            " on account_id = accounts.id where entries.id = %s"
        )
        [(organization_id,)] = query(
            landed.sources["ledger"], organization, oldest(landed, "ledger.entries")
        )
        [(account_id,)] = query(landed.sources["ledger"], other, organization_id)
        values = {"account_id": account_id}
    if "transaction_id" in values:
        newest = "select id::text from ledger.transactions order by recorded_at desc limit 1"
        [(transaction_id,)] = query(landed.sources["ledger"], newest)
        values = {"transaction_id": transaction_id}
    [name] = values
    condition = f"{name} is distinct from '{values[name]}'"
    row_id = oldest(landed, table, condition)
    former = f"select {name}::text from {table} where id = '{row_id}'"  # noqa: S608 - our names
    [(value,)] = query(landed.sources["ledger"], former)
    change(landed.sources, table, row_id, **values)

    land(landed)
    # All rows of the other tables are in the overlap, so a landing finds them at once.
    assert len(findings(landed)) == (table in {"ledger.accounts", "seating.inventory_movements"})

    result = land(landed, compared_count=EVERYTHING)
    assert result.new_count == 0
    assert findings(landed) == [(table, row_id, "changed")]
    kept = f"select {name}::text from landing.{table.replace('.', '_')} where id = %s"  # noqa: S608
    assert query(landed.warehouse, kept, row_id) == [(value,)]

    change(landed.sources, table, row_id, **{name: value})
    land(landed)
    assert findings(landed) == []


def test_a_mutable_row_without_a_new_updated_at_lands_and_is_a_finding_until_it_has_one(
    landed: Pipeline,
) -> None:
    change(landed.sources, "ticketing.orders", ORDER, channel="kiosk")

    assert land(landed, compared_count=EVERYTHING).new_count == 1

    channel = "select channel from landing.ticketing_orders where id = %s"
    assert query(landed.warehouse, channel, ORDER) == [("kiosk",)]
    assert findings(landed) == [("ticketing.orders", ORDER, "unmarked")]
    land(landed, compared_count=EVERYTHING)
    assert findings(landed) == [("ticketing.orders", ORDER, "unmarked")]

    newer = newest_clock(landed.sources, "ticketing.orders")
    change(landed.sources, "ticketing.orders", ORDER, channel="web", updated_at=newer)
    land(landed)
    assert findings(landed) == []


def test_a_row_that_appears_under_an_old_clock_lands(landed: Pipeline) -> None:
    late = add(landed.sources, "scanning.scans", received_at="2025-02-01Z")

    assert land(landed).new_count == 0
    assert land(landed, compared_count=EVERYTHING).new_count == 1

    scans = "select id::text from landing.scanning_scans where id = %s"
    assert query(landed.warehouse, scans, late) == [(late,)]


def test_rows_that_differ_for_a_known_reason_are_no_findings(landed: Pipeline) -> None:
    event = add(landed.sources, "ticketing.events", timezone="CET", updated_at="2025-01-02Z")
    land(landed, read_all=True)

    result = land(landed, compared_count=EVERYTHING)

    assert result.new_count == 0
    [events] = [each for each in result.comparisons if each.table_name == "events"]
    assert [str(each) for each in events.suspects] == [event]
    assert findings(landed) == []


def test_the_comparison_goes_on_where_it_has_stopped(
    landed: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_ROWS_PER_RANGE", 100)
    older = (
        "from ledger.entries where recorded_at <"
        " (select max(recorded_at) - interval '15 minutes' from ledger.entries)"
    )
    [(row_count,)] = query(landed.sources["ledger"], f"select count(*) {older}")
    last = f"select id::text {older} order by recorded_at desc limit 1"
    [(row_id,)] = query(landed.sources["ledger"], last)
    change(landed.sources, "ledger.entries", row_id, amount_minor=1)

    turns = 0
    while not findings(landed):
        turns += 1
        assert turns < 20
        result = land(landed, compared_count=5_000)
        compared = {each.table_name: each for each in result.comparisons}
        # Small tables leave their share to large ones; a range more than the budget at most.
        assert sum(each.compared_count for each in result.comparisons) <= 5_000 + 16 * 100
        assert compared["organizations"].is_turn_over

    assert turns > 1
    while query(landed.warehouse, _PROGRESS)[0][0] is False:
        land(landed, compared_count=5_000)
    assert query(landed.warehouse, _PROGRESS) == [(True, True, row_count)]


def test_many_rows_of_one_clock_are_one_range(
    landed: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_ROWS_PER_RANGE", 3)
    query(landed.sources["scanning"], "update scanning.scans set received_at = '2025-03-01Z'")
    land(landed, read_all=True)
    query(landed.warehouse, "update landing.scanning_scans set received_at = '2025-03-01Z'")
    [(row_id,)] = query(landed.sources["scanning"], "select id::text from scanning.scans limit 1")
    change(landed.sources, "scanning.scans", row_id, is_offline=True, device_sequence=77)
    add(landed.sources, "scanning.scans", received_at="2025-09-01Z")
    land(landed)
    query(landed.warehouse, "delete from landing.row_findings")

    land(landed, compared_count=EVERYTHING)

    assert findings(landed) == [("scanning.scans", row_id, "changed")]


def test_very_many_differences_are_found_over_several_comparisons(
    landed: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_ROWS_PER_RANGE", 50)
    monkeypatch.setattr(comparison, "_MAX_SUSPECTS", 100)
    query(landed.sources["ledger"], "update ledger.entries set amount_minor = amount_minor + 1")

    result = land(landed, compared_count=EVERYTHING)

    [entries] = [each for each in result.comparisons if each.table_name == "entries"]
    assert 100 <= len(entries.suspects) <= 200
    assert not entries.is_turn_over


def test_an_entry_without_its_transaction_is_a_finding_until_the_transaction_lands(
    landed: Pipeline,
) -> None:
    drop_references(landed.sources, "ledger")
    transaction_id = str(uuid4())
    entry_id = add(landed.sources, "ledger.entries", transaction_id=transaction_id)

    land(landed)

    assert findings(landed) == [("ledger.entries", entry_id, "orphaned")]
    reason = (
        "select reason, organization_id is not null, first_day is not null"
        " from landing.row_findings"
    )
    assert query(landed.warehouse, reason) == [
        (f"transaction_id {transaction_id} is no row of ledger.transactions", True, True)
    ]
    assert land(landed).new_count == 0
    assert findings(landed) == [("ledger.entries", entry_id, "orphaned")]

    add(landed.sources, "ledger.transactions", id=transaction_id, event_id=BERLIN)
    land(landed)
    assert findings(landed) == []
    day = "select report_day is not null from landing.ledger_entries where id = %s"
    assert query(landed.warehouse, day, entry_id) == [(True,)]


def test_an_orphan_that_is_deleted_is_a_deleted_row(landed: Pipeline) -> None:
    drop_references(landed.sources, "ledger")
    entry_id = add(landed.sources, "ledger.entries", account_id=uuid4())
    land(landed)
    delete(landed.sources, "ledger.entries", entry_id)

    land(landed)

    assert findings(landed) == [
        ("ledger.entries", entry_id, "deleted"),
        ("ledger.entries", entry_id, "orphaned"),
    ]

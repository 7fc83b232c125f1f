"""Rows that a source deletes: they stay landed, each is a finding, and a month is read once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reporting_pipeline.errors import SourceReplaced
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    ORDER,
    ORGANIZATION,
    change,
    delete,
    land_all,
    query,
    restore,
)

_FINDINGS = (
    "select domain || '.' || table_name, row_id::text, finding from landing.row_findings"
    " order by 1, 2, 3"
)
_OLD = "select id::text from {} order by {}, id limit 1"
_NEW = "select id::text from {} order by {} desc, id limit 1"


def findings(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return query(pipeline.warehouse, _FINDINGS)


def count(pipeline: Pipeline, table: str) -> int:
    statement = f"select count(*) from landing.{table.replace('.', '_')}"  # noqa: S608 - our names
    [(row_count,)] = query(pipeline.warehouse, statement)
    return int(row_count)


@pytest.mark.parametrize("place", [_OLD, _NEW], ids=["behind the overlap", "in the overlap"])
@pytest.mark.parametrize(
    ("table", "clock"),
    [
        ("ticketing.orders", "updated_at"),
        ("ticketing.order_line_movements", "recorded_at"),
        ("ticketing.tickets", "updated_at"),
        ("scanning.scans", "received_at"),
        ("seating.inventory_movements", "recorded_at"),
        ("ledger.accounts", "recorded_at"),
        ("ledger.transactions", "recorded_at"),
        ("ledger.entries", "recorded_at"),
    ],
)
def test_a_deleted_row_stays_landed_and_is_a_finding_until_it_is_back(
    landed: Pipeline, table: str, clock: str, place: str
) -> None:
    before = count(landed, table)
    [(row_id,)] = query(landed.sources["ledger"], place.format(table, clock))
    rows = delete(landed.sources, table, row_id)

    result = landed.land()

    assert result.new_count == 0
    assert count(landed, table) == before
    assert findings(landed) == [(table, row_id, "deleted")]
    [(organization, has_reason)] = query(
        landed.warehouse,
        "select organization_id is not null, reason like 'the source does not have it any more%'"
        " from landing.row_findings",
    )
    assert (organization, has_reason) == (True, True)

    restore(landed.sources, table, rows)
    assert landed.land().new_count == 0
    assert findings(landed) == []


def test_the_month_of_a_deleted_row_is_read_once(landed: Pipeline) -> None:
    def read_count() -> int:
        return {table.table_name: table.read_count for table in landed.land().tables}["entries"]

    former = read_count()
    [(row_id,)] = query(landed.sources["ledger"], _OLD.format("ledger.entries", "recorded_at"))
    delete(landed.sources, "ledger.entries", row_id)

    assert read_count() > former + 20
    assert [read_count(), read_count()] == [former, former]
    assert findings(landed) == [("ledger.entries", row_id, "deleted")]


def test_a_month_that_is_deleted_completely_is_found(landed: Pipeline) -> None:
    oldest = (
        "select id::text from ledger.entries where date_trunc('month', recorded_at) ="
        " (select min(date_trunc('month', recorded_at)) from ledger.entries)"
    )
    ids = [row_id for (row_id,) in query(landed.sources["ledger"], oldest)]
    assert len(ids) > 10
    delete(landed.sources, "ledger.entries", *ids)

    land_all(landed.sources, landed.warehouse, despite_losses=True)

    assert findings(landed) == [("ledger.entries", row_id, "deleted") for row_id in sorted(ids)]


def test_a_row_whose_record_clock_changes_has_changed_and_is_not_deleted(
    landed: Pipeline,
) -> None:
    for place, days in ((_OLD, 40), (_NEW, -40)):
        statement = place.format("ledger.entries", "recorded_at")
        [(row_id,)] = query(landed.sources["ledger"], statement)
        [(clock,)] = query(
            landed.sources["ledger"], "select recorded_at from ledger.entries where id = %s", row_id
        )
        change(landed.sources, "ledger.entries", row_id, recorded_at=clock + timedelta(days=days))

        landed.land()

        assert (("ledger.entries", row_id, "changed")) in findings(landed)
    assert {finding for _, _, finding in findings(landed)} == {"changed"}
    assert len(findings(landed)) == 2


def test_a_deleted_row_that_comes_back_changed_has_changed(landed: Pipeline) -> None:
    [(row_id,)] = query(landed.sources["ledger"], _OLD.format("ledger.entries", "recorded_at"))
    [row] = delete(landed.sources, "ledger.entries", row_id)
    landed.land()

    restore(landed.sources, "ledger.entries", [{**row, "amount_minor": 1}])
    landed.land()

    assert findings(landed) == [("ledger.entries", row_id, "changed")]
    [(reason,)] = query(landed.warehouse, "select reason from landing.row_findings")
    assert reason.endswith(f"append-only: amount_minor {row['amount_minor']} is now 1")


def test_a_large_table_is_compared_in_rotation_and_not_by_months(landed: Pipeline) -> None:
    large = {"clock_count": 0}
    [(row_id,)] = query(landed.sources["ledger"], _OLD.format("ledger.entries", "recorded_at"))
    delete(landed.sources, "ledger.entries", row_id)

    land_all(landed.sources, landed.warehouse, **large)
    assert findings(landed) == []

    land_all(landed.sources, landed.warehouse, compared_count=100_000, **large)
    assert findings(landed) == [("ledger.entries", row_id, "deleted")]


def test_a_source_that_was_loaded_again_under_other_ids_is_not_landed(landed: Pipeline) -> None:
    before = count(landed, "ledger.entries")
    for table in ("accounts", "transactions", "entries"):
        statement = f"update ledger.{table} set id = gen_random_uuid()"  # noqa: S608 - our names
        delete(landed.sources, f"ledger.{table}")
        query(landed.sources["ledger"], statement)

    with pytest.raises(SourceReplaced, match=r"rows of ledger\.accounts that were looked for"):
        landed.land()

    assert count(landed, "ledger.entries") == before
    faults = "select domain, error from landing.source_faults"
    assert query(landed.warehouse, faults) == [("ledger", "SourceReplaced")]


@pytest.mark.parametrize("table", ["ledger.entries", "scanning.scans"])
def test_an_emptied_table_is_a_fault_until_its_rows_are_back(landed: Pipeline, table: str) -> None:
    statement = f"select id::text from {table}"  # noqa: S608 - our names
    ids = [row_id for (row_id,) in query(landed.sources["ledger"], statement)]
    rows = delete(landed.sources, table, *ids)

    with pytest.raises(SourceReplaced, match=rf"{table} that were looked for, 100 are not there"):
        landed.land()
    assert findings(landed) == []

    restore(landed.sources, table, rows)
    assert landed.land().new_count == 0
    assert query(landed.warehouse, "select domain from landing.source_faults") == []


def test_losses_that_an_operator_lands_are_findings_and_the_next_landing_goes_on(
    landed: Pipeline,
) -> None:
    ids = [
        row_id
        for (row_id,) in query(landed.sources["ledger"], "select id::text from scanning.scans")
    ]
    delete(landed.sources, "scanning.scans", *ids)

    land_all(landed.sources, landed.warehouse, despite_losses=True)

    assert len(findings(landed)) == len(ids)
    assert landed.land().new_count == 0
    assert len(findings(landed)) == len(ids)


def test_a_source_that_was_set_back_loses_its_newest_rows_and_lands_further_ones(
    landed: Pipeline,
) -> None:
    last = "select id::text from ledger.entries order by recorded_at desc limit 200"
    ids = [row_id for (row_id,) in query(landed.sources["ledger"], last)]
    delete(landed.sources, "ledger.entries", *ids)
    later = datetime(2026, 1, 1, tzinfo=UTC)
    change(landed.sources, "ticketing.orders", ORDER, channel="kiosk", updated_at=later)

    assert landed.land().new_count == 1

    assert findings(landed) == [("ledger.entries", row_id, "deleted") for row_id in sorted(ids)]
    assert landed.land().new_count == 0
    assert len(findings(landed)) == 200


def test_a_finding_names_the_event_and_the_days_of_its_row(landed: Pipeline) -> None:
    found = (
        "select e.id::text, t.organization_id, t.event_id, e.report_day, e.report_day"
        " from landing.ledger_entries e join landing.ledger_transactions t"
        " on t.id = e.transaction_id where t.event_id is not null order by e.id limit 1"
    )
    [(row_id, *concerned)] = query(landed.warehouse, found)
    delete(landed.sources, "ledger.entries", row_id)
    delete(landed.sources, "ticketing.organizations", ORGANIZATION)
    landed.land()

    scope = (
        "select organization_id, event_id, first_day, last_day from landing.row_findings"
        " where table_name = %s"
    )
    assert query(landed.warehouse, scope, "entries") == [tuple(concerned)]
    [(organization, *others)] = query(landed.warehouse, scope, "organizations")
    assert (str(organization), others) == (ORGANIZATION, [None, None, None])

"""A source changes behind us: figures stay, reports are held, and alerts name the rows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.alerts.causes import current_causes
from reporting_pipeline.checks.seals import SealedPeriod, SealScope, SealState, seals_of
from reporting_pipeline.errors import SourceReplaced
from reporting_pipeline.sources.source_findings import (
    FindingDecision,
    accept_findings,
    take_back_findings,
)
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    add,
    change,
    delete,
    land_all,
    query,
    restore,
)

DAY = timedelta(days=1)
_ENTRY = (
    "select e.id::text, t.organization_id, t.event_id, e.report_day"
    " from landing.ledger_entries e join landing.ledger_transactions t on t.id = e.transaction_id"
    " where t.event_id is not null and t.kind = 'sale' order by e.report_day, e.id limit 1"
)
_SCAN = (
    "select s.id::text, e.organization_id, s.event_id, s.report_day from landing.scanning_scans s"
    " join landing.ticketing_events e on e.id = s.event_id order by s.report_day, s.id limit 1"
)


def seals(
    pipeline: Pipeline,
    organization_id: UUID,
    day: date,
    event_id: UUID | None = None,
    table: str = "report_revenue_daily",
) -> SealedPeriod:
    scope = SealScope(
        organization_id=organization_id,
        first=day,
        end=day + DAY,
        report_tables=(table,),
        event_ids=None if event_id is None else (event_id,),
    )
    with warehouse_connection(pipeline.warehouse) as connection:
        return seals_of(connection, scope, delay_seconds=0)


def alerts(pipeline: Pipeline) -> list[Alert]:
    with warehouse_connection(pipeline.warehouse) as connection:
        causes = current_causes(
            connection, stale_after=timedelta(days=9_999), now=datetime.now(UTC)
        )
    kinds = {AlertKind.SOURCE_ROWS, AlertKind.CONTRACT_BROKEN}
    return [each for each in causes.alerts if each.kind in kinds]


def land_and_seal(pipeline: Pipeline, **options: Any) -> None:
    """Land, build the days that landing touched, and check all days again."""
    land_all(pipeline.sources, pipeline.warehouse, **options)
    pipeline.build_touched()
    pipeline.seal_all()


def decision(table: str, finding: str, *ids: str) -> FindingDecision:
    return FindingDecision(
        table=table,
        finding=finding,
        ids=tuple(map(UUID, ids)),
        person="Ada",
        now=datetime.now(UTC),
    )


@pytest.mark.parametrize("what", ["deleted", "changed"])
def test_a_ledger_row_behind_us_holds_its_event_and_day_until_it_is_accepted_or_right(
    season_pipeline: Pipeline, what: str
) -> None:
    [(row_id, organization, event, day)] = query(season_pipeline.warehouse, _ENTRY)
    figures = season_pipeline.tables()
    assert seals(season_pipeline, organization, day, event).state is SealState.FINAL
    rows: list[dict[str, Any]] = []
    if what == "deleted":
        rows = delete(season_pipeline.sources, "ledger.entries", row_id)
    else:
        change(season_pipeline.sources, "ledger.entries", row_id, amount_minor=1)

    land_and_seal(season_pipeline, compared_count=100_000)

    assert season_pipeline.tables() == figures
    held = seals(season_pipeline, organization, day, event)
    assert held.state is SealState.HELD
    assert f"ledger.entries, row {row_id}" in held.seals[0].reasons[0]
    # Other days, events and organisations, and reports without the ledger, are not held.
    assert seals(season_pipeline, organization, day - DAY, event).state is SealState.FINAL
    assert seals(season_pipeline, organization, day, UUID(int=9)).state is SealState.FINAL
    [(other,)] = query(
        season_pipeline.warehouse,
        "select id from landing.ticketing_organizations where id <> %s limit 1",
        organization,
    )
    assert seals(season_pipeline, other, day).state is SealState.FINAL
    [alert] = alerts(season_pipeline)
    assert alert.organization_id == organization
    assert alert.message.startswith(f"ledger.entries, row {row_id} (event ")
    assert "its reports are held" in alert.message

    with warehouse_connection(season_pipeline.warehouse) as connection:
        accept_findings(connection, decision("ledger.entries", what, row_id), reason="known")
    assert seals(season_pipeline, organization, day, event).state is SealState.FINAL
    assert alerts(season_pipeline) == []
    land_and_seal(season_pipeline)
    assert seals(season_pipeline, organization, day, event).state is SealState.FINAL

    with warehouse_connection(season_pipeline.warehouse) as connection:
        take_back_findings(connection, decision("ledger.entries", what, row_id))
    assert seals(season_pipeline, organization, day, event).state is SealState.HELD

    if what == "deleted":
        restore(season_pipeline.sources, "ledger.entries", rows)
    else:
        former = "select amount_minor from landing.ledger_entries where id = %s"
        [(amount,)] = query(season_pipeline.warehouse, former, row_id)
        change(season_pipeline.sources, "ledger.entries", row_id, amount_minor=amount)
    land_and_seal(season_pipeline)
    assert seals(season_pipeline, organization, day, event).state is SealState.FINAL
    assert alerts(season_pipeline) == []


def test_a_row_that_changes_again_after_it_was_accepted_holds_again(
    season_pipeline: Pipeline,
) -> None:
    [(row_id, organization, event, day)] = query(season_pipeline.warehouse, _ENTRY)
    change(season_pipeline.sources, "ledger.entries", row_id, amount_minor=1)
    land_all(season_pipeline.sources, season_pipeline.warehouse, compared_count=100_000)
    with warehouse_connection(season_pipeline.warehouse) as connection:
        accept_findings(connection, decision("ledger.entries", "changed", row_id), reason="known")

    change(season_pipeline.sources, "ledger.entries", row_id, amount_minor=2)
    season_pipeline.land()

    assert seals(season_pipeline, organization, day, event).state is SealState.HELD


def test_a_deleted_scan_holds_what_counts_scans_and_no_money(season_pipeline: Pipeline) -> None:
    [(row_id, organization, event, day)] = query(season_pipeline.warehouse, _SCAN)
    delete(season_pipeline.sources, "scanning.scans", row_id)

    season_pipeline.land()

    attendance = "report_attendance_daily"
    assert seals(season_pipeline, organization, day, event, attendance).state is SealState.HELD
    assert seals(season_pipeline, organization, day, event).state is SealState.FINAL


def test_a_deleted_transaction_with_its_entries_is_one_alert_for_each_table(
    season_pipeline: Pipeline,
) -> None:
    transaction = (
        "select transaction_id::text, array_agg(id::text) from ledger.entries group by 1"
        " order by 1 limit 1"
    )
    [(transaction_id, entry_ids)] = query(season_pipeline.sources["ledger"], transaction)
    delete(season_pipeline.sources, "ledger.entries", *entry_ids)
    delete(season_pipeline.sources, "ledger.transactions", transaction_id)

    season_pipeline.land()

    assert {each.facts["table"]: each.count for each in alerts(season_pipeline)} == {
        "ledger.entries": len(entry_ids),
        "ledger.transactions": 1,
    }
    assert [each for each in season_pipeline.discrepancies() if each.severity == "error"] == []


def test_a_changed_account_holds_every_day_of_its_organization(season_pipeline: Pipeline) -> None:
    account = "select id::text, organization_id from ledger.accounts order by id limit 1"
    [(account_id, organization)] = query(season_pipeline.sources["ledger"], account)
    change(season_pipeline.sources, "ledger.accounts", account_id, kind="suspense")

    land_all(season_pipeline.sources, season_pipeline.warehouse, compared_count=100_000)

    for day in (date(2025, 8, 1), date(2025, 10, 1)):
        assert seals(season_pipeline, organization, day).state is SealState.HELD


def test_a_source_that_was_emptied_holds_every_organization_with_one_alert(
    season_pipeline: Pipeline,
) -> None:
    [(_, organization, _, day)] = query(season_pipeline.warehouse, _ENTRY)
    statement = "select id::text from ledger.entries"
    ids = [row_id for (row_id,) in query(season_pipeline.sources["ledger"], statement)]
    rows = delete(season_pipeline.sources, "ledger.entries", *ids)
    add(season_pipeline.sources, "ticketing.organizations")

    with pytest.raises(SourceReplaced):
        season_pipeline.land()

    held = seals(season_pipeline, organization, day)
    assert held.seals[0].reasons == ("source ledger lacks most of its landed rows",)
    [alert] = alerts(season_pipeline)
    assert alert.kind is AlertKind.CONTRACT_BROKEN
    assert "of 100 landed rows of ledger.entries" in alert.message

    restore(season_pipeline.sources, "ledger.entries", rows)
    season_pipeline.land()
    assert seals(season_pipeline, organization, day).state is SealState.FINAL
    assert alerts(season_pipeline) == []


def test_very_many_deleted_rows_are_one_alert_for_their_table(season_pipeline: Pipeline) -> None:
    statement = "select id::text from ledger.entries order by recorded_at desc limit 1500"
    ids = [row_id for (row_id,) in query(season_pipeline.sources["ledger"], statement)]
    delete(season_pipeline.sources, "ledger.entries", *ids)

    land_all(season_pipeline.sources, season_pipeline.warehouse, despite_losses=True)

    [alert] = alerts(season_pipeline)
    assert (alert.count, alert.organization_id) == (1500, None)
    row_ids = alert.facts["row_ids"]
    assert isinstance(row_ids, list)
    assert len(row_ids) == 10
    assert ", and 1499 more; " in alert.message

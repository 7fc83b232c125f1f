"""A seal gives the state of a day's figures and its reasons, for each organisation separately."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.checks.breaks import Decision, accept_breaks
from reporting_pipeline.checks.seals import (
    SealedPeriod,
    SealScope,
    SealState,
    seal_days,
    seals_of,
    unsealed_days,
)
from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.warehouse.engine import warehouse_connection

DAY = date(2025, 5, 2)
NEXT = date(2025, 5, 3)
TOKYO, OTHER = UUID(int=1), UUID(int=2)
DELAY_SECONDS = 3600
# The report day of the event in Los Angeles, with its cutoff at 06:00, ends last.
ENDS_AT = datetime(2025, 5, 3, 13, tzinfo=UTC)
TABLES = ("report_revenue_daily",)
EVENT, OTHER_EVENT = UUID(int=11), UUID(int=12)
ACCEPTANCE = Decision(
    organization_id=TOKYO,
    kind="amount",
    ids=(UUID(int=21),),
    person="Ada",
    now=datetime(2025, 6, 1, tzinfo=UTC),
)


@pytest.fixture
def warehouse(warehouse_url: URL) -> URL:
    """Two organisations, one in Tokyo with an event in Los Angeles; all sources landed later."""
    with warehouse_connection(warehouse_url) as connection:
        connection.cursor().executemany(
            "insert into landing.ticketing_organizations values (%s, 'name', %s, 'JPY', now())",
            [(TOKYO, "Asia/Tokyo"), (OTHER, "Europe/Berlin")],
        )
        connection.execute(
            "insert into landing.ticketing_events (id, organization_id, name, timezone, day_cutoff,"
            " currency, status, starts_at, ends_at, updated_at)"
            " values (%s, %s, 'show', 'America/Los_Angeles', '06:00', 'USD', 'ended',"
            " '2025-05-02T19:00Z', '2025-05-02T22:00Z', now())",
            (UUID(int=11), TOKYO),
        )
    landed_through(warehouse_url, ENDS_AT + timedelta(days=9))
    return warehouse_url


def landed_through(warehouse: URL, instant: datetime, domains: tuple[str, ...] = DOMAINS) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.cursor().executemany(
            "insert into landing.source_reads values (%s, %s, %s) on conflict (domain)"
            " do update set complete_through = excluded.complete_through",
            [(domain, instant, instant) for domain in domains],
        )


def execute(warehouse: URL, statement: str, *values: object) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(statement.encode(), values)


def sealed(
    warehouse: URL,
    organization_id: UUID = TOKYO,
    *,
    first: date | None = DAY,
    end: date = NEXT,
    event_ids: tuple[UUID, ...] | None = None,
) -> SealedPeriod:
    with warehouse_connection(warehouse) as connection:
        scope = SealScope(
            organization_id=organization_id,
            first=first,
            end=end,
            report_tables=TABLES,
            event_ids=event_ids,
        )
        return seals_of(connection, scope, delay_seconds=DELAY_SECONDS)


def test_a_day_without_rows_is_final_when_all_sources_have_landed_past_it(warehouse: URL) -> None:
    period = sealed(warehouse)

    assert period.state is SealState.FINAL
    assert period.seals[0].reasons == ()
    assert period.settled_at == ENDS_AT + timedelta(seconds=DELAY_SECONDS)


@pytest.mark.parametrize(
    ("before_end_seconds", "state"),
    [
        (1, SealState.HELD),
        (0, SealState.PROVISIONAL),
        (1 - DELAY_SECONDS, SealState.PROVISIONAL),
        (-DELAY_SECONDS, SealState.FINAL),
    ],
)
def test_the_slowest_source_and_the_last_event_local_day_decide(
    warehouse: URL, before_end_seconds: int, state: SealState
) -> None:
    landed_through(warehouse, ENDS_AT - timedelta(seconds=before_end_seconds), ("scanning",))

    period = sealed(warehouse)

    assert period.state is state
    assert (state is SealState.FINAL) == (not period.seals[0].reasons)


def test_a_source_that_was_never_read_holds(warehouse: URL) -> None:
    execute(warehouse, "delete from landing.source_reads where domain = 'ledger'")

    [seal] = sealed(warehouse).seals

    assert seal.reasons == ("ledger is never landed, the day ends at 2025-05-03 13:00 UTC",)


def test_rows_that_wait_to_be_built_hold_only_their_organisation(warehouse: URL) -> None:
    execute(
        warehouse,
        "insert into landing.touched_days (report_table, organization_id, report_day, touched_at)"
        " values ('report_revenue_daily', %s, %s, now())",
        TOKYO,
        DAY,
    )

    assert sealed(warehouse).state is SealState.HELD
    assert sealed(warehouse, OTHER).state is SealState.FINAL


def test_built_rows_hold_until_they_are_checked(warehouse: URL) -> None:
    _revenue_row(warehouse, TOKYO)

    assert sealed(warehouse).seals[0].reasons == ("the day was built and not checked since",)

    seal_days(warehouse, [DAY], datetime.now(UTC))
    objections = sealed(warehouse).seals[0].reasons
    # No ledger entry explains the row.
    assert sealed(warehouse).state is SealState.HELD
    assert "checked since" not in " ".join(objections)
    assert "report_revenue_daily, None by the ledger's entries" in " ".join(objections)


def test_days_that_were_built_and_not_sealed_are_found(warehouse: URL) -> None:
    assert unsealed_days(warehouse) == []
    _revenue_row(warehouse, TOKYO)
    assert unsealed_days(warehouse) == [DAY]

    seal_days(warehouse, [DAY], ENDS_AT)

    assert unsealed_days(warehouse) == []


def test_a_break_holds_its_day_and_organisation_until_it_is_settled(warehouse: URL) -> None:
    _break(warehouse, TOKYO, "missing_in_ledger")
    seal_days(warehouse, [DAY, NEXT], datetime.now(UTC))

    states = [seal.state for seal in sealed(warehouse, end=date(2025, 5, 4)).seals]
    assert states == [SealState.HELD, SealState.FINAL]
    assert sealed(warehouse, OTHER).state is SealState.FINAL

    execute(warehouse, "delete from reporting.report_reconciliation_breaks")
    seal_days(warehouse, [DAY], datetime.now(UTC))
    assert sealed(warehouse).state is SealState.FINAL


@pytest.mark.parametrize("kind", ["timing", "settlement"])
def test_a_warning_does_not_hold_a_day(warehouse: URL, kind: str) -> None:
    _break(warehouse, TOKYO, kind)
    seal_days(warehouse, [DAY], datetime.now(UTC))

    assert sealed(warehouse).state is SealState.FINAL


def test_a_break_holds_only_reports_that_have_its_event(warehouse: URL) -> None:
    _break(warehouse, TOKYO, "amount", EVENT)
    seal_days(warehouse, [DAY], datetime.now(UTC))

    assert sealed(warehouse).state is SealState.HELD
    assert sealed(warehouse, event_ids=(EVENT,)).state is SealState.HELD
    assert sealed(warehouse, event_ids=(OTHER_EVENT,)).state is SealState.FINAL


def test_a_break_of_no_event_holds_no_report_of_one_event(warehouse: URL) -> None:
    _break(warehouse, TOKYO, "unbalanced")
    seal_days(warehouse, [DAY], datetime.now(UTC))

    assert sealed(warehouse).state is SealState.HELD
    assert sealed(warehouse, event_ids=(EVENT,)).state is SealState.FINAL


def test_a_failed_check_holds_only_reports_that_have_its_event(warehouse: URL) -> None:
    _revenue_row(warehouse, TOKYO, EVENT)
    seal_days(warehouse, [DAY], datetime.now(UTC))

    assert sealed(warehouse).state is SealState.HELD
    assert sealed(warehouse, event_ids=(EVENT,)).state is SealState.HELD
    assert sealed(warehouse, event_ids=(OTHER_EVENT,)).state is SealState.FINAL


def test_an_accepted_break_holds_nothing_until_its_amounts_change(warehouse: URL) -> None:
    _break(warehouse, TOKYO, "amount", EVENT)
    seal_days(warehouse, [DAY], datetime.now(UTC))
    with warehouse_connection(warehouse) as connection:
        accept_breaks(connection, ACCEPTANCE, reason="cash drawer")

    period = sealed(warehouse)
    assert period.state is SealState.FINAL
    assert [(each.accepted_by, each.reason) for each in period.accepted] == [("Ada", "cash drawer")]
    assert sealed(warehouse, event_ids=(OTHER_EVENT,)).accepted == ()

    execute(warehouse, "update reporting.report_reconciliation_breaks set ledger_minor = 1")
    assert sealed(warehouse).state is SealState.HELD
    assert sealed(warehouse).accepted == ()


def test_history_begins_with_the_first_row_of_the_organisation(warehouse: URL) -> None:
    assert [seal.day for seal in sealed(warehouse, first=None).seals] == [DAY]
    _revenue_row(warehouse, TOKYO, EVENT, date(2025, 4, 29))

    days = [seal.day for seal in sealed(warehouse, first=None).seals]

    assert (days[0], days[-1], len(days)) == (date(2025, 4, 29), DAY, 4)
    assert [seal.day for seal in sealed(warehouse, OTHER, first=None).seals] == [DAY]
    of_other_event = sealed(warehouse, first=None, event_ids=(OTHER_EVENT,))
    assert [seal.day for seal in of_other_event.seals] == [DAY]


def test_sealing_waits_for_a_build(warehouse: URL) -> None:
    impatient = warehouse.update_query_dict({"options": "-clock_timeout=50ms"})
    with warehouse_connection(warehouse) as builder:
        builder.execute("select pg_advisory_xact_lock_shared(hashtext('report_sales_daily'))")
        with pytest.raises(WarehouseUnavailable, match="has kept a lock"):
            seal_days(impatient, [DAY], datetime.now(UTC))


def _revenue_row(
    warehouse: URL, organization_id: UUID, event_id: UUID | None = None, day: date = DAY
) -> None:
    event = f'"event_id": "{event_id}", ' if event_id else ""
    execute(
        warehouse,
        "insert into reporting.report_revenue_daily select (jsonb_populate_record("
        " null::reporting.report_revenue_daily, (select jsonb_object_agg(attname, 0) from"
        " pg_attribute where attrelid = 'reporting.report_revenue_daily'::regclass and attnum > 0"
        " and atttypid = 'bigint'::regtype) || %s::jsonb)).*",
        f'{{{event}"organization_id": "{organization_id}", "date": "{day}", "currency": "USD",'
        ' "entry_count": 1, "debit_minor": 1200, "credit_minor": 1200}',
    )


def _break(warehouse: URL, organization_id: UUID, kind: str, event_id: UUID | None = None) -> None:
    execute(
        warehouse,
        "insert into reporting.report_reconciliation_breaks (date, organization_id, event_id,"
        " order_id, currency, kind, ticketing_minor, ledger_minor, difference_minor, proof_ids)"
        " values (%s, %s, %s, %s, 'USD', %s, 100, 0, 100, '{}')",
        DAY,
        organization_id,
        event_id,
        UUID(int=21),
        kind,
    )

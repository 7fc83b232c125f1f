"""A report is current until something changes that its file depends on, and not longer."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.publishing import generate as generating
from reporting_pipeline.publishing.current import WantedReport, current_reports
from reporting_pipeline.publishing.generate import Publisher, generate
from reporting_pipeline.publishing.snapshot import ReportRequest, read_report
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import SEALED_AT, Pipeline
from reporting_pipeline_tests.requests.sample_requests import HOLD
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    TOKYO,
    define,
    one_day,
)

DAY = date(2025, 9, 10)
CSV = ReportFormat.CSV
OF_TICKETS = {
    "slug": "tickets",
    "name": "Tickets",
    "category": "operational",
    "schedule": "daily",
    "status": "active",
    "formats": ["csv"],
    "config": {"dataset": "tickets", "columns": ["ticket_id", "status"], "period": "previous_day"},
}
EVENT, OTHER_EVENT = (f"00000002-0000-4000-8000-{number:012}" for number in (1, 3))
BOUND = {
    "berlin": BERLIN,
    "tokyo": TOKYO,
    "event": EVENT,
    "other_event": OTHER_EVENT,
    "day": DAY,
    "next_day": DAY + timedelta(days=1),
}
CHANGES = {
    "its seal was made again": "update reporting.sealed_days set sealed_at = now()",
    "its day has no seal": "delete from reporting.sealed_days where date = %(day)s",
    "an objection has another text": "update reporting.seal_objections set message = 'another'",
    "a row of its day waits to be built": (
        "insert into landing.touched_days (report_table, organization_id, report_day, touched_at)"
        " values ('report_sales_daily', %(berlin)s, %(day)s, now())"
    ),
    "a break was accepted": (
        "insert into reporting.accepted_breaks (organization_id, kind, order_id, currency,"
        " ticketing_minor, ledger_minor, accepted_by, accepted_at, reason)"
        " values (%(berlin)s, 'amount', gen_random_uuid(), 'EUR', 1, 2, 'Ada', now(), 'known')"
    ),
    "an acceptance was taken back": (
        "update reporting.accepted_breaks set taken_back_by = 'Ada', taken_back_at = now()"
        " where taken_back_at is null"
    ),
    "a row of a source was set aside": (
        "insert into landing.row_findings (domain, table_name, row_id, finding, organization_id,"
        " first_day, reason, record) values ('ledger', 'entries', gen_random_uuid(), 'unusable',"
        " %(berlin)s, %(day)s, 'a reason', '{}')"
    ),
    "a source was set back": (
        "insert into landing.source_faults (domain, error, message, since, last_at, try_count)"
        " values ('ledger', 'SourceReplaced', 'no rows', now(), now(), 1)"
    ),
    "a source has landed less": (
        "update landing.source_reads set complete_through = %(day)s where domain = 'ledger'"
    ),
    "its organisation was renamed": (
        "update landing.ticketing_organizations set name = 'Süd' where id = %(berlin)s"
    ),
    "its event was renamed": (
        "update landing.ticketing_events set name = 'Tagtanz' where id = %(event)s"
    ),
    "its event has another organisation": (
        "update landing.ticketing_events set organization_id = %(tokyo)s where id = %(event)s"
    ),
    "a ticket type was renamed": (
        "update landing.ticketing_ticket_types set name = 'Balcony' where event_id = %(event)s"
    ),
    "a gate was renamed": (
        "update landing.scanning_gates set name = 'East' where event_id = %(event)s"
    ),
    "a venue was renamed": (
        "update landing.seating_venues set name = 'Hall' where id in"
        " (select venue_id from landing.ticketing_events where id = %(event)s)"
    ),
    "a section was renamed": (
        "update landing.seating_sections set name = 'Stalls' where venue_id in"
        " (select venue_id from landing.ticketing_events where id = %(event)s)"
    ),
    "a section of a venue without events has landed": (
        "insert into landing.seating_sections (id, venue_id, name, is_seated, updated_at)"
        " values (gen_random_uuid(), gen_random_uuid(), 'Tent', true, now())"
    ),
    "a series has landed": (
        "insert into landing.ticketing_event_series (id, organization_id, name, updated_at)"
        " values (gen_random_uuid(), %(berlin)s, 'Nights', now())"
    ),
}
OTHER_CHANGES = {
    "another day was sealed again": (
        "update reporting.sealed_days set sealed_at = now() where date <> %(day)s"
    ),
    "a row of another day waits to be built": (
        "insert into landing.touched_days (report_table, organization_id, report_day, touched_at)"
        " values ('report_sales_daily', %(berlin)s, %(next_day)s, now())"
    ),
    "an event of another organisation was renamed": (
        "update landing.ticketing_events set name = 'Asa' where id = %(other_event)s"
    ),
    "the sources have landed further": (
        "update landing.source_reads set complete_through = complete_through + interval '1 hour'"
    ),
    "an update that finds no row": (
        "update landing.ticketing_events set name = 'Asa' where id = gen_random_uuid()"
    ),
}


@pytest.fixture
def publisher(season_pipeline: Pipeline, tmp_path: Path) -> Publisher:
    return Publisher(
        warehouse=season_pipeline.warehouse,
        store=open_store(str(tmp_path / "store")),
        final_delay_seconds=7200,
        clock=lambda: NOW,
    )


@pytest.fixture
def revenue(publisher: Publisher) -> ReportDefinition:
    return define(publisher.warehouse, REVENUE)


def of_day(definition: ReportDefinition, *, is_provisional_allowed: bool = False) -> ReportRequest:
    return ReportRequest(
        definition=definition,
        period=one_day(DAY),
        is_provisional_allowed=is_provisional_allowed,
    )


def generated(publisher: Publisher, request: ReportRequest) -> GeneratedReport:
    [outcome] = generate(publisher, request, [CSV])
    return outcome.report


def is_current(publisher: Publisher, request: ReportRequest) -> bool:
    [found] = current_reports(publisher, [WantedReport(request=request, formats=(CSV,))])
    return CSV in found


def execute(publisher: Publisher, statement: str) -> None:
    with warehouse_connection(publisher.warehouse) as connection:
        connection.execute(statement.encode(), BOUND)


def hold(publisher: Publisher, organization_id: UUID) -> None:
    with warehouse_connection(publisher.warehouse) as connection:
        connection.execute(HOLD, (DAY, organization_id))


@pytest.mark.parametrize("statement", CHANGES.values(), ids=list(CHANGES))
def test_a_report_is_not_current_after_a_change_that_it_depends_on(
    publisher: Publisher, revenue: ReportDefinition, statement: str
) -> None:
    hold(publisher, TOKYO)
    execute(publisher, CHANGES["a break was accepted"])
    generated(publisher, of_day(revenue))
    assert is_current(publisher, of_day(revenue))

    execute(publisher, statement)
    assert not is_current(publisher, of_day(revenue))

    generated(publisher, of_day(revenue))
    assert is_current(publisher, of_day(revenue))


@pytest.mark.parametrize("statement", OTHER_CHANGES.values(), ids=list(OTHER_CHANGES))
def test_a_report_stays_current_after_changes_that_it_does_not_depend_on(
    publisher: Publisher, revenue: ReportDefinition, statement: str
) -> None:
    generated(publisher, of_day(revenue))
    execute(publisher, statement)
    assert is_current(publisher, of_day(revenue))


def test_a_landing_changes_only_the_reports_of_the_names_that_it_changes(
    publisher: Publisher, revenue: ReportDefinition, season_pipeline: Pipeline
) -> None:
    generated(publisher, of_day(revenue))
    for event, expected in ((None, True), (OTHER_EVENT, True), (EVENT, False)):
        with warehouse_connection(season_pipeline.sources["ticketing"]) as source:
            source.execute(
                "update ticketing.events set name = 'Asa', updated_at = now() where id = %s",
                (event,),
            )
        season_pipeline.land()
        assert is_current(publisher, of_day(revenue)) is expected

    generated(publisher, of_day(revenue))
    assert is_current(publisher, of_day(revenue))


def test_a_report_of_a_former_organisation_of_an_event_follows_its_name(
    publisher: Publisher, revenue: ReportDefinition
) -> None:
    execute(publisher, CHANGES["its event has another organisation"])
    generated(publisher, of_day(revenue))
    assert is_current(publisher, of_day(revenue))
    execute(publisher, CHANGES["its event was renamed"])
    assert not is_current(publisher, of_day(revenue))


def test_a_balance_is_not_current_after_a_change_of_an_earlier_day(publisher: Publisher) -> None:
    config = {
        "dataset": "payable_statement",
        "columns": ["event_id", "currency", "closing_minor"],
        "period": "previous_day",
    }
    owed = define(publisher.warehouse, {**REVENUE, "slug": "owed", "config": config})
    generated(publisher, of_day(owed))
    assert is_current(publisher, of_day(owed))
    execute(publisher, "update reporting.sealed_days set sealed_at = now() where date < %(day)s")
    assert not is_current(publisher, of_day(owed))


def test_a_list_of_tickets_is_not_current_after_any_landing(publisher: Publisher) -> None:
    tickets = define(publisher.warehouse, OF_TICKETS)
    generated(publisher, of_day(tickets))
    assert is_current(publisher, of_day(tickets))
    execute(publisher, OTHER_CHANGES["the sources have landed further"])
    assert not is_current(publisher, of_day(tickets))


def test_a_day_that_is_built_again_or_for_the_first_time_makes_its_reports_stale(
    publisher: Publisher, season_pipeline: Pipeline
) -> None:
    attendance = define(publisher.warehouse, ATTENDANCE)
    execute(publisher, "delete from reporting.sealed_days")
    for _ in range(2):
        generated(publisher, of_day(attendance))
        assert is_current(publisher, of_day(attendance))
        season_pipeline.build([DAY])
        assert not is_current(publisher, of_day(attendance))


def test_a_day_that_is_rebuilt_and_sealed_while_its_report_is_read_makes_it_stale(
    publisher: Publisher,
    revenue: ReportDefinition,
    season_pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rebuild_and_read(*arguments: object, **options: object) -> object:
        season_pipeline.build([DAY])
        seal_days(publisher.warehouse, [DAY], SEALED_AT)
        return read_report(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(generating, "read_report", rebuild_and_read)
        assert generated(publisher, of_day(revenue)).status == "ready"

    assert not is_current(publisher, of_day(revenue))
    assert generated(publisher, of_day(revenue)).edition == 1
    assert is_current(publisher, of_day(revenue))


def test_another_version_of_the_definition_or_delay_is_another_report(
    publisher: Publisher, revenue: ReportDefinition
) -> None:
    generated(publisher, of_day(revenue))
    assert not is_current(replace(publisher, final_delay_seconds=3600), of_day(revenue))
    renamed = define(publisher.warehouse, {**REVENUE, "name": "Takings"})
    assert not is_current(publisher, of_day(renamed))


def test_a_file_that_is_gone_or_altered_is_not_current(
    publisher: Publisher, revenue: ReportDefinition, tmp_path: Path
) -> None:
    path = tmp_path / "store" / str(generated(publisher, of_day(revenue)).storage_path)
    content = path.read_bytes()
    for altered in (content + b" ", content.swapcase(), None):
        path.unlink()
        if altered is not None:
            path.write_bytes(altered)
        assert not is_current(publisher, of_day(revenue))
        assert generated(publisher, of_day(revenue)).edition == 1
        assert path.read_bytes() == content
        assert is_current(publisher, of_day(revenue))

    path.unlink()
    path.write_bytes(content)
    assert is_current(publisher, of_day(revenue))
    path.with_name(f"{path.name}.manifest.json").unlink()
    assert not is_current(publisher, of_day(revenue))


def test_a_report_is_not_current_until_it_is_signed_by_the_key_of_now(
    publisher: Publisher, revenue: ReportDefinition
) -> None:
    generated(publisher, of_day(revenue))
    signing = replace(publisher, signer=Signer.new())
    assert not is_current(signing, of_day(revenue))
    assert generated(signing, of_day(revenue)).edition == 1
    assert is_current(signing, of_day(revenue))
    assert is_current(publisher, of_day(revenue))


def test_a_held_report_is_current_for_those_who_allow_no_provisional_file(
    publisher: Publisher, revenue: ReportDefinition
) -> None:
    hold(publisher, BERLIN)
    strict, lenient = of_day(revenue), of_day(revenue, is_provisional_allowed=True)
    assert generated(publisher, strict).status == "held"
    assert is_current(publisher, strict)
    assert not is_current(publisher, lenient)

    assert generated(publisher, lenient).status == "ready"
    assert is_current(publisher, lenient)
    assert not is_current(publisher, strict)


def test_a_final_report_is_current_whoever_asks(
    publisher: Publisher, revenue: ReportDefinition
) -> None:
    strict, lenient = of_day(revenue), of_day(revenue, is_provisional_allowed=True)
    generated(publisher, lenient)
    assert is_current(publisher, strict)
    generated(publisher, strict)
    assert is_current(publisher, lenient)


def test_a_report_that_failed_is_not_current(
    publisher: Publisher, revenue: ReportDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise psycopg.errors.InternalError

    generated(publisher, of_day(revenue))
    with monkeypatch.context() as patched:
        patched.setattr(generating, "read_report", fail)
        assert generated(publisher, of_day(revenue)).status == "failed"
    assert not is_current(publisher, of_day(revenue))


def test_a_report_that_depends_on_no_day_is_never_current(publisher: Publisher) -> None:
    config = {
        "dataset": "freshness",
        "columns": ["domain", "table_name"],
        "period": "previous_day",
    }
    freshness = define(
        publisher.warehouse,
        {**ATTENDANCE, "slug": "freshness", "config": config},
    )
    assert generated(publisher, of_day(freshness)).status == "ready"
    assert not is_current(publisher, of_day(freshness))

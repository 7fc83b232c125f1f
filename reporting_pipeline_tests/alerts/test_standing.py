"""What stands now, and how an alert tells it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.alerts.alert import Alert, AlertKind, Standing
from reporting_pipeline.alerts.evaluate import Evaluation, record
from reporting_pipeline.alerts.given import late_day
from reporting_pipeline.alerts.standing import LOOKED_AT, standing_now
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.registry.report_tables import BREAK_KINDS
from reporting_pipeline.sources.contract import DOMAINS

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STALE_AFTER = timedelta(hours=2)
ORG, EVENT, ORDER = UUID(int=1), UUID(int=2), UUID(int=3)
DEFINITION = UUID(int=4)


def standing(connection: psycopg.Connection, now: datetime = NOW) -> Standing:
    return standing_now(connection, stale_after=STALE_AFTER, now=now)


def look(connection: psycopg.Connection, now: datetime = NOW) -> Evaluation:
    return record(connection, standing(connection, now), LOOKED_AT, channels=["log://"], now=now)


def a_break(
    connection: psycopg.Connection, day: int, kind: str, minor: int = 4250, currency: str = "EUR"
) -> None:
    connection.execute(
        "insert into reporting.report_reconciliation_breaks values"
        " (%s, %s, %s, %s, null, null, %s, %s, %s, 0, %s, '{}')",
        (date(2025, 5, day), ORG, EVENT, ORDER, currency, kind, minor, minor),
    )


def a_report(connection: psycopg.Connection, status: str, *formats: str) -> None:
    connection.execute(
        "insert into catalogue.report_definitions values (%s, %s, 'revenue', 1, 'Revenue',"
        " 'financial', 'daily', '{csv}', '{}', 'active', %s, %s) on conflict do nothing",
        (DEFINITION, ORG, NOW, NOW),
    )
    connection.execute(
        "insert into catalogue.report_definition_versions values (%s, 1, 'Revenue', 'financial',"
        " 'daily', '{csv}', '{}', %s) on conflict do nothing",
        (DEFINITION, NOW),
    )
    for format_ in formats:
        connection.execute(
            "insert into catalogue.generated_reports (id, organization_id, definition_id, version,"
            " period, period_end, format, status, failure_class, failure_message, updated_at)"
            " values (gen_random_uuid(), %s, %s, 1, '2025-05-01', '2025-05-02', %s, %s,"
            " 'BuildFailed', 'a reason', %s)"
            " on conflict (organization_id, definition_id, period, format)"
            " do update set status = excluded.status, updated_at = excluded.updated_at",
            (ORG, DEFINITION, format_, status, NOW),
        )


def reads(connection: psycopg.Connection, domains: Iterable[str], read_at: datetime) -> None:
    for domain in domains:
        connection.execute(
            "insert into landing.source_reads values (%s, %s, %s)", (domain, read_at, read_at)
        )


def test_nothing_stands_in_an_empty_warehouse(rolled_back: psycopg.Connection) -> None:
    assert standing(rolled_back) == Standing(alerts=[])


def test_a_break_of_an_order_is_one_alert_however_many_days_it_has(
    rolled_back: psycopg.Connection,
) -> None:
    a_break(rolled_back, 1, "missing_in_ledger", 4250)
    a_break(rolled_back, 3, "missing_in_ledger", 8500)

    [alert] = standing(rolled_back).alerts
    assert (alert.kind, alert.severity) == (AlertKind.BREAK, Severity.ERROR)
    assert (alert.organization_id, alert.count) == (ORG, 2)
    assert alert.message == (
        f"missing_in_ledger: event {EVENT}, order {ORDER}, organisation {ORG}: "
        "Ticketing 85.00 EUR, ledger 0.00 EUR, difference 85.00 EUR on 2025-05-03, since 2025-05-01"
    )
    assert alert.facts == {
        "break": "missing_in_ledger",
        "event_id": str(EVENT),
        "order_id": str(ORDER),
        "currency": "EUR",
        "ticketing_minor": 8500,
        "ledger_minor": 0,
        "difference_minor": 8500,
        "first_day": "2025-05-01",
        "last_day": "2025-05-03",
    }


def test_every_kind_of_break_is_an_alert_but_what_a_later_day_made_good(
    rolled_back: psycopg.Connection,
) -> None:
    for kind in BREAK_KINDS:
        a_break(rolled_back, 1, kind)

    alerts = standing(rolled_back).alerts
    assert {each.facts["break"] for each in alerts} == {*BREAK_KINDS} - {"timing"}
    warned = [each.facts["break"] for each in alerts if each.severity is Severity.WARN]
    assert warned == ["settlement"]


@pytest.mark.parametrize(
    ("currency", "told"),
    [("JPY", "4250 JPY"), ("KWD", "4.250 KWD"), ("XXY", "4250 minor units of XXY")],
)
def test_an_amount_has_the_digits_of_its_currency(
    currency: str, told: str, rolled_back: psycopg.Connection
) -> None:
    a_break(rolled_back, 1, "amount", currency=currency)

    [alert] = standing(rolled_back).alerts
    assert f"Ticketing {told}, " in alert.message


def test_sources_that_nobody_reads_are_stale(rolled_back: psycopg.Connection) -> None:
    reads(rolled_back, ["ticketing", "seating"], NOW - STALE_AFTER)
    reads(rolled_back, ["ledger"], NOW - STALE_AFTER - timedelta(seconds=1))

    alerts = standing(rolled_back).alerts
    assert [(each.kind, each.facts["domain"], each.facts["last_read_at"]) for each in alerts] == [
        (AlertKind.SOURCE_STALE, "scanning", "never"),
        (AlertKind.SOURCE_STALE, "ledger", "2026-01-01 09:59 UTC"),
    ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("SourceUnavailable", AlertKind.SOURCE_DOWN),
        ("SourceContractBroken", AlertKind.CONTRACT_BROKEN),
    ],
)
def test_a_source_that_fails_is_the_cause_why_the_others_are_old(
    error: str, kind: AlertKind, rolled_back: psycopg.Connection
) -> None:
    reads(rolled_back, DOMAINS, NOW - timedelta(days=1))
    rolled_back.execute(
        "insert into landing.source_faults values ('ledger', %s, 'source ledger is', %s, %s, 3)",
        (error, NOW, NOW),
    )

    [alert] = standing(rolled_back).alerts
    assert (alert.kind, alert.cause) == (kind, f"{kind}:ledger")
    assert alert.message == "since 2026-01-01 12:00 UTC: source ledger is"


def test_a_report_is_one_alert_in_all_its_formats(rolled_back: psycopg.Connection) -> None:
    a_report(rolled_back, "held", "csv", "pdf")
    a_report(rolled_back, "failed", "xlsx")

    held, failed = sorted(standing(rolled_back).alerts, key=lambda each: -each.count)
    assert (held.kind, held.count) == (AlertKind.REPORT_HELD, 2)
    assert held.message == (
        f"revenue of organisation {ORG}, 2025-05-01 (csv, pdf) is held: a reason"
    )
    assert (failed.kind, failed.severity) == (AlertKind.REPORT_FAILED, Severity.ERROR)
    assert failed.message == (
        f"revenue of organisation {ORG}, 2025-05-01 (xlsx) failed: BuildFailed: a reason"
    )


def test_a_report_that_is_being_generated_again_keeps_its_alert_until_that_has_ended(
    rolled_back: psycopg.Connection,
) -> None:
    a_report(rolled_back, "held", "csv")
    assert len(look(rolled_back).opened) == 1

    a_report(rolled_back, "running", "csv")
    assert look(rolled_back) == Evaluation()

    a_report(rolled_back, "ready", "csv")
    assert len(look(rolled_back).resolved) == 1


def test_a_report_that_whoever_made_it_has_left_is_failed(rolled_back: psycopg.Connection) -> None:
    a_report(rolled_back, "running", "csv")

    assert standing(rolled_back).alerts == []
    [alert] = standing(rolled_back, NOW + timedelta(hours=1, seconds=1)).alerts
    assert alert.kind is AlertKind.REPORT_FAILED
    assert "whoever did has died" in alert.message


def test_an_alert_is_opened_updated_and_resolved_once_each(
    rolled_back: psycopg.Connection,
) -> None:
    a_break(rolled_back, 1, "missing_in_ledger")
    first = look(rolled_back)
    again = look(rolled_back, NOW + timedelta(minutes=1))
    a_break(rolled_back, 2, "missing_in_ledger", 8500)
    more = look(rolled_back, NOW + timedelta(minutes=2))
    rolled_back.execute("delete from reporting.report_reconciliation_breaks")
    over = look(rolled_back, NOW + timedelta(minutes=3))
    still_over = look(rolled_back, NOW + timedelta(minutes=4))
    a_break(rolled_back, 1, "missing_in_ledger")
    anew = look(rolled_back, NOW + timedelta(minutes=5))

    assert (len(first.opened), len(more.updated), len(over.resolved)) == (1, 1, 1)
    assert (again, still_over) == (Evaluation(), Evaluation())
    assert over.resolved[0].id == first.opened[0].id != anew.opened[0].id
    rows = rolled_back.execute(
        "select topic, message->>'type', message->'facts'->>'difference_minor',"
        " message->>'resolved_at' from catalogue.notices order by id"
    ).fetchall()
    topic = f"reporting:org:{ORG}"
    assert rows == [
        (topic, "alert_opened", "4250", None),
        (topic, "alert_updated", "8500", None),
        (topic, "alert_resolved", "8500", "2026-01-01T12:03:00Z"),
        (topic, "alert_opened", "4250", None),
    ]
    # Channels are told of beginnings and ends.
    told = rolled_back.execute(
        "select message->>'type' from catalogue.alert_deliveries order by id"
    )
    assert [kind for (kind,) in told] == ["alert_opened", "alert_resolved", "alert_opened"]


def test_alerts_of_other_kinds_are_left_alone(rolled_back: psycopg.Connection) -> None:
    given = Standing(alerts=[late_day(date(2025, 5, 1))])
    opened = record(rolled_back, given, [AlertKind.LATE_DAY], channels=[], now=NOW)

    assert look(rolled_back) == Evaluation()
    over = record(rolled_back, Standing(), [AlertKind.LATE_DAY], channels=[], now=NOW)
    assert [each.id for each in over.resolved] == [each.id for each in opened.opened]
    topics = rolled_back.execute("select distinct topic from catalogue.notices").fetchall()
    assert topics == [("reporting:operations",)]


def test_a_cause_stands_once_at_a_time(rolled_back: psycopg.Connection) -> None:
    alert = Alert(kind=AlertKind.BREAK, cause="one", severity=Severity.WARN, message="it stands")

    evaluation = record(
        rolled_back, Standing(alerts=[alert, alert]), [AlertKind.BREAK], channels=[], now=NOW
    )

    assert len(evaluation.opened) == 1

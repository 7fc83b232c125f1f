"""The current causes, and the alert of each."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.alerts.alert import Alert, AlertKind, CurrentCauses
from reporting_pipeline.alerts.causes import (
    WAREHOUSE_KINDS,
    current_causes,
    late_day,
    late_days,
    request_causes,
    webhook_causes,
)
from reporting_pipeline.alerts.evaluation import Evaluation, update_alerts
from reporting_pipeline.catalogue.webhook_subscriptions import subscribe
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.registry.report_tables import BREAK_KINDS

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STALE_AFTER = timedelta(hours=2)
ORG, EVENT, ORDER = UUID(int=1), UUID(int=2), UUID(int=3)
DEFINITION = UUID(int=4)
REPORT = UUID(int=9)


def causes(connection: psycopg.Connection, now: datetime = NOW) -> CurrentCauses:
    return current_causes(connection, stale_after=STALE_AFTER, now=now)


def evaluate(connection: psycopg.Connection, now: datetime = NOW) -> Evaluation:
    return update_alerts(
        connection, causes(connection, now), WAREHOUSE_KINDS, channels=["log://"], now=now
    )


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


def test_an_empty_warehouse_has_no_causes(rolled_back: psycopg.Connection) -> None:
    assert causes(rolled_back) == CurrentCauses(alerts=[])


def test_a_break_is_one_alert_for_all_its_days(
    rolled_back: psycopg.Connection,
) -> None:
    a_break(rolled_back, 1, "missing_in_ledger", 4250)
    a_break(rolled_back, 3, "missing_in_ledger", 8500)

    [alert] = causes(rolled_back).alerts
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


def test_alerts_have_the_names_of_organisations_and_of_their_own_events(
    rolled_back: psycopg.Connection,
) -> None:
    a_break(rolled_back, 1, "amount")
    a_report(rolled_back, "held", "csv")
    rolled_back.execute(
        "insert into landing.ticketing_organizations"
        " values (%s, E'Lindenhof\\nKonzerte', 'Europe/Berlin', 'EUR', now())",
        (ORG,),
    )
    rolled_back.execute(
        "insert into landing.ticketing_events (id, organization_id, name, timezone, day_cutoff,"
        " currency, status, starts_at, ends_at, updated_at) values"
        " (%s, %s, 'Gala', 'UTC', '00:00', 'EUR', 'on_sale', now(), now(), now())",
        (EVENT, ORG),
    )

    messages = [each.message for each in causes(rolled_back).alerts]
    name = f"organisation Lindenhof Konzerte ({ORG})"
    assert messages[0].startswith(f"amount: event Gala ({EVENT}), order {ORDER}, {name}: ")
    assert f"revenue of {name}, 2025-05-01 (csv) is held: a reason" in messages
    rolled_back.execute("update landing.ticketing_events set organization_id = %s", (EVENT,))
    assert causes(rolled_back).alerts[0].message.startswith(f"amount: event {EVENT}, order ")


def test_every_kind_of_break_is_an_alert_except_timing(
    rolled_back: psycopg.Connection,
) -> None:
    for kind in BREAK_KINDS:
        a_break(rolled_back, 1, kind)

    alerts = causes(rolled_back).alerts
    assert {each.facts["break"] for each in alerts} == {*BREAK_KINDS} - {"timing"}
    warned = [each.facts["break"] for each in alerts if each.severity is Severity.WARN]
    assert warned == ["settlement"]


@pytest.mark.parametrize(
    ("currency", "text"),
    [("JPY", "4250 JPY"), ("KWD", "4.250 KWD"), ("XXY", "4250 minor units of XXY")],
)
def test_an_amount_has_the_digits_of_its_currency(
    currency: str, text: str, rolled_back: psycopg.Connection
) -> None:
    a_break(rolled_back, 1, "amount", currency=currency)

    [alert] = causes(rolled_back).alerts
    assert f"Ticketing {text}, " in alert.message


def test_a_report_is_one_alert_for_all_its_formats(rolled_back: psycopg.Connection) -> None:
    a_report(rolled_back, "held", "csv", "pdf")
    a_report(rolled_back, "failed", "xlsx")

    held, failed = sorted(causes(rolled_back).alerts, key=lambda each: -each.count)
    assert (held.kind, held.count) == (AlertKind.REPORT_HELD, 2)
    assert held.message == (
        f"revenue of organisation {ORG}, 2025-05-01 (csv, pdf) is held: a reason"
    )
    assert (failed.kind, failed.severity) == (AlertKind.REPORT_FAILED, Severity.ERROR)
    assert failed.message == (
        f"revenue of organisation {ORG}, 2025-05-01 (xlsx) failed: BuildFailed: a reason"
    )


def test_a_report_keeps_its_alert_while_it_is_generated_again(
    rolled_back: psycopg.Connection,
) -> None:
    a_report(rolled_back, "held", "csv")
    assert len(evaluate(rolled_back).opened) == 1

    a_report(rolled_back, "running", "csv")
    assert evaluate(rolled_back) == Evaluation()

    a_report(rolled_back, "ready", "csv")
    assert len(evaluate(rolled_back).resolved) == 1


def test_a_report_whose_process_has_died_is_failed(rolled_back: psycopg.Connection) -> None:
    a_report(rolled_back, "running", "csv")

    assert causes(rolled_back).alerts == []
    [alert] = causes(rolled_back, NOW + timedelta(hours=1, seconds=1)).alerts
    assert alert.kind is AlertKind.REPORT_FAILED
    assert "its process has died" in alert.message


def test_an_alert_is_opened_updated_and_resolved_once_each(
    rolled_back: psycopg.Connection,
) -> None:
    a_break(rolled_back, 1, "missing_in_ledger")
    first = evaluate(rolled_back)
    again = evaluate(rolled_back, NOW + timedelta(minutes=1))
    a_break(rolled_back, 2, "missing_in_ledger", 8500)
    more = evaluate(rolled_back, NOW + timedelta(minutes=2))
    rolled_back.execute("delete from reporting.report_reconciliation_breaks")
    resolved = evaluate(rolled_back, NOW + timedelta(minutes=3))
    still_resolved = evaluate(rolled_back, NOW + timedelta(minutes=4))
    a_break(rolled_back, 1, "missing_in_ledger")
    reopened = evaluate(rolled_back, NOW + timedelta(minutes=5))

    assert (len(first.opened), len(more.updated), len(resolved.resolved)) == (1, 1, 1)
    assert (again, still_resolved) == (Evaluation(), Evaluation())
    assert resolved.resolved[0].id == first.opened[0].id != reopened.opened[0].id
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
    # Channels get opened and resolved alerts, no updates.
    sent = rolled_back.execute(
        "select message->>'type' from catalogue.alert_deliveries order by id"
    )
    assert [kind for (kind,) in sent] == ["alert_opened", "alert_resolved", "alert_opened"]


def test_many_late_days_are_one_alert() -> None:
    days = [date(2000, 1, 1) + timedelta(days=n) for n in range(1_000)]

    [alert] = late_days(days)

    assert (alert.cause, alert.count) == ("late_day:many", 1_000)
    assert "1000 days from 2000-01-01 to 2002-09-26" in alert.message
    assert [each.cause for each in late_days(days[:1])] == ["late_day:2000-01-01"]


def test_alerts_of_other_kinds_are_not_changed(rolled_back: psycopg.Connection) -> None:
    supplied = CurrentCauses(alerts=[late_day(date(2025, 5, 1))])
    opened = update_alerts(rolled_back, supplied, [AlertKind.LATE_DAY], channels=[], now=NOW)

    assert evaluate(rolled_back) == Evaluation()
    resolved = update_alerts(
        rolled_back, CurrentCauses(), [AlertKind.LATE_DAY], channels=[], now=NOW
    )
    assert [each.id for each in resolved.resolved] == [each.id for each in opened.opened]
    topics = rolled_back.execute("select distinct topic from catalogue.notices").fetchall()
    assert topics == [("reporting:operations",)]


def test_a_cause_has_one_open_alert_at_a_time(rolled_back: psycopg.Connection) -> None:
    alert = Alert(kind=AlertKind.BREAK, cause="one", severity=Severity.WARN, message="it exists")

    evaluation = update_alerts(
        rolled_back, CurrentCauses(alerts=[alert, alert]), [AlertKind.BREAK], channels=[], now=NOW
    )

    assert len(evaluation.opened) == 1


def a_request(connection: psycopg.Connection, status: str, *, minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    connection.execute(
        "insert into catalogue.report_requests (id, organization_id, definition_id, version,"
        " period, period_end, format, is_provisional_allowed, status, attempts, requested_at,"
        " finished_at, report_id, failure_class, failure_message)"
        " values (gen_random_uuid(), %s, %s, 1,"
        " '2025-05-01', '2025-05-02', 'pdf', false, %s, 5, %s, %s, %s, 'StoreUnavailable', 'down')",
        (ORG, DEFINITION, status, at, None if status == "queued" else at, REPORT),
    )


def test_a_dead_request_is_an_alert_until_a_later_one_ends_in_another_way(
    rolled_back: psycopg.Connection,
) -> None:
    a_report(rolled_back, "ready", "csv")
    a_request(rolled_back, "completed", minutes=0)
    assert request_causes(rolled_back).alerts == []

    a_request(rolled_back, "dead", minutes=1)
    [alert] = request_causes(rolled_back).alerts
    assert (
        "2025-05-01 (pdf), was given up after 5 attempts: StoreUnavailable: down" in alert.message
    )
    assert alert.organization_id == ORG

    a_request(rolled_back, "queued", minutes=2)
    requested_again = request_causes(rolled_back)
    assert requested_again.alerts == []
    assert requested_again.undecided == {alert.cause}

    a_request(rolled_back, "completed", minutes=3)
    resolved = request_causes(rolled_back)
    assert resolved.alerts == []
    assert resolved.undecided == frozenset()


def test_a_report_that_became_ready_otherwise_resolves_its_dead_request(
    rolled_back: psycopg.Connection,
) -> None:
    a_report(rolled_back, "ready", "pdf")
    a_request(rolled_back, "dead", minutes=0)
    rolled_back.execute(
        "update catalogue.generated_reports set id = %s, updated_at = %s",
        (REPORT, NOW + timedelta(minutes=1)),
    )

    assert request_causes(rolled_back).alerts == []


def test_a_webhook_whose_messages_were_given_up_is_a_cause(rolled_back: psycopg.Connection) -> None:
    address = "https://example.com/reports"
    added, _ = subscribe(rolled_back, ORG, address, now=NOW)
    for number in (1, 2):
        rolled_back.execute(
            "insert into catalogue.webhook_deliveries (subscription_id, report_id, kind, message,"
            " created_at, next_attempt_at, last_error, given_up_at)"
            " values (%s, %s, 'report.held', '{}', %s, %s, 'answered 500', %s)",
            (added.id, UUID(int=number), NOW, NOW, NOW),
        )
    [alert] = webhook_causes(rolled_back)

    assert (alert.kind, alert.count) == (AlertKind.WEBHOOK_DEAD, 2)
    assert alert.organization_id == ORG
    assert "2 messages were given up, the last because it answered 500" in alert.message
    assert address not in alert.message, "it can have a secret"

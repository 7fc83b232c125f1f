"""Things of an organisation that calls of the API can name, with words that occur nowhere else."""

import re
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.alerts.alert_store import insert
from reporting_pipeline.catalogue.generated_reports import generated_report
from reporting_pipeline.catalogue.notices import ReportChange, write_report_notice
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import ATTENDANCE, NOW, define, one_day
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller
from reporting_pipeline_tests.serving.api.call_catalogue import OF_EVENT

_BUSIEST = """
    select date, min(event_id::text) from reporting.report_attendance_daily
    where organization_id = %s group by date order by count(*) desc, date limit 1
"""
_MORE_ADMISSIONS = """
    update reporting.report_attendance_daily set admission_count = admission_count + 1
    where organization_id = %s and date = %s
"""
_NAME_EVENTS = """
    update landing.ticketing_events set name = %s || substr(md5(id::text), 1, 8)
    where organization_id = %s
"""
_BREAK = """
    insert into reporting.report_reconciliation_breaks (
        date, organization_id, order_id, currency, kind, ticketing_minor, ledger_minor,
        difference_minor, proof_ids
    )
    values ('2025-05-02', %s, %s, 'EUR', 'amount', 100, 0, 100, '{}')
"""
_FIGURE = """
    select max(total)::text from (
        select sum(gross_to_date_minor) as total from (
            select distinct on (event_id, currency) currency, gross_to_date_minor
            from reporting.report_event_summary where organization_id = %s
            order by event_id, currency, date desc
        ) as last group by currency
    ) as by_currency
"""
# Ids, digests, large numbers and the planted words. A fraction of a second is none of them.
_TOKEN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32,64}\b|(?<![.\w])\d{6,}\b"
    r"|zq[0-9a-z-]+",
    re.IGNORECASE,
)


def tokens(text: str) -> set[str]:
    """What in a text can be of one organisation alone."""
    return {each.lower() for each in _TOKEN.findall(text)}


def planted(api: ApiCaller, organization_id: UUID, mark: str) -> Mapping[str, str]:
    """Plant things of an organisation; what calls name them by."""
    word = f"zq{mark}"
    api.maker.query(_NAME_EVENTS, word, organization_id)
    [(day, event)] = api.maker.query(_BUSIEST, organization_id)
    assert isinstance(day, date)
    found = {
        "organization": str(organization_id),
        "word": word,
        "day": str(day),
        "event": str(event),
        "new_slug": "fresh",
        "key": f"{word}-key",
    }
    found |= _definitions_and_reports(api, organization_id, found, day)
    found |= _calls(api, organization_id, found)
    _alerts(api, organization_id, word)
    found["notice"] = _notice(api, organization_id, UUID(found["report"]))
    [(figure,)] = api.maker.query(_FIGURE, organization_id)
    return found | {"figure": str(figure)}


def _definitions_and_reports(
    api: ApiCaller, organization_id: UUID, known: Mapping[str, str], day: date
) -> dict[str, str]:
    word, warehouse = known["word"], api.maker.warehouse

    def defined(slug: str, **more: object) -> ReportDefinition:
        document = {**ATTENDANCE, "slug": slug, "name": f"{word} {slug}", **more}
        return define(warehouse, document, organization_id)

    # No slug is near to another one, so that no refusal proposes one.
    slugs = {
        name: f"{word}-{sha256(f'{word} {name}'.encode()).hexdigest()[:20]}"
        for name in ("slug", "spare_slug", "taken_slug")
    }
    for each in ("spare_slug", "taken_slug"):
        defined(slugs[each])
    defined(slugs["slug"])
    definition = defined(slugs["slug"], name=f"{word} second name")
    api.maker.generate_one(definition, one_day(day))
    api.maker.query(_MORE_ADMISSIONS, organization_id, day)
    report = api.maker.generate_one(definition, one_day(day))
    assert report.edition == 2
    of_event = defined("of-event", **{key: OF_EVENT[key] for key in ("schedule", "config")})
    [outcome] = api.maker.generate(of_event, Period.of_token(f"event-{known['event']}_{day}"))
    return slugs | {
        "report": str(report.id),
        "definition": str(definition.id),
        "digest": report.file_sha256 or "",
        "event_report": str(outcome.report.id),
    }


def _calls(api: ApiCaller, organization_id: UUID, known: Mapping[str, str]) -> dict[str, str]:
    """What the organisation makes by calls of its own."""
    word = known["word"]
    token = api.token(organization_id, subject=f"{word}-person")

    def called(method: str, path: str, **body: Any) -> Any:
        answer = api.call(
            method, path, token=token, organization_id=organization_id, json=body or None
        )
        assert answer.is_success, answer.text
        return answer

    asked = [
        called("POST", "/reports", definition=known[each], period=known["day"], format="csv")
        for each in ("spare_slug", "taken_slug")
    ]
    webhook = called("POST", "/webhooks", address=f"https://example.com/{word}").json()
    orders = sorted(str(uuid4()) for _ in range(4))
    for order in orders:
        api.maker.query(_BREAK, organization_id, order)
    called("POST", "/breaks/accept", kind="amount", ids=orders[:2], reason=f"{word} counted")
    return {
        "request": asked[-1].json()["request_id"],
        "webhook": webhook["id"],
        "order": orders[2],
        "accepted_order": orders[0],
        "spare_tag": called("GET", f"/definitions/{known['spare_slug']}").headers["etag"],
    }


def _alerts(api: ApiCaller, organization_id: UUID, word: str) -> None:
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        for number in range(2):
            alert = Alert(
                kind=AlertKind.REPORT_HELD,
                cause=f"report_held {word} {number}",
                severity=Severity.ERROR,
                message=f"{word} is held",
                organization_id=organization_id,
            )
            insert(connection, alert, NOW)


def _notice(api: ApiCaller, organization_id: UUID, report_id: UUID) -> str:
    """Write a notice and a message about a report; the notice's id."""
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        report = generated_report(connection, report_id)
        assert report is not None
        change = ReportChange(kind="available", edition=report.edition)
        write_report_notice(connection, report.key, change, NOW)
        [(notice,)] = connection.execute(
            "select max(id) from catalogue.notices where topic = %s",
            (f"reporting:org:{organization_id}",),
        ).fetchall()
    return str(notice)

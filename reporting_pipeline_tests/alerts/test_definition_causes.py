"""The alerts about organisations without reports, and about templates that cannot be used."""

from datetime import UTC, datetime, timedelta

import psycopg

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.alerts.causes import current_causes
from reporting_pipeline.catalogue.derived_definitions import (
    apply_templates,
    derive_within,
    retire_organization,
)
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline_tests.report_definitions.sample_definitions import definition
from reporting_pipeline_tests.report_rows import ORGANIZATION

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def causes(connection: psycopg.Connection) -> list[Alert]:
    kinds = (AlertKind.NOTHING_DEFINED, AlertKind.TEMPLATE_UNUSABLE)
    found = current_causes(connection, stale_after=timedelta(hours=2), now=NOW)
    return [each for each in found.alerts if each.kind in kinds]


def land(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into landing.ticketing_organizations values (%s, 'Acme', 'UTC', 'EUR', now())",
        (ORGANIZATION,),
    )


def test_an_organisation_that_has_landed_and_has_no_report_is_an_alert_until_it_has_one(
    rolled_back: psycopg.Connection,
) -> None:
    land(rolled_back)

    [alert] = causes(rolled_back)

    assert alert.kind == AlertKind.NOTHING_DEFINED
    assert alert.organization_id == ORGANIZATION
    assert alert.message.startswith(
        f"organisation Acme ({ORGANIZATION}) has landed and no report is defined for it"
    )
    apply_templates(rolled_back, [parse_definition(definition() | {"status": "active"})], NOW)
    assert causes(rolled_back) == []


def test_a_retired_organisation_is_no_alert(rolled_back: psycopg.Connection) -> None:
    land(rolled_back)
    derive_within(rolled_back, NOW)
    retire_organization(rolled_back, ORGANIZATION, NOW)

    assert causes(rolled_back) == []


def test_a_template_that_cannot_be_used_is_an_alert(rolled_back: psycopg.Connection) -> None:
    apply_templates(rolled_back, [parse_definition(definition())], NOW)
    rolled_back.execute(
        'update catalogue.report_templates set config = config || \'{"dataset": "gone"}\''
    )

    [alert] = causes(rolled_back)

    assert (alert.kind, alert.facts["slug"]) == (AlertKind.TEMPLATE_UNUSABLE, "daily-sales")
    assert "the template daily-sales cannot be used" in alert.message

"""The current causes of alerts in what is defined: organisations and templates without effect."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.catalogue.coverage import uncovered_organizations
from reporting_pipeline.catalogue.report_templates import unusable_templates
from reporting_pipeline.domain.discrepancy import Severity


def coverage_causes(connection: Connection[Any]) -> Iterator[Alert]:
    """The organisations of which no report is expected; nothing of them could ever be overdue."""
    kind = AlertKind.NOTHING_DEFINED
    for each in uncovered_organizations(connection):
        yield Alert(
            kind=kind,
            cause=f"{kind}:{each.organization_id}",
            severity=Severity.ERROR,
            organization_id=each.organization_id,
            message=str(each),
            facts={
                "organization_name": each.name,
                "is_landed": each.is_landed,
                "event_count": each.event_count,
                "definition_count": each.definition_count,
            },
        )


def template_causes(connection: Connection[Any]) -> Iterator[Alert]:
    """The templates that no organisation can follow."""
    kind = AlertKind.TEMPLATE_UNUSABLE
    for slug, reason in unusable_templates(connection).items():
        yield Alert(
            kind=kind,
            cause=f"{kind}:{slug}",
            severity=Severity.ERROR,
            message=(
                f"the template {slug} cannot be used, so organisations that land do not get it and "
                f"no change of it has an effect: {reason}; apply a correct file of it"
            ),
            facts={"slug": slug, "reason": reason},
        )

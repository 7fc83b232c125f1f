"""The report definitions of the organisations of the simulated day."""

from typing import Any, Final

from reporting_pipeline.report_definitions.definition import DeclaredDefinition
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline_tests import sample_reports
from reporting_pipeline_tests.acceptance.day.world import ZONES, identity

REVENUE, ATTENDANCE, REVENUE_OF_WEEK = "revenue", "attendance", "revenue-of-week"
AFTER_EVENT, AFTER_DOORS = "after-event", "after-doors"
DOORS_HOURS: Final = 3


def definitions() -> list[DeclaredDefinition]:
    """The same five definitions for every organisation."""
    return [
        parse_definition(each | {"organization_id": identity(place)})
        for place in ZONES
        for each in _templates()
    ]


def _templates() -> list[dict[str, Any]]:
    revenue = dict[str, Any](sample_reports.REVENUE) | {"slug": REVENUE}
    attendance = dict[str, Any](sample_reports.ATTENDANCE) | {"slug": ATTENDANCE}
    at_doors = {"doors_hours": DOORS_HOURS}
    return [
        revenue,
        attendance,
        _changed(revenue, REVENUE_OF_WEEK, "weekly", period="previous_week"),
        _changed(attendance, AFTER_EVENT, "post_event", period="event_to_date"),
        _changed(
            attendance, AFTER_DOORS, "post_event", period="event_to_date", after_event=at_doors
        ),
    ]


def _changed(template: dict[str, Any], slug: str, schedule: str, **config: Any) -> dict[str, Any]:
    changed = {"slug": slug, "schedule": schedule, "config": template["config"] | config}
    return template | changed

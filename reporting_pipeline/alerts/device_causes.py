"""The current causes of alerts about devices: one per event, however many devices there are."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.checks.device_findings import devices_by_event
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.domain.names import beside_id

# A counter may begin again at each event. That changes no figure, so only the check reports it.
_CHECKS = ("device_clocks", "device_places", "device_uploads")
# Scans cannot be mended. The device can, before it is used at the next event.
_OPEN_AFTER_END = timedelta(days=7)


def device_causes(connection: Connection[Any], now: datetime) -> Iterator[Alert]:
    """The events with devices whose clock, place or uploads are wrong, until a week after them."""
    kind = AlertKind.DEVICE
    for each in devices_by_event(connection, _CHECKS, ended_after=now - _OPEN_AFTER_END):
        yield Alert(
            kind=kind,
            cause=f"{kind}:{each.organization_id}:{each.event_id}",
            severity=Severity.WARN,
            organization_id=each.organization_id,
            message=(
                f"devices at event {beside_id(each.event_name, each.event_id)} are wrong: "
                f"{each.device_count} of them, gates: {each.gate_count}, report days: "
                f"{each.first_day} to {each.last_day}, checks: {', '.join(each.check_names)}; "
                f"most scans: {each.largest}; all: `reporting devices --event {each.event_id}`"
            ),
            facts={
                "event_id": str(each.event_id),
                "checks": ", ".join(each.check_names),
                "device_count": each.device_count,
                "gate_count": each.gate_count,
                "first_day": str(each.first_day),
                "last_day": str(each.last_day),
            },
            count=each.device_count,
        )

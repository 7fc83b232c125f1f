"""Alerts in Dagster: an asset that shows what stands after a build, and sensors that look.

    alerts         the asset; it stands behind the seals and reports, so it is not reached where
                   these fail
    alerts         the sensor; looks every half minute, whatever happens: at failures too, at
                   sources that nobody reads any more, and at channels that wait to be told
    failed_runs    looks soon after a run has failed. Dagster forgets the run if that look fails,
                   if the warehouse is down, say: the next look of `alerts` finds it all the same.

What belongs here: when there is a round, and what a person sees of it. What does not: alerts
(`reporting_pipeline.alerts`).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dagster as dg

from reporting_pipeline.alerts.alert import StoredAlert
from reporting_pipeline.alerts.evaluate import Evaluation
from reporting_pipeline.orchestration.alert_desk import Alerts
from reporting_pipeline.orchestration.asset_keys import SEALS
from reporting_pipeline.orchestration.failures import RETRIES, step_failures
from reporting_pipeline.orchestration.report_assets import OWNER

_LISTED = 50
_EVERY_SECONDS = 30
_SOON_SECONDS = 10
_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("kind"),
        dg.TableColumn("severity"),
        dg.TableColumn("organization_id"),
        dg.TableColumn("opened_at"),
        dg.TableColumn("what"),
    ]
)


def alert_asset(exports: Sequence[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """What stands and should not, over all organisations."""

    @dg.asset(
        deps=[SEALS, *exports],
        retry_policy=RETRIES,
        group_name="alerts",
        description=(
            "Alerts. One per cause while it stands: breaks, sources, contracts, reports that "
            "are held, failed or overdue, days that are too old, requests that were given up."
        ),
        owners=[OWNER],
        kinds={"postgres"},
        metadata={"dagster/table_name": "catalogue.alerts"},
    )
    def alerts(
        context: dg.AssetExecutionContext, alert_desk: dg.ResourceParam[Alerts]
    ) -> dg.MaterializeResult[None]:
        with step_failures():
            evaluation = alert_desk.round(context.instance)
            standing = alert_desk.standing()
            faults = alert_desk.channel_faults()
        return dg.MaterializeResult(metadata=_metadata(evaluation, standing, faults))

    return alerts


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=_EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks what stands, opens and resolves alerts, and tells the channels; no run.",
)
def alert_sensor(
    context: dg.SensorEvaluationContext, alert_desk: dg.ResourceParam[Alerts]
) -> dg.SkipReason:
    """Evaluate alerts, and say what has changed."""
    evaluation = alert_desk.round(context.instance)
    counts = (
        f"{len(evaluation.opened)} alerts opened, {len(evaluation.updated)} updated, "
        f"{len(evaluation.resolved)} resolved"
    )
    return dg.SkipReason("; ".join((counts, *alert_desk.channel_faults())))


@dg.run_failure_sensor(
    name="failed_runs",
    minimum_interval_seconds=_SOON_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Opens an alert of a run that failed, unless another alert tells of its cause.",
)
def failure_sensor(
    context: dg.RunFailureSensorContext, alert_desk: dg.ResourceParam[Alerts]
) -> None:
    """Look at the alerts; the failed run stands in the instance, whoever looks."""
    evaluation = alert_desk.round(context.instance)
    context.log.info("%d alerts opened", len(evaluation.opened))


def _metadata(
    evaluation: Evaluation, standing: Sequence[StoredAlert], faults: Sequence[str]
) -> dict[str, Any]:
    by_kind = Counter(str(each.alert.kind) for each in standing)
    metadata: dict[str, Any] = {
        "open_count": len(standing),
        "opened_count": len(evaluation.opened),
        "resolved_count": len(evaluation.resolved),
        "open_by_kind": dg.MetadataValue.json(dict(sorted(by_kind.items()))),
    }
    if faults:
        metadata["channel_faults"] = dg.MetadataValue.text("; ".join(faults))
    if standing:
        records = [dg.TableRecord(_record(each)) for each in standing[-_LISTED:][::-1]]
        metadata["open"] = dg.MetadataValue.table(records, schema=_SCHEMA)
    return metadata


def _record(stored: StoredAlert) -> dict[str, str]:
    alert = stored.alert
    organization = "every organisation"
    if alert.organization_id is not None:
        organization = str(alert.organization_id)
    return {
        "kind": str(alert.kind),
        "severity": str(alert.severity),
        "organization_id": organization,
        "opened_at": f"{stored.opened_at:%Y-%m-%d %H:%M %Z}",
        "what": alert.message,
    }

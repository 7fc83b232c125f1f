"""The alerts that are open after a build.

The asset comes after the seals and reports, so a run does not reach it if one of these fails. The
sensors `alerts` and `failed_runs` evaluate alerts whatever happens, and `alerts` materialises the
asset when the open alerts have changed.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dagster as dg

from reporting_pipeline.alerts.alert import StoredAlert
from reporting_pipeline.alerts.evaluation import Evaluation
from reporting_pipeline.orchestration.assets.lineage import SEALS
from reporting_pipeline.orchestration.assets.steps import REPORTING_TEAM, RETRIES, step_failures
from reporting_pipeline.orchestration.assets.tables import (
    LISTED,
    ORGANIZATION,
    ORGANIZATION_ID,
    Names,
)
from reporting_pipeline.orchestration.resources import AlertEvaluator

ALERTS = dg.AssetKey("alerts")
_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("kind"),
        dg.TableColumn("severity"),
        ORGANIZATION,
        dg.TableColumn("opened_at"),
        dg.TableColumn("what"),
        ORGANIZATION_ID,
    ]
)


def alert_asset(exports: Sequence[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """The open alerts of all organisations."""

    @dg.asset(
        key=ALERTS,
        deps=[SEALS, *exports],
        retry_policy=RETRIES,
        group_name="alerts",
        description=(
            "Open alerts, one per cause: reconciliation breaks, sources that are down or break "
            "their contract, reports that are held, failed or overdue, late rows for days that are "
            "too old, failed runs, abandoned requests."
        ),
        owners=[REPORTING_TEAM],
        kinds={"postgres"},
        metadata={"dagster/table_name": "catalogue.alerts"},
    )
    def alerts(
        context: dg.AssetExecutionContext, alert_evaluator: AlertEvaluator
    ) -> dg.MaterializeResult[None]:
        with step_failures():
            evaluation = alert_evaluator.evaluate(context.instance)
            still_open = alert_evaluator.open_alerts()
            faults = alert_evaluator.channel_faults()
            with alert_evaluator.warehouse.snapshot() as connection:
                names = Names.read(connection)
        return dg.MaterializeResult(metadata=_metadata(evaluation, still_open, faults, names))

    return alerts


def alert_materializations(
    instance: dg.DagsterInstance, alert_evaluator: AlertEvaluator, evaluation: Evaluation
) -> list[dg.AssetMaterialization]:
    """A materialisation of the asset without a run; none if it shows the open alerts already."""
    with alert_evaluator.warehouse.snapshot() as connection:
        names = Names.read(connection)
    metadata = _metadata(
        evaluation, alert_evaluator.open_alerts(), alert_evaluator.channel_faults(), names
    )
    current = dg.AssetMaterialization(ALERTS, metadata=metadata)
    event = instance.get_latest_materialization_event(ALERTS)
    former = event.asset_materialization if event is not None else None
    if former is not None and _open(former) == _open(current):
        return []
    return [current]


def _open(shown: dg.AssetMaterialization) -> list[object]:
    return [shown.metadata.get(name) for name in ("open_count", "open_by_kind", "open")]


def _metadata(
    evaluation: Evaluation,
    still_open: Sequence[StoredAlert],
    faults: Sequence[str],
    names: Names,
) -> dict[str, Any]:
    by_kind = Counter(str(each.alert.kind) for each in still_open)
    metadata: dict[str, Any] = {
        "open_count": len(still_open),
        "opened_count": len(evaluation.opened),
        "resolved_count": len(evaluation.resolved),
        "open_by_kind": dg.MetadataValue.json(dict(sorted(by_kind.items()))),
    }
    if faults:
        metadata["channel_faults"] = dg.MetadataValue.text("; ".join(faults))
    if still_open:
        records = [dg.TableRecord(_record(each, names)) for each in still_open[-LISTED:][::-1]]
        metadata["open"] = dg.MetadataValue.table(records, schema=_SCHEMA)
    return metadata


def _record(stored: StoredAlert, names: Names) -> dict[str, str | None]:
    alert = stored.alert
    return {
        "kind": str(alert.kind),
        "severity": str(alert.severity),
        **names.of_organization(alert.organization_id),
        "opened_at": f"{stored.opened_at:%Y-%m-%d %H:%M %Z}",
        "what": alert.message,
    }

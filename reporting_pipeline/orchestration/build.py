"""All definitions, assembled explicitly: scanning folders for them costs every process seconds.

What belongs here: putting together. What does not: reading the environment (`definitions`).
"""

import warnings

import dagster as dg

from reporting_pipeline.orchestration.alert_assets import (
    alert_asset,
    alert_sensor,
    failure_sensor,
)
from reporting_pipeline.orchestration.alert_desk import Alerts
from reporting_pipeline.orchestration.export_assets import export_assets
from reporting_pipeline.orchestration.freshness import landing_freshness, nightly_freshness
from reporting_pipeline.orchestration.jobs import JOBS
from reporting_pipeline.orchestration.landing_assets import landing_assets, source_specs
from reporting_pipeline.orchestration.partitions import report_days
from reporting_pipeline.orchestration.report_assets import report_assets
from reporting_pipeline.orchestration.report_checks import report_checks
from reporting_pipeline.orchestration.request_assets import (
    SERVE_REQUESTS,
    requested_reports,
    requests_sensor,
)
from reporting_pipeline.orchestration.resources import Reports, Sources, Warehouse
from reporting_pipeline.orchestration.restatement_assets import restatement_asset
from reporting_pipeline.orchestration.schedules import schedules
from reporting_pipeline.orchestration.seal_assets import seal_asset
from reporting_pipeline.orchestration.sensors import sensors
from reporting_pipeline.orchestration.upkeep import Upkeep
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.settings import Settings


def build_definitions(settings: Settings, **overrides: object) -> dg.Definitions:
    """The whole graph.

    Args:
        settings: Addresses are used when a step needs them, not before.
        overrides: Resources by name in place of the usual ones: sources, warehouse, reports,
            alert_desk.
    """
    days, nightly = report_days(settings.first_day), nightly_freshness(settings)
    with warnings.catch_warnings():
        # Partitioned checks are a preview and backfill policies a beta; the lock pins both.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        exports = export_assets(settings.first_day, days)
        return dg.Definitions(
            assets=[
                *source_specs(),
                landing_assets(landing_freshness(settings)),
                report_assets(days, nightly),
                seal_asset(days, nightly),
                *exports,
                restatement_asset(),
                alert_asset(exports),
                requested_reports,
            ],
            asset_checks=[report_checks(table, days) for table in REPORT_TABLES],
            jobs=[*JOBS, SERVE_REQUESTS],
            schedules=schedules(settings, days),
            sensors=[alert_sensor, failure_sensor, requests_sensor(), *sensors(settings.first_day)],
            resources={
                "sources": Sources(settings),
                "warehouse": Warehouse(settings),
                "reports": Reports(settings),
                "upkeep": Upkeep(settings),
                "alert_desk": Alerts(settings),
                **overrides,
            },
            executor=dg.in_process_executor,
        )

"""The sensor of days that are built and not sealed.

A run seals the days that it builds. A step that dies, or a build by hand that is interrupted,
leaves days without a seal; reports over them are held. This sensor requests a run that checks and
seals them. `stale_reports` then generates the reports that were held.

It also reports the checks over all days of a table when they change without a run, for example when
a person has accepted a break.
"""

from datetime import date

import dagster as dg

from reporting_pipeline.checks.seals import unsealed_days
from reporting_pipeline.due.stale_reports import days_to_rebuild
from reporting_pipeline.orchestration.assets.day_evaluations import (
    changed_evaluations,
    day_evaluations,
)
from reporting_pipeline.orchestration.jobs import SEAL
from reporting_pipeline.orchestration.partitions import days_outside, report_days
from reporting_pipeline.orchestration.resources import Timing, Warehouse
from reporting_pipeline.orchestration.run_requests import days_being_built, requests_now, seal_runs
from reporting_pipeline.warehouse.engine import warehouse_connection

_SECONDS = 60


def unsealed_days_sensor(first_day: date) -> dg.SensorDefinition:
    """The sensor that seals days that are built and not sealed."""

    @dg.sensor(
        name="unsealed_days",
        job=SEAL,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Checks and seals the days that were built and not sealed.",
    )
    def unsealed(
        context: dg.SensorEvaluationContext, warehouse: Warehouse, timing: Timing
    ) -> dg.SensorResult:
        built = unsealed_days(warehouse.address())
        if not built:
            with warehouse.snapshot() as connection:
                changed = changed_evaluations(context.instance, day_evaluations(connection))
            reason = f"every built day is sealed; {len(changed)} checks have changed"
            return dg.SensorResult(skip_reason=reason, asset_events=changed)
        days = _to_seal(built, warehouse, timing, report_days(first_day), context.instance)
        requests = requests_now(context.instance, seal_runs(days), timing.now())
        if not requests:
            return dg.SensorResult(
                skip_reason=f"{len(built)} days are not sealed; no run is requested now"
            )
        return dg.SensorResult(run_requests=requests)

    return unsealed


def _to_seal(
    built: list[date],
    warehouse: Warehouse,
    timing: Timing,
    partitions: dg.DailyPartitionsDefinition,
    instance: dg.DagsterInstance,
) -> list[date]:
    """The days that no run is building, and that `touched_days` does not build again."""
    with warehouse_connection(warehouse.address()) as connection:
        waiting = days_to_rebuild(connection)
    horizon = timing.first_day_to_rebuild()
    at_work = days_being_built(instance)
    days = [day for day in built if day not in at_work and (day not in waiting or day < horizon)]
    outside = set(days_outside(days, partitions, timing.now()))
    within = [day for day in days if day not in outside]
    if outside and not within:
        return [timing.today()]  # any run seals the days that have no partition
    return within

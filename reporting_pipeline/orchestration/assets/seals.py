"""The seals of report days: the errors that the checks found, by organisation.

Every report reads the seals of its days before it is published. `reporting_pipeline.checks` decides
on a day, `reporting_pipeline.publishing` on a report.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from reporting_pipeline.checks.checks import Check
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.checks.seals import check_and_seal, errors_of, seal_days, unsealed_days
from reporting_pipeline.domain.discrepancy import Discrepancy
from reporting_pipeline.orchestration.assets.day_evaluations import day_evaluations
from reporting_pipeline.orchestration.assets.evaluations import evaluations_of, names_of_findings
from reporting_pipeline.orchestration.assets.lineage import SEALS, report_key
from reporting_pipeline.orchestration.assets.steps import (
    REPORTING_TEAM,
    RETRIES,
    device_days,
    step_failures,
)
from reporting_pipeline.orchestration.assets.tables import (
    LISTED,
    ORGANIZATION,
    ORGANIZATION_ID,
    Names,
)
from reporting_pipeline.orchestration.instance.runs import check_targets, planned_keys
from reporting_pipeline.orchestration.partitions import days_of, days_outside
from reporting_pipeline.orchestration.resources import Timing, Warehouse
from reporting_pipeline.registry.report_tables import REPORT_TABLES

_SCHEMA = dg.TableSchema(
    columns=[
        ORGANIZATION,
        dg.TableColumn("check"),
        dg.TableColumn("what"),
        ORGANIZATION_ID,
    ]
)


def seal_asset(
    partitions: dg.DailyPartitionsDefinition, freshness: dg.FreshnessPolicy
) -> dg.AssetsDefinition:
    """The seals of all organisations, by report day."""

    @dg.asset(
        key=SEALS,
        deps=[report_key(table.name) for table in REPORT_TABLES],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="seals",
        description=(
            "Errors that the checks found on a report day, by organisation. An error holds the "
            "reports with money of its organisation that use the day, and no others."
        ),
        owners=[REPORTING_TEAM],
        kinds={"postgres"},
        freshness_policy=freshness,
        metadata={"dagster/table_name": "reporting.sealed_days"},
    )
    def report_seals(
        context: dg.AssetExecutionContext, warehouse: Warehouse, timing: Timing
    ) -> None:
        with step_failures():
            days = days_of(context)
            outside = _days_outside(warehouse, timing, partitions)
            errors = seal_days(warehouse.address(), [*outside, *days], timing.now())
            with warehouse.snapshot() as connection:
                names = Names.read(connection)
        for day in days:
            metadata = seal_metadata(errors[day], names)
            context.add_asset_metadata(metadata, partition_key=day.isoformat())

    return report_seals


def seal_built_days(
    context: dg.AssetExecutionContext, days: Sequence[date], warehouse: Warehouse, timing: Timing
) -> None:
    """Check and seal days that this step has built, unless a later step of the run seals them.

    Whatever assets a person selects, a run leaves no day that is built and not checked.
    """
    planned = planned_keys(context)
    if SEALS in planned:
        return
    found = check_and_seal(warehouse.address(), days, timing.now())
    with warehouse.snapshot() as connection:
        names = names_of_findings(connection, found.values())
        of_all_days = list(day_evaluations(connection))
    of_days = seal_events(context.instance, found, days_of(context), names)
    for event in (*of_days, *of_all_days):
        is_of_later_step = (
            isinstance(event, dg.AssetCheckEvaluation) and event.asset_check_key in planned
        )
        if not is_of_later_step:
            context.log_event(event)


def seal_events(
    instance: dg.DagsterInstance,
    found: Mapping[Check, Findings],
    days: Collection[date],
    names: Names,
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """The seals of days with a partition, and the evaluations of their checks."""
    keys = [day.isoformat() for day in days]
    targets = {
        table.name: check_targets(instance, report_key(table.name), keys) for table in REPORT_TABLES
    }
    for check, of_check in found.items():
        of_days = {day: each for day, each in of_check.items() if day in days}
        yield from evaluations_of(check, of_days, targets[check.report_table], names)
    for day, errors in errors_of(found).items():
        if day in days:
            yield dg.AssetMaterialization(
                SEALS, partition=day.isoformat(), metadata=seal_metadata(errors, names)
            )


def _days_outside(
    warehouse: Warehouse, timing: Timing, partitions: dg.DailyPartitionsDefinition
) -> list[date]:
    """The days without a partition that are built and not sealed."""
    waiting = device_days(warehouse, timing, partitions)
    built = days_outside(unsealed_days(warehouse.address()), partitions, timing.now())
    return sorted({*waiting, *built})


def seal_metadata(
    errors: Sequence[Discrepancy], names: Names
) -> dict[str, int | dg.MetadataValue[Any]]:
    """The metadata of the seal of a day, from the errors of its checks."""
    cells = [names.of_organization(each.organization_id) for each in errors]
    with_errors = sorted({str(each["organization_id"]) for each in cells})
    metadata: dict[str, int | dg.MetadataValue[Any]] = {
        "error_count": len(errors),
        "organizations_with_errors": dg.MetadataValue.json(with_errors),
    }
    if errors:
        records = [
            dg.TableRecord({**of_error, "check": each.check, "what": each.message})
            for of_error, each in zip(cells[:LISTED], errors, strict=False)
        ]
        metadata["errors"] = dg.MetadataValue.table(records, schema=_SCHEMA)
    return metadata

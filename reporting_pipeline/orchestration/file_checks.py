"""The asset checks of report files: an audit of what is published, one result per partition.

An asset without partitions is audited as a whole: the files that were published within a day. Like
the checks of report tables, these stop nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import dagster as dg
from psycopg import Connection

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, published_reports
from reporting_pipeline.orchestration.assets.steps import RETRIES, step_failures
from reporting_pipeline.orchestration.assets.tables import (
    EVENT,
    LISTED,
    ORGANIZATION,
    ORGANIZATION_ID,
    Names,
    period_text,
)
from reporting_pipeline.orchestration.instance.runs import CheckTarget, check_target, check_targets
from reporting_pipeline.orchestration.partitions import due_days, partition_keys_of
from reporting_pipeline.orchestration.resources import ReportStore, Timing, Warehouse
from reporting_pipeline.orchestration.run_requests import ASSETS
from reporting_pipeline.publishing.audit import AuditFault, held_day_faults, stored_file_faults
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

_WITHOUT_PARTITION = timedelta(days=1)


class _Audit(NamedTuple):
    description: str
    find: Callable[
        [Connection[Any], ObjectStore, Sequence[GeneratedReport], datetime], Iterator[AuditFault]
    ]


_AUDITS = {
    "files_are_stored": _Audit(
        "Every published file is in the store, with the digest of the catalogue.",
        stored_file_faults,
    ),
    "not_over_held_days": _Audit(
        "No report is published without the stamp PROVISIONAL over a day with errors. "
        "The check also fails if an error was found after the report was published; "
        "the sensor stale_reports then holds the report.",
        lambda connection, _store, reports, _now: held_day_faults(connection, reports),
    ),
}
_SCHEDULES = {asset: schedule for schedule, asset in ASSETS.items()}
_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("report"),
        ORGANIZATION,
        EVENT,
        dg.TableColumn("period"),
        dg.TableColumn("format"),
        dg.TableColumn("edition", type="int"),
        dg.TableColumn("fault"),
        dg.TableColumn("location"),
        ORGANIZATION_ID,
    ]
)


def file_checks(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    """The audits of an asset's published files, as one step."""

    @dg.multi_asset_check(
        name=f"{asset.key.to_python_identifier()}_checks",
        specs=[
            dg.AssetCheckSpec(
                name,
                asset=asset.key,
                description=audit.description,
                partitions_def=asset.partitions_def,
            )
            for name, audit in _AUDITS.items()
        ],
        can_subset=True,
        retry_policy=RETRIES,
    )
    def checks_of_files(
        context: dg.AssetCheckExecutionContext,
        warehouse: Warehouse,
        store: ReportStore,
        timing: Timing,
    ) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        chosen = [
            spec for spec in context.check_specs if spec.key in context.selected_asset_check_keys
        ]
        with step_failures(), warehouse_connection(warehouse.address()) as connection:
            files = store.open()
            for key, target in _targets(context, asset).items():
                reports = _published(connection, asset, key, timing)
                names = Names.read(connection, {e.event_id for e in reports if e.event_id})
                for spec in chosen:
                    find = _AUDITS[spec.name].find
                    faults = list(find(connection, files, reports, timing.now()))
                    metadata = _metadata(len(reports), faults, files, names)
                    yield _evaluation(spec, key, target, faults, metadata)
        for spec in chosen:
            yield dg.Output(None, spec.get_python_identifier())

    return checks_of_files


def _targets(
    context: dg.AssetCheckExecutionContext, asset: dg.AssetsDefinition
) -> dict[str | None, CheckTarget | None]:
    """Each partition with its newest materialisation; None is the whole asset."""
    if asset.partitions_def is None:
        return {None: check_target(context.instance, asset.key)}
    keys = partition_keys_of(context)
    found = check_targets(context.instance, asset.key, keys)
    return {key: found.get(key) for key in keys}


def _published(
    connection: Connection[Any], asset: dg.AssetsDefinition, key: str | None, timing: Timing
) -> list[GeneratedReport]:
    """The published reports of a partition."""
    if key is None:
        return published_reports(connection, since=timing.now() - _WITHOUT_PARTITION)
    schedule, partitions = _SCHEDULES[asset.key.to_user_string()], asset.partitions_def
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        ends = due_days(partitions, key)
        return published_reports(connection, schedule=schedule, period_ends=ends)
    return published_reports(connection, schedule=schedule, event_ids=[UUID(key)])


def _evaluation(
    spec: dg.AssetCheckSpec,
    key: str | None,
    target: CheckTarget | None,
    faults: Sequence[AuditFault],
    metadata: dict[str, dg.MetadataValue[Any]],
) -> dg.AssetCheckEvaluation:
    first = faults[0] if faults else None
    return dg.AssetCheckEvaluation(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not faults,
        description=None if first is None else _sentence(first),
        metadata=metadata,
        partition=key,
        target_materialization_data=target,
    )


def _sentence(fault: AuditFault) -> str:
    return f"{fault.report.slug}, {fault.report.period}, {fault.report.format}: {fault.fault}"


def _metadata(
    file_count: int,
    faults: Sequence[AuditFault],
    store: ObjectStore,
    names: Names,
) -> dict[str, dg.MetadataValue[Any]]:
    counts: dict[str, dg.MetadataValue[Any]] = {
        "file_count": dg.MetadataValue.int(file_count),
        "fault_count": dg.MetadataValue.int(len(faults)),
    }
    if not faults:
        return counts
    records = [_record(each, store, names) for each in faults[:LISTED]]
    return counts | {"faults": dg.MetadataValue.table(records, schema=_SCHEMA)}


def _record(each: AuditFault, store: ObjectStore, names: Names) -> dg.TableRecord:
    report = each.report
    return dg.TableRecord(
        {
            "report": report.slug,
            **names.of_organization(report.organization_id),
            **names.of_event(report.event_id),
            "period": period_text(report.period),
            "format": report.format,
            "edition": report.edition,
            "fault": each.fault,
            "location": report.storage_path and store.location(report.storage_path),
        }
    )

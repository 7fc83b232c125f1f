"""The checks of a report table over all of its days.

A check of a day shows the day that it looked at; in Dagster's lists a later day that passes hides
an earlier one that failed. So each table has two checks without partitions:

    no_unresolved_day   fails while any day has an error
    no_warned_day       does not pass, with severity WARN, while any day has a warning
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
from psycopg import Connection

from reporting_pipeline.checks.day_findings import DayFinding, day_findings
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.orchestration.assets.evaluations import SEVERITIES
from reporting_pipeline.orchestration.assets.lineage import SEALS, report_key
from reporting_pipeline.orchestration.assets.tables import LISTED
from reporting_pipeline.registry.report_tables import REPORT_TABLES

_DAYS_WITH = {Severity.ERROR: "errors", Severity.WARN: "warnings"}
_NAMES = {Severity.ERROR: "no_unresolved_day", Severity.WARN: "no_warned_day"}
_DESCRIPTIONS = {
    Severity.ERROR: (
        "No day of the table has an error, whenever it was built. An error is resolved when the "
        "day is built again and passes, or when a person has accepted the break."
    ),
    Severity.WARN: (
        "No day of the table has a warning. A person should know of it; it holds no report."
    ),
}
_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("day"),
        dg.TableColumn("check"),
        dg.TableColumn("findings", type="int"),
        dg.TableColumn("what"),
    ]
)


def day_check_specs() -> list[dg.AssetCheckSpec]:
    """Both checks of each report table; a run evaluates them after it has sealed its days."""
    return [
        dg.AssetCheckSpec(
            name,
            asset=report_key(table.name),
            description=_DESCRIPTIONS[severity],
            additional_deps=[SEALS],
            blocking=False,
        )
        for table in REPORT_TABLES
        for severity, name in _NAMES.items()
    ]


def day_evaluations(connection: Connection[Any]) -> Iterator[dg.AssetCheckEvaluation]:
    """Both checks of each report table, as the warehouse is now."""
    for table in REPORT_TABLES:
        found = day_findings(connection, table.name)
        for severity in _NAMES:
            of_severity = [each for each in found if each.severity is severity]
            yield _evaluation(table.name, severity, of_severity)


def is_of_all_days(evaluation: dg.AssetCheckEvaluation) -> bool:
    """True for the evaluation of a check over all days of a table."""
    return evaluation.check_name in _NAMES.values()


def changed_evaluations(
    instance: dg.DagsterInstance, evaluations: Iterable[dg.AssetCheckEvaluation]
) -> list[dg.AssetCheckEvaluation]:
    """The evaluations that differ from the newest that the instance has."""
    current = {each.asset_check_key: each for each in evaluations}
    known = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(current))
    changed = []
    for key, evaluation in current.items():
        record = known.get(key)
        former = record.evaluation if record is not None else None
        if former is None or _state(former) != _state(evaluation):
            changed.append(evaluation)
    return changed


def _state(evaluation: dg.AssetCheckEvaluation) -> tuple[object, ...]:
    return evaluation.passed, evaluation.description, evaluation.metadata.get("day_count")


def _evaluation(
    table: str, severity: Severity, found: Sequence[DayFinding]
) -> dg.AssetCheckEvaluation:
    days = {each.day for each in found}
    metadata: dict[str, dg.MetadataValue[Any]] = {
        "day_count": dg.MetadataValue.int(len(days)),
        "finding_count": dg.MetadataValue.int(sum(each.finding_count for each in found)),
    }
    if found:
        records = [_record(each) for each in found[:LISTED]]
        metadata["days"] = dg.MetadataValue.table(records, schema=_SCHEMA)
    return dg.AssetCheckEvaluation(
        asset_key=report_key(table),
        check_name=_NAMES[severity],
        passed=not found,
        severity=SEVERITIES[severity],
        description=_description(severity, len(days), found) if found else None,
        metadata=metadata,
        blocking=False,
    )


def _description(severity: Severity, day_count: int, found: Sequence[DayFinding]) -> str:
    newest = found[0]
    days = f"{day_count} days have" if day_count > 1 else "1 day has"
    return f"{days} {_DAYS_WITH[severity]}; {newest.day}: {newest.check}: {newest.message}"


def _record(each: DayFinding) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "day": each.day.isoformat(),
            "check": each.check,
            "findings": each.finding_count,
            "what": each.message,
        }
    )

"""The results of checks as Dagster shows them: one evaluation per check and day.

Steps of runs and commands of the command line give the same evaluations.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from psycopg import Connection

from reporting_pipeline.checks.checks import Check
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.domain.currencies import money_text
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity, worst_severity
from reporting_pipeline.orchestration.assets.lineage import report_key
from reporting_pipeline.orchestration.assets.tables import (
    EVENT,
    LISTED,
    ORGANIZATION,
    ORGANIZATION_ID,
    Names,
)
from reporting_pipeline.orchestration.instance.runs import CheckTarget

SEVERITIES = {
    Severity.WARN: dg.AssetCheckSeverity.WARN,
    Severity.ERROR: dg.AssetCheckSeverity.ERROR,
}
_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("severity"),
        dg.TableColumn("what"),
        ORGANIZATION,
        EVENT,
        dg.TableColumn("expected", description="an amount with its currency, or a count"),
        dg.TableColumn("found", description="an amount with its currency, or a count"),
        dg.TableColumn("difference", description="expected less found"),
        ORGANIZATION_ID,
        dg.TableColumn("ids"),
    ]
)


def evaluations_of(
    check: Check,
    findings: Findings,
    targets: Mapping[str, CheckTarget],
    names: Names,
) -> Iterator[dg.AssetCheckEvaluation]:
    """One evaluation per day, failed if there is an error.

    A day with only warnings passes, with severity WARN and the warnings listed: Dagster treats a
    check that has not passed as failed wherever it shows days or waits for them.
    """
    for day, discrepancies in findings.items():
        worst = worst_severity(discrepancies)
        yield dg.AssetCheckEvaluation(
            asset_key=report_key(check.report_table),
            check_name=check.name,
            passed=worst is not Severity.ERROR,
            severity=SEVERITIES[worst or Severity.ERROR],
            description=_description(discrepancies),
            metadata=_metadata(discrepancies, names),
            blocking=False,
            partition=day.isoformat(),
            target_materialization_data=targets.get(day.isoformat()),
        )


def names_of_findings(connection: Connection[Any], found: Iterable[Findings]) -> Names:
    """The names of all organisations, and of the events that the findings name."""
    return Names.read(
        connection,
        {
            each.ids["event_id"]
            for findings in found
            for of_day in findings.values()
            for each in of_day[:LISTED]
            if "event_id" in each.ids
        },
    )


def _description(discrepancies: Sequence[Discrepancy]) -> str | None:
    if not discrepancies:
        return None
    further = f" (and {len(discrepancies) - 1} more)" if len(discrepancies) > 1 else ""
    return f"{discrepancies[0].message}{further}"


def _metadata(
    discrepancies: Sequence[Discrepancy], names: Names
) -> dict[str, dg.MetadataValue[Any]]:
    counts: dict[str, dg.MetadataValue[Any]] = {
        f"{severity}_count": dg.MetadataValue.int(
            sum(each.severity is severity for each in discrepancies)
        )
        for severity in (Severity.ERROR, Severity.WARN)
    }
    if not discrepancies:
        return counts
    return counts | {
        "discrepancies": dg.MetadataValue.table(
            [_record(each, names) for each in discrepancies[:LISTED]], schema=_SCHEMA
        )
    }


def _record(each: Discrepancy, names: Names) -> dg.TableRecord:
    difference = (
        each.expected - each.found if each.expected is not None and each.found is not None else None
    )
    return dg.TableRecord(
        {
            "severity": str(each.severity),
            "what": each.message,
            **names.of_organization(each.organization_id),
            **names.of_event(each.ids.get("event_id")),
            "ids": ", ".join(f"{name} {value}" for name, value in sorted(each.ids.items())),
            "expected": _figure(each.expected, each.currency),
            "found": _figure(each.found, each.currency),
            "difference": _figure(difference, each.currency),
        }
    )


def _figure(figure: int | None, currency: str | None) -> str | None:
    if figure is None:
        return None
    return str(figure) if currency is None else money_text(figure, currency)

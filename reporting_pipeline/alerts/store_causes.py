"""The current causes of alerts about files in the store, as audits and requests have found them."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from psycopg import Connection

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.catalogue.generated_reports import generated_report
from reporting_pipeline.catalogue.stored_files import (
    FindingKind,
    StoreFinding,
    store_findings,
)
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.sources.landed_names import LandedNames

_PROBLEMS = {
    FindingKind.GONE: "the file is gone from the store",
    FindingKind.SIZE: "the file is altered in the store",
    FindingKind.DIGEST: "the file is altered in the store",
    FindingKind.MANIFEST: "the manifest beside the file is gone or altered",
    FindingKind.UNKNOWN: "a file in the store belongs to no report",
}
# A store that was emptied is one alert of each organisation, not one of each file.
_MAX_ALERTS = 20


def store_causes(connection: Connection[Any]) -> Iterator[Alert]:
    """The files that are not as the catalogue says, one alert each.

    Of an organisation with many of them, one alert for all; its message shows the first.
    """
    findings = sorted(store_findings(connection), key=lambda each: str(each.organization_id))
    names = LandedNames.read(connection)
    for _, grouped in groupby(findings, key=lambda each: each.organization_id):
        of_organization = list(grouped)
        if len(of_organization) <= _MAX_ALERTS:
            for each in of_organization:
                yield _alert(connection, each, names)
        else:
            yield _alert(connection, of_organization[0], names, len(of_organization))


def _alert(
    connection: Connection[Any], found: StoreFinding, names: LandedNames, count: int = 1
) -> Alert:
    kind = AlertKind.STORED_FILE
    report = None if found.report_id is None else generated_report(connection, found.report_id)
    owner = found.organization_id
    of = f"organisation {names.organization(owner) if owner else 'unknown'}"
    name = f"{report.slug} of {of}, {report.period} ({report.format})" if report else of
    more = f", and {count - 1} more files" if count > 1 else ""
    is_error = found.finding is not FindingKind.UNKNOWN
    cause = found.storage_path if count == 1 else f"organisation {found.organization_id}"
    return Alert(
        kind=kind,
        cause=f"{kind}:{cause}",
        severity=Severity.ERROR if is_error else Severity.WARN,
        organization_id=found.organization_id,
        message=f"{name}: {_PROBLEMS[found.finding]}: {found}{more}; {found.consequence}",
        facts={
            "finding": str(found.finding),
            "object": found.storage_path,
            "slug": None if report is None else report.slug,
            "period": None if report is None else report.period,
            "format": None if report is None else report.format,
            "edition": None if report is None else report.edition,
            "expected": found.expected,
            "found": found.found,
            "consequence": found.consequence,
        },
        count=count,
    )

"""Whether a report in the catalogue is what generating it now would give.

It is where none of its days was checked or built anew since it was read, its seals and watermarks
are those of its manifest, and the gate would let it pass with the same stamp, under this version of
its definition and of the columns' meaning. All else is generated again, which gives the same bytes
if nothing has changed. So a report over days that are not final is current until the next landing.

What belongs here: that question. What does not: what follows from the answer (`ask`).
"""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from reporting_pipeline.catalogue.generated import GeneratedReport, generated_report
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.checks.seals import SealedPeriod
from reporting_pipeline.exports.manifest import SealPart, WatermarkPart
from reporting_pipeline.publishing.gate import judge, seal_parts, watermark_parts
from reporting_pipeline.publishing.report_rows import ReportRequest, standing_of
from reporting_pipeline.registry.logic_version import LOGIC_VERSION
from reporting_pipeline.report_definitions.definition import ReportFormat

# A request starts before its rows are read; clocks of two machines differ by less than a minute.
# `generated_at` is after they are, and the file is written in between. A report is rather made
# twice than told as current.
_LAST_READ = """
    select greatest(
        %(generated_at)s::timestamptz - interval '15 minutes',
        max(started_at) - interval '1 minute'
    )
    from catalogue.report_requests
    where report_id = %(id)s and status = 'completed' and version = %(version)s
"""
_UNCHANGED_DAYS = """
    select count(*) from reporting.sealed_days
    where date >= %s and date < %s and sealed_at < %s
"""


def current_report(
    connection: Connection[Any],
    request: ReportRequest,
    format_: ReportFormat,
    *,
    delay_seconds: int,
) -> GeneratedReport | None:
    """The report where it is current; None where it has to be generated, or it is not known."""
    report = generated_report(
        connection, ReportKey.of(request.definition, request.period, format_).id
    )
    if report is None or not _may_stand(report, request):
        return None
    sealed = standing_of(connection, request, delay_seconds=delay_seconds).sealed
    if sealed is None or not _stands_on(report, request, sealed):
        return None
    bound = {"generated_at": report.generated_at, "id": report.id, "version": report.version}
    [(read_at,)] = connection.execute(_LAST_READ, bound).fetchall()
    first, end = sealed.seals[0].day, request.period.end
    [(unchanged_count,)] = connection.execute(_UNCHANGED_DAYS, (first, end, read_at)).fetchall()
    return report if unchanged_count == len(sealed.seals) else None


def _may_stand(report: GeneratedReport, request: ReportRequest) -> bool:
    manifest = report.manifest or {}
    return (
        report.status == "ready"
        and report.version == request.definition.version
        and manifest.get("logic_version") == LOGIC_VERSION
    )


def _stands_on(report: GeneratedReport, request: ReportRequest, sealed: SealedPeriod) -> bool:
    """Whether it rests on these seals, and would be published as it was."""
    verdict = judge(
        request.definition.category, sealed, is_provisional_allowed=request.is_provisional_allowed
    )
    manifest = report.manifest or {}
    return (
        not verdict.held_by
        and verdict.is_provisional == report.is_provisional
        and manifest.get("seals") == _plain(seal_parts(sealed))
        and manifest.get("watermarks") == _plain(watermark_parts(sealed))
    )


def _plain(parts: Sequence[SealPart | WatermarkPart]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in parts]

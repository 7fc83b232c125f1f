"""What became of due reports, a line per file: what people read of a batch.

What belongs here: the line. What does not: how a terminal (`cli`) or Dagster (`orchestration`)
shows it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, cast
from uuid import UUID

from reporting_pipeline import errors
from reporting_pipeline.due.due_reports import DueResult
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.publishing.generate import Outcome

Status = Literal["ready", "held", "failed"]
_STAMPED = "stamped PROVISIONAL: it rests on days that are not final"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One report in one format.

    Attributes:
        period: As in the file's name.
        format: `all` where the report failed before its formats.
        edition: The one that stands now; 0: none.
        row_count: Of that edition; None where there is none.
        byte_count: Likewise.
        location: The path or s3:// address of its file; None where none was published now.
        reason: Why it is held, failed or stamped.
        is_retryable: It failed, and may succeed later without a change.
        is_fault: It failed by a fault of the program.
    """

    slug: str
    organization_id: UUID
    period: str
    format: str
    status: Status
    edition: int = 0
    is_new_edition: bool = False
    row_count: int | None = None
    byte_count: int | None = None
    seconds: float = 0.0
    location: str | None = None
    reason: str | None = None
    is_retryable: bool = False
    is_fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a report is held, failed or stamped, in the formats that share the reason.

    Attributes:
        what: `held`, `failed` or `stamped`.
    """

    what: str
    slug: str
    organization_id: UUID
    period: str
    formats: str
    reason: str


def report_lines(result: DueResult) -> Iterator[ReportLine]:
    """The lines of one due report, in the order of its formats."""
    if result.error is not None:
        request, error = result.due.request, result.error
        is_fault = not isinstance(error, ReportingError)
        yield ReportLine(
            slug=request.definition.slug,
            organization_id=request.definition.organization_id,
            period=request.period.token,
            format="all",
            status="failed",
            reason=f"{type(error).__name__}: {error}",
            is_retryable=isinstance(error, ReportingError) and error.retryable,
            is_fault=is_fault,
        )
    for outcome in result.outcomes:
        yield _line(outcome)


def reasons(lines: Iterable[ReportLine]) -> list[Reason]:
    """Why files are held, failed or stamped, in the order of the lines."""
    formats: dict[Reason, list[str]] = {}
    for line in lines:
        if line.reason is not None:
            reason = Reason(
                what="stamped" if line.status == "ready" else line.status,
                slug=line.slug,
                organization_id=line.organization_id,
                period=line.period,
                formats="",
                reason=line.reason,
            )
            formats.setdefault(reason, []).append(line.format)
    return [replace(reason, formats=", ".join(each)) for reason, each in formats.items()]


def _line(outcome: Outcome) -> ReportLine:
    report = outcome.report
    status = cast("Status", report.status)
    is_failed = status == "failed"
    reason = report.failure_message
    if is_failed:
        reason = f"{report.failure_class}: {reason}"
    elif status == "ready" and report.is_provisional:
        reason = _STAMPED
    return ReportLine(
        slug=report.slug,
        organization_id=report.organization_id,
        period=report.period,
        format=report.format,
        status=status,
        edition=report.edition,
        is_new_edition=outcome.is_new_edition,
        row_count=report.row_count,
        byte_count=report.byte_count,
        seconds=outcome.seconds,
        location=outcome.location,
        reason=reason,
        is_retryable=is_failed and _is_retryable(report.failure_class),
    )


def _is_retryable(error_name: str | None) -> bool:
    """Whether the error of that name may pass; the catalogue keeps names."""
    error = getattr(errors, error_name or "", None)
    return isinstance(error, type) and issubclass(error, ReportingError) and error.retryable

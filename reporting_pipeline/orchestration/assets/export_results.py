"""The results of a batch of reports, as metadata of its partitions and as the end of its step."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import dagster as dg

from reporting_pipeline.due.batch import DueResult, ReportLine, reasons, report_lines
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.orchestration.assets.reports import markdown_table
from reporting_pipeline.orchestration.instance.runs import HAS_ALERT
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store.object_store import ObjectStore

_LISTED = 50
_PREVIEW_ROWS = 5
_STATUSES = ("ready", "held", "failed")

COUNTS = (*(f"{status}_count" for status in _STATUSES), "new_edition_count")
"""Metadata of a partition that counts files."""

_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("report"),
        dg.TableColumn("organization_id"),
        dg.TableColumn("period"),
        dg.TableColumn("format"),
        dg.TableColumn("status"),
        dg.TableColumn("edition", type="int"),
        dg.TableColumn("rows", type="int"),
        dg.TableColumn("bytes", type="int"),
        dg.TableColumn("seconds", type="float"),
        dg.TableColumn("location"),
    ]
)
_REASONS = dg.TableSchema(
    columns=[
        dg.TableColumn("what"),
        dg.TableColumn("report"),
        dg.TableColumn("organization_id"),
        dg.TableColumn("period"),
        dg.TableColumn("formats"),
        dg.TableColumn("reason"),
    ]
)


class BatchSummary:
    """The results of the reports of one partition: counts, and the first lines.

    Memory does not grow with the number of reports.

    Attributes:
        published: The first lines that are ready.
        unpublished: The first lines that are held or failed.
        may_pass: A line that failed for a transient cause.
        fault: The first fault of the program.
        is_recorded: Whether the catalogue has every failed report; each then has an alert.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.new_edition_count = 0
        self.row_count = 0
        self.byte_count = 0
        self.seconds = 0.0
        self.published: list[ReportLine] = []
        self.unpublished: list[ReportLine] = []
        self.may_pass: ReportLine | None = None
        self.fault: Exception | None = None
        self.is_recorded = True
        self._csv_path: str | None = None

    def add(self, result: DueResult) -> None:
        """Count one report in all its formats."""
        for line in report_lines(result):
            self.counts[line.status] += 1
            self.new_edition_count += line.is_new_edition
            self.seconds += line.seconds
            if line.location is not None:
                self.row_count += line.row_count or 0
                self.byte_count += line.byte_count or 0
            if line.is_retryable and self.may_pass is None:
                self.may_pass = line
            kept = self.published if line.status == "ready" else self.unpublished
            if len(kept) < _LISTED:
                kept.append(line)
        self.is_recorded &= result.error is None
        if self.fault is None and not isinstance(result.error, ReportingError):
            self.fault = result.error
        self._csv_path = self._csv_path or _csv_path(result)

    def metadata(self, store: ObjectStore) -> dict[str, object]:
        """Metadata of the partition; reports that were not published come first."""
        metadata: dict[str, object] = {
            **{f"{status}_count": self.counts[status] for status in _STATUSES},
            "new_edition_count": self.new_edition_count,
            "row_count": self.row_count,
            "byte_count": self.byte_count,
            "seconds": round(self.seconds, 3),
        }
        lines = [*self.unpublished, *self.published][:_LISTED]
        if any(line.reason for line in lines):
            metadata["reasons"] = _reasons(lines)
        if lines:
            records = [_record(line) for line in lines]
            metadata["reports"] = dg.MetadataValue.table(records, schema=_SCHEMA)
        if self._csv_path is not None:
            metadata["previewed"] = store.location(self._csv_path)
            metadata["preview"] = dg.MetadataValue.md(_preview(store, self._csv_path))
        return metadata


def show_results(
    context: dg.AssetExecutionContext,
    store: ObjectStore,
    results: Iterator[DueResult],
    partition_of: Callable[[DueReport], str],
) -> None:
    """Generate the reports, show the results by partition, and end the step (`end_step`)."""
    summaries = {key: BatchSummary() for key in context.partition_keys}
    for result in results:
        summaries[partition_of(result.due)].add(result)
    for key, summary in summaries.items():
        context.add_asset_metadata(summary.metadata(store), partition_key=key)
        if summary.unpublished:
            held, failed = summary.counts["held"], summary.counts["failed"]
            context.log.warning("%s: %s files are held, %s failed", key, held, failed)
    end_step(list(summaries.values()))


def end_step(summaries: Sequence[BatchSummary]) -> None:
    """End the step of a batch, with success or failure.

    Held and failed reports are visible in their partition. A held report is no failure. A failed
    report fails the step, after all others are done, in these cases:

        a transient cause, a store that is down for example   the step is retried; files that are
                                                              published already stay the same
        a fault of the program                                no retry
        every report failed                                   no retry

    Raises:
        dagster.Failure: In these cases.
    """
    failed_count = sum(each.counts["failed"] for each in summaries)
    total = sum(each.counts.total() for each in summaries)
    may_pass = [each.may_pass for each in summaries if each.may_pass is not None]
    fault = next((each.fault for each in summaries if each.fault is not None), None)
    if not may_pass and fault is None and not 0 < failed_count == total:
        return
    failed = [line for each in summaries for line in each.unpublished if line.status == "failed"]
    first = (may_pass or failed)[0]
    metadata: dict[str, dg.TableMetadataValue | str] = {"reasons": _reasons(failed[:_LISTED])}
    if all(each.is_recorded for each in summaries):
        metadata[HAS_ALERT] = "an alert of each report"
    raise dg.Failure(
        description=(
            f"{failed_count} of {total} files failed; one of them, {first.slug} of "
            f"{first.organization_id}, {first.period}, {first.format}: {first.reason}"
        ),
        metadata=metadata,
        allow_retries=bool(may_pass),
    ) from fault


def _reasons(lines: Sequence[ReportLine]) -> dg.TableMetadataValue:
    """The reasons why files are held, failed or stamped; the formats of a report share one."""
    records = [
        dg.TableRecord(
            {
                "what": each.what,
                "report": each.slug,
                "organization_id": str(each.organization_id),
                "period": each.period,
                "formats": each.formats,
                "reason": each.reason,
            }
        )
        for each in reasons(lines)
    ]
    return dg.MetadataValue.table(records, schema=_REASONS)


def _record(line: ReportLine) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "report": line.slug,
            "organization_id": str(line.organization_id),
            "period": line.period,
            "format": line.format,
            "status": line.status,
            "edition": line.edition,
            "rows": line.row_count,
            "bytes": line.byte_count,
            "seconds": round(line.seconds, 3),
            "location": line.location,
        }
    )


def _csv_path(result: DueResult) -> str | None:
    """The key of a CSV file with rows that was published now."""
    for outcome in result.outcomes:
        report = outcome.report
        if report.format == ReportFormat.CSV and outcome.location and report.row_count:
            return report.storage_path
    return None


def _preview(store: ObjectStore, path: str) -> str:
    """The first rows of a CSV file; only the beginning of the file is read."""
    try:
        head = next(iter(store.get(path)), b"")
    except ReportingError as error:
        return f"The file cannot be read: {error.message}"
    text = head.decode("utf-8-sig", errors="ignore")
    header, *rows = islice(csv.reader(text.splitlines()), _PREVIEW_ROWS + 1)
    return markdown_table(header, rows)

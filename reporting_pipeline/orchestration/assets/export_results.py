"""The results of a batch of reports, as metadata of its partitions and as the end of its step."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import dagster as dg

from reporting_pipeline.due.batch import (
    ALL_FORMATS,
    DueResult,
    ReportLine,
    reasons,
    report_lines,
)
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.orchestration.assets.previews import ROWS_AT_MOST, file_preview
from reporting_pipeline.orchestration.assets.tables import (
    EVENT,
    LISTED,
    ORGANIZATION,
    ORGANIZATION_ID,
    Names,
    markdown_table,
    period_text,
)
from reporting_pipeline.orchestration.instance.runs import HAS_ALERT
from reporting_pipeline.orchestration.partitions import is_by_event, partition_keys_of
from reporting_pipeline.orchestration.resources import Reports
from reporting_pipeline.store.object_store import ObjectStore

_STATUSES = ("ready", "empty", "held", "failed")

# The text of a PDF page is for people; every other format gives its rows back quickly.
_READ = {name for name in FORMATS if name != "pdf"}

COUNTS = (*(f"{status}_count" for status in _STATUSES), "new_edition_count", "unchanged_count")
"""Metadata of a partition that counts files."""

_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("name"),
        ORGANIZATION,
        EVENT,
        dg.TableColumn("period"),
        dg.TableColumn("format"),
        dg.TableColumn("status"),
        dg.TableColumn("edition", type="int"),
        dg.TableColumn("rows", type="int"),
        dg.TableColumn("bytes", type="int"),
        dg.TableColumn("seconds", type="float"),
        dg.TableColumn("location"),
        dg.TableColumn("report", description="the slug of the report definition"),
        ORGANIZATION_ID,
    ]
)
_REASONS = dg.TableSchema(
    columns=[
        dg.TableColumn("what"),
        dg.TableColumn("report"),
        ORGANIZATION,
        EVENT,
        dg.TableColumn("period"),
        dg.TableColumn("formats"),
        dg.TableColumn("reason"),
        ORGANIZATION_ID,
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
        self.unchanged_count = 0
        self.row_count = 0
        self.byte_count = 0
        self.seconds = 0.0
        self.published: list[ReportLine] = []
        self.unpublished: list[ReportLine] = []
        self.may_pass: ReportLine | None = None
        self.fault: Exception | None = None
        self.is_recorded = True
        self._previewed: ReportLine | None = None

    def add(self, result: DueResult) -> None:
        """Count one report in all its formats."""
        if self.fault is None and not isinstance(result.error, ReportingError):
            self.fault = result.error
        self.add_lines(report_lines(result))

    def add_lines(self, lines: Iterable[ReportLine]) -> None:
        """Count one report by its lines, as a worker has sent them."""
        for line in lines:
            self.counts[line.status] += 1
            self.new_edition_count += line.is_new_edition
            self.unchanged_count += line.is_unchanged
            self.seconds += line.seconds
            if line.location is not None:
                self.row_count += line.row_count or 0
                self.byte_count += line.byte_count or 0
            if line.is_retryable and self.may_pass is None:
                self.may_pass = line
            if _has_preview(line) and _rows(line) > _rows(self._previewed):
                self._previewed = line
            is_well = line.status in {"ready", "empty"}
            kept = self.published if is_well else self.unpublished
            if len(kept) < LISTED:
                kept.append(line)
            self.is_recorded &= line.format != ALL_FORMATS
            if line.is_fault and self.fault is None:
                self.fault = RuntimeError(line.reason)

    @property
    def event_ids(self) -> set[UUID]:
        """The events of the listed reports."""
        lines = (*self.unpublished, *self.published)
        return {each.event_id for each in lines if each.event_id is not None}

    def metadata(self, store: ObjectStore, names: Names) -> dict[str, Any]:
        """Metadata of the partition; reports that were not published come first."""
        metadata: dict[str, Any] = {
            **{f"{status}_count": self.counts[status] for status in _STATUSES},
            "new_edition_count": self.new_edition_count,
            "unchanged_count": self.unchanged_count,
            "row_count": self.row_count,
            "byte_count": self.byte_count,
            "seconds": round(self.seconds, 3),
        }
        lines = [*self.unpublished, *self.published][:LISTED]
        if any(line.reason for line in lines):
            metadata["reasons"] = _reasons(lines, names)
        if lines:
            records = [_record(line, names) for line in lines]
            metadata["reports"] = dg.MetadataValue.table(records, schema=_SCHEMA)
        if any(line.location for line in lines):
            metadata["files"] = dg.MetadataValue.md(_files(lines, store, names))
        if self._previewed is not None:
            location = str(self._previewed.location)
            metadata["previewed"] = location
            metadata |= file_preview(location)
        return metadata


def show_results(
    context: dg.AssetExecutionContext,
    reports: Reports,
    results: Iterator[DueResult],
    partition_of: Callable[[DueReport], str],
) -> None:
    """Generate the reports, show the results by partition, and end the step (`end_step`)."""
    summaries = {key: BatchSummary() for key in partition_keys_of(context)}
    for result in results:
        summaries[partition_of(result.due)].add(result)
    show_summaries(context, reports, summaries, are_events=is_by_event(context))


def show_summaries(
    context: dg.AssetExecutionContext,
    reports: Reports,
    summaries: Mapping[str, BatchSummary],
    *,
    are_events: bool,
) -> None:
    """Show the summary of each partition, and end the step (`end_step`)."""
    event_ids = [UUID(key) for key in summaries] if are_events else []
    store, names = reports.store.open(), read_names(reports, summaries.values(), event_ids)
    for key, summary in summaries.items():
        metadata = summary.metadata(store, names)
        if event_ids:
            metadata["event"] = names.table_of_event(UUID(key))
        context.add_asset_metadata(metadata, partition_key=key)
        if summary.unpublished:
            held, failed = summary.counts["held"], summary.counts["failed"]
            context.log.warning("%s: %s files are held, %s failed", key, held, failed)
    end_step(list(summaries.values()), names)


def read_names(
    reports: Reports, summaries: Iterable[BatchSummary], event_ids: Iterable[UUID] = ()
) -> Names:
    """The names of all organisations, of the events of the summaries, and of further events."""
    named = {event_id for each in summaries for event_id in each.event_ids}
    with reports.warehouse.snapshot() as connection:
        return Names.read(connection, named.union(event_ids))


def end_step(summaries: Sequence[BatchSummary], names: Names) -> None:
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
    metadata: dict[str, dg.TableMetadataValue | str] = {"reasons": _reasons(failed[:LISTED], names)}
    if all(each.is_recorded for each in summaries):
        metadata[HAS_ALERT] = "an alert of each report"
    raise dg.Failure(
        description=(
            f"{failed_count} of {total} files failed; one of them, {first.slug} of "
            f"{names.landed.organization(first.organization_id)}, {first.period}, {first.format}: "
            f"{first.reason}"
        ),
        metadata=metadata,
        allow_retries=bool(may_pass),
    ) from fault


def _reasons(lines: Sequence[ReportLine], names: Names) -> dg.TableMetadataValue:
    """The reasons why files are held, failed or stamped; the formats of a report share one."""
    records = [
        dg.TableRecord(
            {
                "what": each.what,
                "report": each.slug,
                **names.of_organization(each.organization_id),
                **names.of_event(each.event_id),
                "period": period_text(each.period),
                "formats": each.formats,
                "reason": each.reason,
            }
        )
        for each in reasons(lines)
    ]
    return dg.MetadataValue.table(records, schema=_REASONS)


def _record(line: ReportLine, names: Names) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "name": line.name,
            "report": line.slug,
            **names.of_organization(line.organization_id),
            **names.of_event(line.event_id),
            "period": period_text(line.period),
            "format": line.format,
            "status": line.status,
            "edition": line.edition,
            "rows": line.row_count,
            "bytes": line.byte_count,
            "seconds": round(line.seconds, 3),
            "location": line.location,
        }
    )


def _files(lines: Iterable[ReportLine], store: ObjectStore, names: Names) -> str:
    """A link to each file, or its path in a folder; one row per report."""
    links: dict[tuple[object, ...], list[str]] = {}
    for line in lines:
        if line.storage_path is not None:
            organization = names.of_organization(line.organization_id)["organization"]
            event = names.of_event(line.event_id)["event"]
            link = store.link(line.storage_path)
            shown = f"[{line.format}]({link})" if link else f"`{line.location}`"
            period = period_text(line.period)
            # Two definitions may have the same name.
            key = (line.name, organization, event, period, line.slug, line.period)
            links.setdefault(key, []).append(shown)
    rows = ((*key[:4], " ".join(of)) for key, of in links.items())
    return markdown_table(("report", "organization", "event", "period", "files"), rows)


def _rows(line: ReportLine | None) -> int:
    return 0 if line is None else line.row_count or 0


def _has_preview(line: ReportLine) -> bool:
    """True for a file of some rows whose format can be read back."""
    is_short = 0 < _rows(line) <= ROWS_AT_MOST
    return line.location is not None and is_short and line.format in _READ

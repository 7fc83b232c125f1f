"""Which reports are current: generating them now would give what the catalogue has already.

A report is current if its last generation had the basis of now (`basis`). Of a published one, the
store must also have the file. Batches leave current reports out, and requests return them.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from reporting_pipeline.catalogue.generated_reports import (
    GeneratedReport,
    generated_report,
    reports_with,
)
from reporting_pipeline.catalogue.report_keys import ReportKey, manifest_key
from reporting_pipeline.catalogue.stored_files import marks_of
from reporting_pipeline.errors import ReportingError, StoreError, WarehouseUnavailable
from reporting_pipeline.publishing.basis import Basis, bases_of, basis_of
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.snapshot import ReportRequest, platform_snapshot
from reporting_pipeline.publishing.stored_file import look_at, needs_reading
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store.object_store import ObjectHead
from reporting_pipeline.warehouse.engine import warehouse_connection

# A look at a bucket waits for the network.
_LOOKS_AT_ONCE = 8
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReport:
    """A report that somebody wants in some formats.

    Attributes:
        formats: At least one.
    """

    request: ReportRequest
    formats: tuple[ReportFormat, ...]

    @property
    def keys(self) -> tuple[ReportKey, ...]:
        """The key of each format."""
        definition, period = self.request.definition, self.request.period
        return tuple(ReportKey.of(definition, period, each) for each in self.formats)


def current_report(
    connection: Connection[Any],
    request: ReportRequest,
    format_: ReportFormat,
    *,
    delay_seconds: int,
) -> GeneratedReport | None:
    """The report in the catalogue if it is current; None if it must be generated.

    The status says how its last generation ended: ready, held or empty. The store is not asked
    (`stored_file.look_at`).

    Args:
        connection: To the warehouse; nothing is written.
        request: The report.
        format_: Its format.
        delay_seconds: How long after a day's end late rows are awaited.

    Raises:
        UnknownDataset: The definition has a dataset that is not known.
    """
    key = ReportKey.of(request.definition, request.period, format_)
    report = generated_report(connection, key.id)
    if report is None or report.basis is None:
        return None
    basis = basis_of(connection, request, delay_seconds=delay_seconds)
    return report if basis is not None and basis.is_of(report, request) else None


def current_reports(
    publisher: Publisher, wanted: Sequence[WantedReport]
) -> list[dict[ReportFormat, GeneratedReport]]:
    """The current reports among those wanted, by format; the others must be generated.

    All bases are read in one snapshot. Of a published report, the file must be in the store with
    the right bytes, and a manifest beside it that has the signature of the publisher's key.

    Returns:
        One mapping per wanted report. It is empty if the warehouse cannot tell: the generation of
        the report then names the cause.

    Raises:
        StoreError: The store cannot be reached, or refuses.
    """
    try:
        with warehouse_connection(publisher.warehouse) as connection:
            with platform_snapshot(connection):
                unchanged = _unchanged(connection, publisher, wanted)
            return _with_right_files(connection, publisher, unchanged)
    except StoreError:
        raise
    except (WarehouseUnavailable, ReportingError, psycopg.Error) as error:
        _LOG.warning("no report is left out as current: %s", error)
        return [{} for _ in wanted]


def _unchanged(
    connection: Connection[Any], publisher: Publisher, wanted: Sequence[WantedReport]
) -> list[dict[ReportFormat, GeneratedReport]]:
    known = reports_with(connection, [key.id for each in wanted for key in each.keys])
    candidates = [
        each for each in wanted if any(key.id in known and known[key.id].basis for key in each.keys)
    ]
    bases = bases_of(
        connection,
        [each.request for each in candidates],
        delay_seconds=publisher.final_delay_seconds,
    )
    by_id = {id(each): basis for each, basis in zip(candidates, bases, strict=True)}
    return [_of_basis(publisher, each, known, by_id.get(id(each))) for each in wanted]


def _of_basis(
    publisher: Publisher,
    wanted: WantedReport,
    known: Mapping[Any, GeneratedReport],
    basis: Basis | None,
) -> dict[ReportFormat, GeneratedReport]:
    if basis is None:
        return {}
    reports = {key.format: known[key.id] for key in wanted.keys if key.id in known}
    return {
        format_: report
        for format_, report in reports.items()
        if basis.is_of(report, wanted.request) and _has_signature_of_now(publisher, report)
    }


def _has_signature_of_now(publisher: Publisher, report: GeneratedReport) -> bool:
    """True if the manifest beside the file is signed by the publisher's key, if it has one."""
    if publisher.signer is None or report.status != "ready":
        return True
    file = (report.manifest or {}).get("file") or {}
    signature = file.get("digital_signature") or {}
    return bool(signature.get("key_id") == publisher.signer.public_key.id)


def _with_right_files(
    connection: Connection[Any],
    publisher: Publisher,
    unchanged: Sequence[dict[ReportFormat, GeneratedReport]],
) -> list[dict[ReportFormat, GeneratedReport]]:
    """The same, without the published reports whose file or manifest is not in the store."""
    published = [report for each in unchanged for report in each.values() if _has_file(report)]
    folders = dict.fromkeys(report.key.folder for report in published)
    heads: dict[str, ObjectHead] = {}
    with ThreadPoolExecutor(_LOOKS_AT_ONCE, thread_name_prefix="look") as pool:
        for listed in pool.map(lambda folder: list(publisher.store.list_objects(folder)), folders):
            heads.update((head.key, head) for head in listed)
    right = set(_right(connection, publisher, published, heads))
    return [
        {
            format_: report
            for format_, report in each.items()
            if not _has_file(report) or report.id in right
        }
        for each in unchanged
    ]


def _right(
    connection: Connection[Any],
    publisher: Publisher,
    reports: Sequence[GeneratedReport],
    heads: Mapping[str, ObjectHead],
) -> Iterable[Any]:
    """The ids of the reports whose file is right; a file that was put again is read."""
    marks = marks_of(connection, reports)
    for report in reports:
        path = report.storage_path or ""
        if path not in heads or manifest_key(path) not in heads:
            continue
        if not needs_reading(report, heads[path], marks.get(report.id)) or (
            look_at(connection, publisher.store, report, publisher.clock()) is None
        ):
            yield report.id


def _has_file(report: GeneratedReport) -> bool:
    return report.status == "ready"

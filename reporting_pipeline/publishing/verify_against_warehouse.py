"""Verifying a file against the warehouse: its rows against the tables, these against the ledger.

The report is compiled again from the version of its definition and its period, in one snapshot, and
compared row by row and cell by cell, in order. A file may be just as it was published and still
differ: the warehouse has learnt something since. Then the next edition says what.

What belongs here: what needs the warehouse. What does not: what a file says by itself
(`exports.verify`).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.building.build import ensure_views
from reporting_pipeline.catalogue.definition_store import definition_version
from reporting_pipeline.checks.checks import checks_of
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow, csv_batches, rows_of
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.row_spool import RowSpool, spool_rows
from reporting_pipeline.exports.verify.difference import (
    Difference,
    DifferenceKind,
    Proof,
    Verification,
)
from reporting_pipeline.exports.verify.row_checks import RowComparison
from reporting_pipeline.publishing.snapshot import report_snapshot
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions.compile import compile_report

_BREAKS = "report_reconciliation_breaks"
_RESTATED = Difference(
    kind=DifferenceKind.ROWS_DIGEST,
    message=(
        "the file is as it was published; the warehouse has other rows since: generate the report "
        "again for its next edition, and see what changed in dataset restatement_changes"
    ),
)


def verify_against_warehouse(warehouse: URL, path: Path, offline: Verification) -> Verification:
    """Compare a file with what the warehouse says now, and that with the ledger.

    Args:
        warehouse: Its address.
        path: The file.
        offline: What verifying the file by itself gave.

    Returns:
        The same with what was found here: the first cell that differs comes first.

    Raises:
        UnknownDefinition: The catalogue does not have the definition's version.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    ensure_views(warehouse)
    manifest = offline.manifest
    with (
        TemporaryDirectory(prefix="reporting-") as folder,
        report_snapshot(warehouse) as connection,
    ):
        rows = _current_rows(connection, manifest, Path(folder) / "rows.csv")
        cells = _differing_rows(path, offline, rows)
        if cells and offline.is_proven:
            cells.append(_RESTATED)
        ledger = list(_ledger_differences(connection, manifest))
    proofs = [
        *([] if cells else [Proof(what="rows of the warehouse", value="the same, cell by cell")]),
        *([] if ledger else [Proof(what="checks of these days", value="no error")]),
    ]
    return replace(
        offline,
        differences=(*cells, *offline.differences, *ledger),
        proofs=(*offline.proofs, *proofs),
    )


def _current_rows(connection: Connection[Any], manifest: Manifest, path: Path) -> RowSpool:
    """The report's rows as the warehouse has them now."""
    part = manifest.period
    period = Period(first=part.first, end=part.end, event_id=part.event_id)
    definition = definition_version(connection, manifest.definition.id, manifest.definition.version)
    report = compile_report(definition.config, definition.organization_id, period)
    return spool_rows(connection, report, path)


def _differing_rows(path: Path, offline: Verification, rows: RowSpool) -> list[Difference]:
    manifest, format_ = offline.manifest, FORMATS[offline.format]
    names = [column.name for column in rows.columns]
    if names != [column.name for column in manifest.columns]:
        message = (
            f"the definition's version has the columns {', '.join(names)}; the manifest others"
        )
        return [Difference(kind=DifferenceKind.MANIFEST, message=message)]
    comparison = RowComparison(manifest=manifest, place=partial(format_.row_place, path))
    try:
        return comparison.first_difference(format_.read(path, manifest), _spooled_rows(rows))
    except FileUnreadable:
        return []  # it is among what was found offline


def _spooled_rows(rows: RowSpool) -> Iterator[CanonicalRow]:
    import pyarrow as pa

    if rows.row_count:
        types = [pa.string()] * len(rows.columns)
        for batch in csv_batches(rows.path, types, keeps_mark=True):
            yield from rows_of(batch.columns)


def _ledger_differences(connection: Connection[Any], manifest: Manifest) -> Iterator[Difference]:
    """The errors that the checks find on the report's days, of its organisation or of all."""
    days = _days(manifest)
    tables = (*dataset(manifest.definition.dataset).rests_on, _BREAKS)
    for table in dict.fromkeys(tables):
        for check in checks_of(table):
            for of_day in check.find(connection, days).values():
                yield from (_of_ledger(each) for each in of_day if _concerns(each, manifest))


def _days(manifest: Manifest) -> list[date]:
    """The report days that the report rests on, which its seals name."""
    return [
        seal.first + timedelta(days=offset)
        for seal in manifest.seals
        for offset in range((seal.end - seal.first).days)
    ]


def _concerns(discrepancy: Discrepancy, manifest: Manifest) -> bool:
    is_error = discrepancy.severity is Severity.ERROR
    return is_error and discrepancy.organization_id in {None, manifest.organization.id}


def _of_ledger(discrepancy: Discrepancy) -> Difference:
    message = f"{discrepancy.day}, {discrepancy.check}: {discrepancy.message}"
    return Difference(kind=DifferenceKind.LEDGER, message=message)

"""Verifies a file against the warehouse: the catalogue, the report tables, and their checks.

The report is compiled again from the version of its definition and its period, in one snapshot, and
compared row by row and cell by cell, in order. A file may be just as it was published and still
differ, because rows have landed since. Then the next edition shows the difference. The checks that
need no warehouse are in `exports.verify`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.building.relations import ensure_relations
from reporting_pipeline.catalogue.definition_store import definition_version
from reporting_pipeline.checks.checks import checks_of
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
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
from reporting_pipeline.publishing.gate import Subject
from reporting_pipeline.publishing.snapshot import platform_snapshot
from reporting_pipeline.publishing.ties import broken_ties
from reporting_pipeline.publishing.verify_against_catalogue import (
    compare_with_catalogue,
    explained_by_versions,
)
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import RECONCILIATION_BREAKS
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.warehouse.engine import warehouse_connection

_RESTATED = Difference(
    kind=DifferenceKind.ROWS_DIGEST,
    message=(
        "the file is as it was published, and the warehouse has changed since: generate the report "
        "again for its next edition, and see the changes in the dataset restatement_changes"
    ),
)


def verify_against_warehouse(warehouse: URL, path: Path, offline: Verification) -> Verification:
    """Compare a file with the rows of the warehouse, and the tables with the ledger.

    Args:
        warehouse: Its address.
        path: The file.
        offline: The result of verifying the file without the warehouse.

    Returns:
        The offline result with the differences found here; the first differing cell comes first.

    Raises:
        UnknownDefinition: The catalogue has lost the version of the definition.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    ensure_relations(warehouse)
    with (
        TemporaryDirectory(prefix="reporting-") as folder,
        warehouse_connection(warehouse) as connection,
        platform_snapshot(connection),
    ):
        published = compare_with_catalogue(connection, offline)
        manifest = published.manifest
        if manifest is None:
            return replace(offline, differences=(*offline.differences, *published.differences))
        if not published.differences:
            rest, versions = explained_by_versions(
                connection, manifest, offline.format, offline.differences
            )
            offline = replace(offline, differences=rest, proofs=(*offline.proofs, *versions))
        rows = _current_rows(connection, manifest, Path(folder))
        cells = _differing_rows(path, replace(offline, manifest=manifest), rows)
        is_published = offline.agrees and not published.differences
        if cells and is_published:
            cells.append(_RESTATED)
        ledger = [
            *_ledger_differences(connection, manifest),
            *_tie_differences(connection, manifest),
        ]
    proofs = [
        *published.proofs,
        *([] if cells else [Proof(what="rows of the warehouse", value="the same, cell by cell")]),
        *([] if ledger else [Proof(what="checks of these days", value="no error")]),
    ]
    return replace(
        offline,
        differences=(*cells, *offline.differences, *published.differences, *ledger),
        proofs=(*offline.proofs, *proofs),
        is_in_catalogue=is_published,
    )


def _current_rows(connection: Connection[Any], manifest: Manifest, folder: Path) -> list[RowSpool]:
    """The report's rows in the warehouse now, of each block."""
    definition = definition_version(connection, manifest.definition.id, manifest.definition.version)
    return [
        spool_rows(
            connection,
            compile_report(config, definition.organization_id, manifest.period.period),
            folder / f"{index}.csv",
        )
        for index, config in enumerate(definition.config.parts)
    ]


def _tie_differences(connection: Connection[Any], manifest: Manifest) -> Iterator[Difference]:
    """The identities that the report does not keep now."""
    definition = definition_version(connection, manifest.definition.id, manifest.definition.version)
    for broken in broken_ties(
        connection, definition.config, definition.organization_id, manifest.period.period
    ):
        yield Difference(kind=DifferenceKind.LEDGER, message=str(broken))


def _differing_rows(path: Path, offline: Verification, rows: list[RowSpool]) -> list[Difference]:
    manifest, format_ = offline.manifest, FORMATS[offline.format]
    if len(rows) != len(manifest.parts):
        message = f"the definition's version has {len(rows)} blocks, the manifest others"
        return [Difference(kind=DifferenceKind.MANIFEST, message=message)]
    found: list[Difference] = []
    try:
        blocks = format_.read_blocks(path, manifest)
        for index, (part, of_block) in enumerate(zip(manifest.parts, blocks, strict=True)):
            name = manifest.blocks[index].name if manifest.blocks else None
            place = partial(_place_in, name) if name else partial(format_.row_place, path)
            found += _differing_block(part, of_block, rows[index], place)
    except FileUnreadable:
        pass  # the offline result has this error already
    return found


def _place_in(name: str, index: int) -> str:
    return f"{name}, row {index + 1}"


def _differing_block(
    manifest: Manifest,
    found: Iterator[CanonicalRow],
    rows: RowSpool,
    place: Callable[[int], str],
) -> list[Difference]:
    names = [column.name for column in rows.columns]
    if names != [column.name for column in manifest.columns]:
        message = (
            f"the definition's version has the columns {', '.join(names)}; the manifest others"
        )
        return [Difference(kind=DifferenceKind.MANIFEST, message=message)]
    comparison = RowComparison(manifest=manifest, place=place)
    return comparison.first_difference(found, _spooled_rows(rows))


def _spooled_rows(rows: RowSpool) -> Iterator[CanonicalRow]:
    import pyarrow as pa

    if rows.row_count:
        types = [pa.string()] * len(rows.columns)
        for batch in csv_batches(rows.path, types, keeps_mark=True):
            yield from rows_of(batch.columns)


def _ledger_differences(connection: Connection[Any], manifest: Manifest) -> Iterator[Difference]:
    """The errors of the checks on the report's days, for its organisation or for all."""
    days = _days(manifest)
    names = [part.definition.dataset for part in manifest.parts]
    tables = [table for name in names for table in dataset(name).depends_on]
    if Subject.of(manifest.definition.category, names).is_reconciled:
        tables.append(RECONCILIATION_BREAKS.name)
    for table in dict.fromkeys(tables):
        for check in checks_of(table):
            for of_day in check.find(connection, days).values():
                yield from (_of_ledger(each) for each in of_day if _concerns(each, manifest))


def _days(manifest: Manifest) -> list[date]:
    """The report days that the report depends on: those of its seals."""
    return [
        seal.first + timedelta(days=offset)
        for seal in manifest.seals
        for offset in range((seal.end - seal.first).days)
    ]


def _concerns(discrepancy: Discrepancy, manifest: Manifest) -> bool:
    ids = discrepancy.ids
    own_event = manifest.period.event_id
    is_of_event = own_event is None or ids.get("event_id", own_event) == own_event
    return (
        discrepancy.severity is Severity.ERROR
        and discrepancy.organization_id in {None, manifest.organization.id}
        and is_of_event
        and not any(str(each) in _accepted_ids(manifest) for each in ids.values())
    )


def _accepted_ids(manifest: Manifest) -> set[str]:
    """The orders, transactions and entries of the breaks that a person has accepted."""
    return {each.concerns.rpartition(" ")[2] for each in manifest.accepted_breaks}


def _of_ledger(discrepancy: Discrepancy) -> Difference:
    message = f"{discrepancy.day}, {discrepancy.check}: {discrepancy.message}"
    return Difference(kind=DifferenceKind.LEDGER, message=message)

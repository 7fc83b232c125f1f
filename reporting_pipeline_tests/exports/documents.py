"""Reports for tests of writers: canonical rows turned into a document, without a database."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from reporting_pipeline.exports.canonical_rows import CanonicalRow, canonical_line
from reporting_pipeline.exports.manifest import (
    BlockPart,
    ColumnPart,
    DefinitionPart,
    Manifest,
    OrganizationPart,
    PeriodPart,
)
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.report_definitions.compile import ReportColumn


def column(
    name: str,
    type_: ColumnType = ColumnType.TEXT,
    unit: Unit | None = None,
    label: str | None = None,
) -> ReportColumn:
    """A column of a report; tests of writers only need its type, unit and label."""
    kind = ColumnKind.ATTRIBUTE if unit is None else ColumnKind.MEASURE
    kind = ColumnKind.RATIO if unit is Unit.RATE else kind
    described = Column(
        name=name, type=type_, kind=kind, unit=unit, description=f"The {name}.", sources=("a.b",)
    )
    return ReportColumn(column=described, label=label)


EVERY_TYPE = (
    column("event_id", ColumnType.UUID),
    column("date", ColumnType.DATE),
    column("sold_at", ColumnType.INSTANT),
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
    column("sold_count", ColumnType.BIGINT, Unit.COUNT),
    column("attendance_rate", ColumnType.RATIO, Unit.RATE),
    column("is_final", ColumnType.BOOLEAN),
    column("name", label="Name of the event"),
    column("proof_ids", ColumnType.UUIDS),
)
"""One column of each type and unit."""

ID = "00000001-0000-4000-8000-00000000000a"
ROWS: tuple[CanonicalRow, ...] = (
    (
        *(ID, "2026-10-25", "2026-10-24T23:59:59.000000Z", "EUR", "123456", "7", "0.333333"),
        *("true", "a \"quoted\", 'plain' name", f"{ID} {ID}"),
    ),
    # The clock in Berlin goes back between these two.
    (
        ID,
        "2026-10-25",
        "2026-10-25T00:30:00.000000Z",
        "JPY",
        "-5",
        "0",
        "-1.500000",
        "false",
        "",
        "",
    ),
    (
        ID,
        "2026-10-25",
        "2026-10-25T01:30:00.000000Z",
        "KWD",
        "5",
        "0",
        "0.000001",
        "false",
        "=1",
        ID,
    ),
    # A fraction of a second; an unknown currency; the largest and smallest numbers.
    (
        ID,
        "1999-12-31",
        "2026-07-01T12:00:00.000001Z",
        "XXY",
        str(2**63 - 1),
        "1",
        None,
        None,
        "x",
        ID,
    ),
    (ID, "9999-12-31", None, "EUR", str(-(2**63)), str(2**53 + 1), None, None, "東京\r\n2", ID),
    (None,) * 10,
)
"""Rows of `EVERY_TYPE` with values that a format may get wrong."""


def document(
    folder: Path,
    columns: Sequence[ReportColumn],
    rows: Sequence[CanonicalRow],
    *,
    profile: Literal["machine", "spreadsheet"] = "machine",
    locale: str = "it_IT",
) -> ReportDocument:
    """A report of these rows; its spool is in `folder`."""
    content = b"".join(map(canonical_line, rows))
    path = folder / "rows.spool"
    path.write_bytes(content)
    spool = RowSpool(
        path=path,
        columns=tuple(columns),
        row_count=len(rows),
        byte_count=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return document_of(spool, profile=profile, locale=locale)


def document_of_blocks(folder: Path, *blocks: ReportDocument) -> ReportDocument:
    """A report whose blocks have the rows and titles of other reports, named after their titles."""
    parts = tuple(
        BlockPart(
            name=each.title.lower().replace(" ", "-"),
            title=each.title,
            dataset=each.manifest.definition.dataset,
            **{name: getattr(each.manifest, name) for name in _OF_ROWS},
        )
        for each in blocks
    )
    first = blocks[0].manifest
    updates: dict[str, Any] = {
        "blocks": parts,
        "columns": (),
        "row_key": (),
        "totals": (),
        "filters": (),
        "row_count": sum(each.row_count for each in parts),
        "rows_sha256": Manifest.digest_of_blocks(each.rows_sha256 for each in parts),
    }
    manifest = first.model_copy(update=updates)
    return replace(
        blocks[0],
        title=manifest.definition.name,
        manifest=manifest,
        rows=replace(
            blocks[0].rows,
            path=folder / "none",
            columns=(),
            row_count=manifest.row_count,
            byte_count=sum(each.rows.byte_count for each in blocks),
            sha256=manifest.rows_sha256,
        ),
        currency=None,
        has_totals=False,
        blocks=tuple(
            replace(each, manifest=part) for each, part in zip(blocks, manifest.parts, strict=True)
        ),
    )


_OF_ROWS = ("filters", "columns", "row_key", "row_count", "rows_sha256", "totals")


def document_of(
    spool: RowSpool,
    *,
    profile: Literal["machine", "spreadsheet"] = "machine",
    locale: str = "it_IT",
) -> ReportDocument:
    """A report of the rows in a spool."""
    has_currency = any(each.name == "currency" for each in spool.columns)
    manifest = _manifest(spool, profile, locale)
    return ReportDocument(
        title="Daily sales",
        manifest=manifest,
        rows=spool,
        currency="currency" if has_currency else None,
        notes=(),
        time_zone=manifest.time_zone,
        locale=locale,
        csv_profile=profile,
        has_totals=False,
    )


def sha256_of(rows: Sequence[CanonicalRow]) -> str:
    """The digest of canonical rows in a manifest."""
    return hashlib.sha256(b"".join(map(canonical_line, rows))).hexdigest()


def with_rows_missing(report: ReportDocument) -> ReportDocument:
    """The same report with a spool that lacks one row and some bytes."""
    more: dict[str, Any] = {"row_count": report.rows.row_count + 1}
    return replace(report, rows=replace(report.rows, byte_count=report.rows.byte_count + 9, **more))


def _manifest(spool: RowSpool, profile: str, locale: str) -> Manifest:
    columns = tuple(map(ColumnPart.of, spool.columns))
    return Manifest(
        definition=DefinitionPart(
            id=UUID(int=1),
            slug="daily-sales",
            name="Daily sales",
            version=1,
            category="sales",
            dataset="freshness",
        ),
        organization=OrganizationPart(id=UUID(int=2), name="Halle"),
        period=PeriodPart(
            first=date(2026, 10, 25),
            end=date(2026, 10, 26),
            event_id=None,
            token="2026-10-25",  # noqa: S106 - a word in paths
        ),
        logic_version=1,
        time_zone="Europe/Berlin",
        locale=locale,
        csv_profile=profile,
        filters=(),
        columns=columns,
        row_count=spool.row_count,
        rows_sha256=spool.sha256,
        totals=(),
        watermarks=(),
        seals=(),
        is_provisional=False,
    )

"""The first rows and the totals of a definition that nobody has saved yet.

They are read as a report is, in one snapshot of the organisation's rows, but they are no report:
nothing is written, no seal is asked for, and the figures may still change.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import psycopg
from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import PreviewTooSlow
from reporting_pipeline.exports.manifest import TotalPart
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.publishing.snapshot import report_snapshot, total_parts
from reporting_pipeline.report_definitions.compile import ReportColumn, compile_report
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.report_definitions.wording import in_language

PlainValue: TypeAlias = str | int | bool | list[str] | None
"""Money is in minor units; a ratio is text with six decimals, a day and an instant in ISO form."""

_STATEMENTS_OF_BLOCK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewBlock:
    """One block of a preview; a definition without blocks has one.

    Attributes:
        name: Of the block; None without blocks.
        rows: The first ones, in the report's order, by column.
        totals: Of all rows, by currency; none if the report shows no measure.
    """

    name: str | None
    columns: tuple[ReportColumn, ...]
    rows: tuple[Mapping[str, PlainValue], ...]
    totals: tuple[TotalPart, ...]


def preview(
    warehouse: URL,
    definition: ReportDefinition,
    period: Period,
    *,
    row_limit: int,
    timeout_seconds: int,
) -> tuple[PreviewBlock, ...]:
    """The first rows and the totals of each block of a definition.

    Args:
        warehouse: The address of the warehouse.
        definition: It need not be in the catalogue; only its organisation's rows are seen.
        period: The period.
        row_limit: The most rows of a block.
        timeout_seconds: The longest time that all statements together may take.

    Raises:
        DefinitionInvalid: The definition has no report for such a period.
        PreviewTooSlow: The statements take too long.
        FigureTooLarge: A sum leaves 64 bits.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    config = definition.config
    names: list[str | None] = [each.name for each in config.blocks]
    share = 1_000 * timeout_seconds // (_STATEMENTS_OF_BLOCK * len(config.parts))
    with report_snapshot(warehouse, definition.organization_id) as connection, _in_time():
        connection.execute("select set_config('statement_timeout', %s, true)", (str(share),))
        return tuple(
            _block(connection, definition, part, period, name=name, row_limit=row_limit)
            for name, part in zip(names or [None], config.parts, strict=True)
        )


def _block(
    connection: Connection[Any],
    definition: ReportDefinition,
    config: ReportConfig,
    period: Period,
    *,
    name: str | None,
    row_limit: int,
) -> PreviewBlock:
    report = compile_report(config, definition.organization_id, period)
    report = in_language(report, definition)
    statement, parameters = psycopg_statement(report.rows.limit(row_limit))
    names = [each.name for each in report.columns]
    found = connection.execute(statement.encode(), parameters).fetchall()
    return PreviewBlock(
        name=name,
        columns=report.columns,
        rows=tuple(dict(zip(names, map(_plain, row), strict=True)) for row in found),
        totals=total_parts(connection, report),
    )


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        message = "the preview takes too long: choose a shorter period, or fewer columns"
        raise PreviewTooSlow(message) from error


def _plain(value: object) -> PlainValue:
    match value:
        case None | bool() | int() | str():
            return value
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        case date():
            return value.isoformat()
        case list():
            return list(map(str, value))
        case _:
            return str(value)

"""Columns of the contract and of the registry as Dagster metadata: schema and lineage.

What belongs here: translation. What does not: words, which are the registry's.
"""

import dagster as dg
from sqlalchemy import Table

from reporting_pipeline.orchestration.asset_keys import source_key, warehouse_key
from reporting_pipeline.registry.columns import Column
from reporting_pipeline.registry.report_tables import ReportTable
from reporting_pipeline.sources.contract import EVENTS, TRANSACTIONS
from reporting_pipeline.sources.landing.dating import DATINGS

_DATED = {dating.table.key for dating in DATINGS}
_REPORT_DAY = dg.TableColumn(
    "report_day",
    type="date",
    description="The report day; null while the row's event is not known.",
)


def source_schema(table: Table) -> dg.TableSchema:
    """The columns of a source table."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type).lower(),
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable), unique=bool(column.primary_key)
                ),
            )
            for column in table.columns
        ]
    )


def landing_schema(table: Table) -> dg.TableSchema:
    """The columns of a source table's copy: the same, and the report day where it is dated."""
    further = [_REPORT_DAY] if table.key in _DATED else []
    return dg.TableSchema(columns=[*source_schema(table).columns, *further])


def landing_lineage(table: Table) -> dg.TableColumnLineage:
    """Each column comes from the one of its name in the source, the report day from the clock."""
    deps = {column.name: [_source_dep(table, column.name)] for column in table.columns}
    if table.key in _DATED:
        clock = table.info["business_clock"]
        dated_by = _source_dep(table, clock) if clock else _source_dep(TRANSACTIONS, "effective_at")
        of_event = [_source_dep(EVENTS, "timezone"), _source_dep(EVENTS, "day_cutoff")]
        deps[_REPORT_DAY.name] = [dated_by, *of_event]
    return dg.TableColumnLineage(deps)


def report_schema(table: ReportTable) -> dg.TableSchema:
    """The columns of a report table, with what may be done with each."""
    return dg.TableSchema(
        columns=[_column(column) for column in table.columns],
        constraints=dg.TableConstraints(other=[f"unique ({', '.join(table.key)})"]),
    )


def report_lineage(table: ReportTable) -> dg.TableColumnLineage:
    """What each column of a report table is computed from."""
    return dg.TableColumnLineage(
        {column.name: [_dep(source) for source in column.sources] for column in table.columns}
    )


def _column(column: Column) -> dg.TableColumn:
    tags = {"kind": str(column.kind)} | ({"unit": str(column.unit)} if column.unit else {})
    return dg.TableColumn(
        name=column.name,
        type=str(column.type),
        description=column.description,
        constraints=dg.TableColumnConstraints(nullable=column.nullable),
        tags=tags,
    )


def _source_dep(table: Table, column: str) -> dg.TableColumnDep:
    return dg.TableColumnDep(asset_key=source_key(table), column_name=column)


def _dep(source: str) -> dg.TableColumnDep:
    table, _, column = source.partition(".")
    return dg.TableColumnDep(asset_key=warehouse_key(table), column_name=column)

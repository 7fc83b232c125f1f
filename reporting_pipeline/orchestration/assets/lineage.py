"""Keys, columns and column lineage of tables, as Dagster shows them.

An asset key names where a table or a file is:

    ticketing/orders                  a source table
    landing/ticketing_orders          its copy in the warehouse
    staging/stg_ticketing__orders     a dbt view; also intermediate/int_... and datasets/...
    report_sales_daily                a report table
    report_seals                      the seals of its days and of the other tables' days
    daily_reports                     files of the reports that are due daily; weekly_reports, ...
"""

from collections.abc import Iterable
from pathlib import Path

import dagster as dg
from sqlalchemy import Table

from reporting_pipeline.registry.columns import Column
from reporting_pipeline.registry.datasets import DATASETS, Dataset
from reporting_pipeline.registry.dbt_models import DbtModel, Relation, dbt_sources
from reporting_pipeline.registry.properties import ColumnProperties
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA, ReportTable
from reporting_pipeline.sources.contract.ledger import TRANSACTIONS
from reporting_pipeline.sources.contract.ticketing import EVENTS
from reporting_pipeline.sources.landing.dating import DATINGS

SEALS = dg.AssetKey("report_seals")

DATASET_KEYS = tuple(dg.AssetKey([each.schema, each.relation]) for each in DATASETS)
"""The keys of all datasets: a report definition may read any of them."""

_REPORTS = frozenset(table.name for table in REPORT_TABLES)
_DATED = {dating.table.key for dating in DATINGS}
_REPORT_DAY = dg.TableColumn(
    "report_day",
    type="date",
    description="The report day; null while the row's event is not known.",
)


def source_key(table: Table) -> dg.AssetKey:
    """The key of a table in its source domain."""
    return dg.AssetKey([table.info["domain"], table.name])


def landing_key(domain: str, table_name: str) -> dg.AssetKey:
    """The key of a source table's copy in the warehouse."""
    return dg.AssetKey(["landing", f"{domain}_{table_name}"])


def report_key(name: str) -> dg.AssetKey:
    """The key of a report table."""
    return dg.AssetKey(name)


def warehouse_key(name: str) -> dg.AssetKey:
    """The key of a table that the registry names as a source: a report table or a landing table."""
    return dg.AssetKey(name) if name in _REPORTS else dg.AssetKey(["landing", name])


def relation_key(relation: Relation) -> dg.AssetKey:
    """The key of a table or view of the warehouse."""
    return dg.AssetKey(relation.name if relation.schema == SCHEMA else relation)


def landed_rows(table: Table) -> str:
    """A sentence about the rows of a source table, as dbt's YAML has it."""
    return dbt_sources()[_landed(table)].description


def source_schema(table: Table) -> dg.TableSchema:
    """The columns of a source table."""
    described = {each.name: each.description for each in dbt_sources()[_landed(table)].columns}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type).lower(),
                description=described.get(column.name),
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable), unique=bool(column.primary_key)
                ),
            )
            for column in table.columns
        ]
    )


def landing_schema(table: Table) -> dg.TableSchema:
    """The columns of a source table's copy; a dated table also has the report day."""
    further = [_REPORT_DAY] if table.key in _DATED else []
    return dg.TableSchema(columns=[*source_schema(table).columns, *further])


def landing_lineage(table: Table) -> dg.TableColumnLineage:
    """Each column comes from the source column of the same name, the report day from the clock."""
    deps = {column.name: [_source_dep(table, column.name)] for column in table.columns}
    if table.key in _DATED:
        clock = table.info["business_clock"]
        dated_by = _source_dep(table, clock) if clock else _source_dep(TRANSACTIONS, "effective_at")
        of_event = [_source_dep(EVENTS, "timezone"), _source_dep(EVENTS, "day_cutoff")]
        deps[_REPORT_DAY.name] = [dated_by, *of_event]
    return dg.TableColumnLineage(deps)


def report_schema(table: ReportTable | Dataset) -> dg.TableSchema:
    """The columns of a report table or dataset, each with its kind and unit as tags."""
    return dg.TableSchema(
        columns=[_column(column) for column in table.columns],
        constraints=dg.TableConstraints(other=[f"unique ({', '.join(table.key)})"]),
    )


def report_lineage(table: ReportTable) -> dg.TableColumnLineage:
    """The columns from which each column of a report table is computed."""
    return dg.TableColumnLineage(
        {column.name: [_dep(source) for source in column.sources] for column in table.columns}
    )


def properties_schema(columns: Iterable[ColumnProperties]) -> dg.TableSchema:
    """The columns that a YAML entry lists, for staging and intermediate models."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=each.name, type=each.data_type, description=each.description)
            for each in columns
        ]
    )


def model_code(model: DbtModel) -> dg.CodeReferencesMetadataValue:
    """Links to the files of a dbt model."""
    return dg.CodeReferencesMetadataValue(
        code_references=[_file(model.sql_path), _file(model.yaml_path)]
    )


def _file(path: Path) -> dg.LocalFileCodeReference:
    return dg.LocalFileCodeReference(file_path=str(path), label=path.name)


def _landed(table: Table) -> Relation:
    return Relation("landing", f"{table.info['domain']}_{table.name}")


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

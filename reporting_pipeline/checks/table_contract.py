"""Compares the columns, types, nulls and keys of the report tables with the registry."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.registry.report_tables import SCHEMA, ReportTable, report_table

_COLUMNS = """
    select attname, format_type(atttypid, atttypmod), not attnotnull
    from pg_catalog.pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    order by attnum
"""
_KEYS = """
    select (
        select array_agg(attribute.attname::text order by attribute.attname)
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = index.indrelid and attribute.attnum = any(index.indkey)
    )
    from pg_catalog.pg_index as index
    where
        index.indrelid = to_regclass(%s)
        and index.indisunique
        and index.indisvalid
        and index.indnullsnotdistinct
        and index.indpred is null
        and index.indexprs is null
"""


def table_contract(
    connection: Connection[Any],
    days: Collection[date],
    *,
    table_name: str,
) -> Findings:
    """Check that the table has its columns in order, with types and nulls, and its unique key.

    PostgreSQL then enforces them for every row. The shape is the same for all days, so each fault
    is reported for each day.
    """
    table = report_table(table_name)
    faults = list(_faults(connection, table))
    return {
        day: [
            Discrepancy(
                check="table_contract",
                day=day,
                severity=Severity.ERROR,
                message=f"{SCHEMA}.{table.name} is not what the registry says: {fault}",
            )
            for fault in faults
        ]
        for day in sorted(days)
    }


def _faults(connection: Connection[Any], table: ReportTable) -> Iterator[str]:
    qualified = f"{SCHEMA}.{table.name}"
    found = connection.execute(_COLUMNS, [qualified]).fetchall()
    if not found:
        yield "it does not exist; run the migrations (`reporting build` does)"
        return
    expected = [(column.name, str(column.type), column.nullable) for column in table.columns]
    for column in expected:
        if column not in found:
            yield f"expected column {_definition_of(column)}"
    for column in found:
        if column not in expected:
            yield f"found column {_definition_of(column)}"
    if sorted(found) == sorted(expected) and found != expected:
        yield f"expected the columns in the order {', '.join(table.column_names)}"
    keys = [key for (key,) in connection.execute(_KEYS, [qualified])]
    if sorted(table.key) not in keys:
        yield f"expected a unique key (nulls not distinct) over {', '.join(table.key)}, found none"


def _definition_of(column: tuple[str, str, bool]) -> str:
    name, type_, nullable = column
    return f"{name} {type_}" if nullable else f"{name} {type_} not null"

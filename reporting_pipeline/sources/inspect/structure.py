"""Tables and columns of a source against the contract.

What belongs here: what is missing, of another type, or promised less. What does not: rights.
"""

from collections.abc import Iterator

import psycopg
from sqlalchemy import Column

from reporting_pipeline.sources.contract import tables_of
from reporting_pipeline.sources.inspect.problem import Problem, catalogue_names, type_name

_VIEWS = frozenset("vmf")

_COLUMN_TYPES = """
    select relation.relname, attribute.attname,
        format_type(attribute.atttypid, attribute.atttypmod)
    from pg_class as relation
    join pg_namespace as schema on schema.oid = relation.relnamespace
    join pg_attribute as attribute on attribute.attrelid = relation.oid
    where schema.nspname = %(schema)s and relation.relname = any(%(tables)s)
        and relation.relkind = any('{r,p,v,m,f}')
        and attribute.attnum > 0 and not attribute.attisdropped
"""

_COLUMN_PROMISES = """
    select relation.relname, attribute.attname, relation.relkind::text, attribute.attnotnull,
        coalesce(bool_or(index.indisunique and index.indnkeyatts = 1), false) as is_key,
        coalesce(bool_or(method.amname = 'btree'), false) as is_indexed
    from pg_class as relation
    join pg_namespace as schema on schema.oid = relation.relnamespace
    join pg_attribute as attribute on attribute.attrelid = relation.oid
    left join pg_index as index on index.indrelid = relation.oid
        and index.indkey[0] = attribute.attnum and index.indisvalid and index.indpred is null
    left join pg_class as tree on tree.oid = index.indexrelid
    left join pg_am as method on method.oid = tree.relam
    where schema.nspname = %(schema)s and relation.relname = any(%(tables)s)
        and relation.relkind = any('{r,p,v,m,f}')
        and attribute.attnum > 0 and not attribute.attisdropped
    group by 1, 2, 3, 4
"""


def contract_problems(connection: psycopg.Connection, domain: str) -> list[Problem]:
    """Tables and columns of a domain that are missing or of another type; one catalogue query.

    Further tables and columns are no problem.
    """
    rows = connection.execute(_COLUMN_TYPES, catalogue_names(domain)).fetchall()
    types = {(table, column): type_name for table, column, type_name in rows}
    present = {table for table, _ in types}
    problems = []
    for table in tables_of(domain):
        if table.name not in present:
            problems.append(Problem(subject=table.key, expected="a table", found="none"))
            continue
        for column in table.columns:
            expected = type_name(column)
            found = types.get((table.name, column.name), "no such column")
            if found != expected:
                subject = f"{table.key}.{column.name}"
                problems.append(Problem(subject=subject, expected=expected, found=found))
    return problems


def promise_problems(connection: psycopg.Connection, domain: str) -> list[Problem]:
    """Weaker promises than the contract's: nulls allowed, no key, no index on the record clock.

    A missing index is a warning, and so is what a view cannot show. A column that allows no null
    although the contract does is no problem.
    """
    rows = connection.execute(_COLUMN_PROMISES, catalogue_names(domain)).fetchall()
    found = {(table, column): promises for table, column, *promises in rows}
    return [
        problem
        for table in tables_of(domain)
        for column in table.columns
        if (table.name, column.name) in found
        for problem in _weaker(column, *found[table.name, column.name])
    ]


def _weaker(
    column: Column[object], kind: str, is_not_null: bool, is_key: bool, is_indexed: bool
) -> Iterator[Problem]:
    subject = f"{column.table.schema}.{column.table.name}.{column.name}"
    is_view = kind in _VIEWS
    if not column.nullable and not is_not_null and not is_view:
        yield Problem(subject=subject, expected="not null", found="nulls allowed")
    if column.primary_key and not is_key:
        found = "a view, which shows none" if is_view else "none"
        yield Problem(subject=subject, expected="a key", found=found, is_warning=is_view)
    if column.name == column.table.info["record_clock"] and not is_indexed and not is_view:
        expected = "an index that begins with the record clock"
        yield Problem(subject=subject, expected=expected, found="none", is_warning=True)

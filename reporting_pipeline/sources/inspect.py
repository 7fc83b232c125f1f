"""Looking at a source: is it what the contract promises, and may its role do no more than read.

What belongs here: questions to a source's catalogue; the answers are values. What does not: reading
rows, or judging them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from sqlalchemy import Column, make_url

from reporting_pipeline.sources.contract import tables_of

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()
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

_READING_RIGHTS = """
    select relation.relname, has_schema_privilege(schema.oid, 'USAGE'),
        array_agg(attribute.attname::text order by attribute.attnum)
            filter (where not has_column_privilege(relation.oid, attribute.attnum, 'SELECT')),
        row_security_active(relation.oid)
    from pg_class as relation
    join pg_namespace as schema on schema.oid = relation.relnamespace
    join pg_attribute as attribute on attribute.attrelid = relation.oid
    where schema.nspname = %(schema)s and relation.relname = any(%(tables)s)
        and attribute.attnum > 0 and not attribute.attisdropped
    group by relation.oid, relation.relname, schema.oid
    order by relation.relname
"""

# A role may become every role that it is a member of, so theirs count as its own.
_WRITING_RIGHTS = """
    with own as (
        select oid, rolname, rolsuper from pg_roles where pg_has_role(oid, 'MEMBER')
    ),
    superuser as (select min(rolname) as name from own where rolsuper),
    relation as (
        select relation.oid, relation.relname, relation.relowner, schema.nspowner
        from pg_class as relation
        join pg_namespace as schema on schema.oid = relation.relnamespace
        where schema.nspname = %(schema)s and relation.relname = any(%(tables)s)
    ),
    held as (
        select relation.relname, own.rolname, held.privilege
        from relation
        cross join own
        cross join lateral (
            values
                (relation.relowner = own.oid, 1, 'owner'),
                (relation.nspowner = own.oid, 2, 'owner of the schema'),
                (has_any_column_privilege(own.oid, relation.oid, 'INSERT'), 3, 'INSERT'),
                (has_any_column_privilege(own.oid, relation.oid, 'UPDATE'), 4, 'UPDATE'),
                (has_table_privilege(own.oid, relation.oid, 'DELETE'), 5, 'DELETE'),
                (has_table_privilege(own.oid, relation.oid, 'TRUNCATE'), 6, 'TRUNCATE')
        ) as held (is_held, place, privilege)
        where held.is_held and (select name from superuser) is null
        order by held.place
    )
    select null as relname, 'superuser ' || name from superuser where name is not null
    union all
    select relname, string_agg(privilege || ' as ' || rolname, ', ') from held group by relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing in a source that is not as promised.

    Attributes:
        subject: `<schema>`, `<schema>.<table>` or `<schema>.<table>.<column>`.
        expected: What the contract promises.
        found: What the source has.
        is_warning: True where reading stays right, but slow or on trust.
    """

    subject: str
    expected: str
    found: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.subject}: expected {self.expected}, found {self.found}"


def contract_problems(connection: psycopg.Connection, domain: str) -> list[Problem]:
    """Tables and columns of a domain that are missing or of another type; one catalogue query.

    Further tables and columns are no problem.
    """
    rows = connection.execute(_COLUMN_TYPES, _names(domain)).fetchall()
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
    rows = connection.execute(_COLUMN_PROMISES, _names(domain)).fetchall()
    found = {(table, column): promises for table, column, *promises in rows}
    return [
        problem
        for table in tables_of(domain)
        for column in table.columns
        if (table.name, column.name) in found
        for problem in _weaker(column, *found[table.name, column.name])
    ]


def reading_problems(connection: psycopg.Connection, domain: str) -> list[Problem]:
    """What keeps this connection's role from reading every row and column of the contract."""
    promised = {table.name: {c.name for c in table.columns} for table in tables_of(domain)}
    rows = connection.execute(_READING_RIGHTS, _names(domain)).fetchall()
    problems = []
    if rows and not rows[0][1]:
        problems.append(Problem(subject=domain, expected="USAGE of the schema", found="no right"))
    for table, _, hidden, hides_rows in rows:
        columns = [column for column in hidden or () if column in promised[table]]
        subject = f"{domain}.{table}"
        if columns:
            found = f"no right to read {', '.join(columns)}"
            problems.append(Problem(subject=subject, expected="SELECT", found=found))
        if hides_rows:
            found = "row-level security, which may hide rows from this role"
            problems.append(Problem(subject=subject, expected="all rows", found=found))
    return problems


def writable_rights(connection: psycopg.Connection, domain: str) -> list[Problem]:
    """Rights to change the contract's rows, of this connection's role or of one it may become."""
    rows = connection.execute(_WRITING_RIGHTS, _names(domain)).fetchall()
    return [
        Problem(
            subject=domain if table is None else f"{domain}.{table}",
            expected="a role that may only read",
            found=rights,
        )
        for table, rights in sorted(rows, key=lambda row: row[0] or "")
    ]


def type_name(column: Column[object]) -> str:
    """A contract column's type as PostgreSQL's catalogue names it."""
    return column.type.compile(_DIALECT).lower().replace("char(", "character(")


def _names(domain: str) -> dict[str, object]:
    return {"schema": domain, "tables": [table.name for table in tables_of(domain)]}


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

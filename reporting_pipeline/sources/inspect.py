"""Compares a source database with the contract, and checks that its role can only read.

The checks query the database's catalogue, never its rows. They return problems as values; callers
decide whether a problem is an error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection
from sqlalchemy import URL, Column

from reporting_pipeline.addresses import session_parameters
from reporting_pipeline.errors import SourceUnavailable
from reporting_pipeline.sources.contract import tables_of
from reporting_pipeline.sources.contract.columns import is_optional, type_name

_VIEWS = frozenset("vmf")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProblem:
    """One difference between a source and the contract.

    Attributes:
        subject: `<schema>`, `<schema>.<table>` or `<schema>.<table>.<column>`.
        expected: What the contract promises.
        found: What the source has.
        is_warning: True if reading still gives the right rows, but slowly or without a guarantee.
    """

    subject: str
    expected: str
    found: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.subject}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of all checks of one source.

    Attributes:
        domain: The source domain.
        problems: Differences from the contract, and missing rights to read.
        writable_rights: The rights of its role that go beyond reading.
        missing_parts: The tables and columns of version 1.1 that the source does not have.
    """

    domain: str
    problems: tuple[SourceProblem, ...]
    writable_rights: tuple[SourceProblem, ...]
    missing_parts: tuple[str, ...] = ()

    @property
    def is_broken(self) -> bool:
        """True if a problem is more than a warning."""
        return any(not problem.is_warning for problem in self.problems)


def inspect_source(url: URL, domain: str, *, timeout_seconds: int) -> Inspection:
    """Run all checks on one source.

    Raises:
        SourceUnavailable: The source is down or too slow.
    """
    with source_connection(url, domain, timeout_seconds=timeout_seconds) as connection:
        problems = [
            *contract_problems(connection, domain),
            *promise_problems(connection, domain),
            *reading_problems(connection, domain),
        ]
        rights = writable_rights(connection, domain)
        missing_parts = missing_optional_parts(connection, domain)
    return Inspection(
        domain=domain,
        problems=tuple(problems),
        writable_rights=tuple(rights),
        missing_parts=missing_parts,
    )


@contextmanager
def source_connection(url: URL, domain: str, *, timeout_seconds: int) -> Iterator[Connection[Any]]:
    """A connection to a source that cannot write.

    Raises:
        SourceUnavailable: The source is down or too slow.
    """
    try:
        with psycopg.connect(
            **session_parameters(
                url,
                application_name="reporting sources check",
                options=f"-c statement_timeout={timeout_seconds}s",
            )
        ) as connection:
            connection.read_only = True
            yield connection
    except (psycopg.OperationalError, psycopg.errors.QueryCanceled) as error:
        reason = str(error).strip().partition("\n")[0]
        message = f"source {domain} is down or too slow: {reason}; check its address and load"
        raise SourceUnavailable(message, domain=domain) from error


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


def contract_problems(connection: psycopg.Connection, domain: str) -> list[SourceProblem]:
    """Tables and columns of a domain that are missing or have another type; one catalogue query.

    Additional tables and columns are allowed, and optional ones can be missing.
    """
    types = _column_types(connection, domain)
    problems = []
    for table in tables_of(domain):
        if table.name not in types:
            if not is_optional(table):
                problems.append(SourceProblem(subject=table.key, expected="a table", found="none"))
            continue
        for column in table.columns:
            expected = type_name(column)
            found = types[table.name].get(column.name, "no such column")
            is_absent = column.name not in types[table.name] and is_optional(column)
            if found != expected and not is_absent:
                subject = f"{table.key}.{column.name}"
                problems.append(SourceProblem(subject=subject, expected=expected, found=found))
    return problems


def present_columns(connection: psycopg.Connection, domain: str) -> dict[str, tuple[str, ...]]:
    """The contract's columns that a source has, by `<schema>.<table>`, in the contract's order.

    An optional table that the source does not have is left out.
    """
    types = _column_types(connection, domain)
    return {
        table.key: tuple(c.name for c in table.columns if c.name in types[table.name])
        for table in tables_of(domain)
        if table.name in types
    }


def missing_optional_parts(connection: psycopg.Connection, domain: str) -> tuple[str, ...]:
    """The optional tables and columns of a domain that a source does not have."""
    present = present_columns(connection, domain)
    missing = []
    for table in tables_of(domain):
        if table.key not in present:
            missing += [table.key] if is_optional(table) else []
            continue
        missing += [
            f"{table.key}.{column.name}"
            for column in table.columns
            if is_optional(column) and column.name not in present[table.key]
        ]
    return tuple(missing)


def _column_types(connection: psycopg.Connection, domain: str) -> dict[str, dict[str, str]]:
    """The types of all columns of the contract's tables in a source: table -> column -> type."""
    types: dict[str, dict[str, str]] = {}
    rows = connection.execute(_COLUMN_TYPES, _catalogue_names(domain)).fetchall()
    for table, column, found_type in rows:
        types.setdefault(table, {})[column] = found_type
    return types


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


def promise_problems(connection: psycopg.Connection, domain: str) -> list[SourceProblem]:
    """Weaker guarantees than the contract's: nulls, no key, no index on the record clock.

    A missing index is a warning, and so is a missing key of a view. A column that is stricter than
    the contract is allowed.
    """
    rows = connection.execute(_COLUMN_PROMISES, _catalogue_names(domain)).fetchall()
    found = {(table, column): promises for table, column, *promises in rows}
    return [
        problem
        for table in tables_of(domain)
        for column in table.columns
        if (table.name, column.name) in found
        for problem in _weaker_promises(column, *found[table.name, column.name])
    ]


def _weaker_promises(
    column: Column[object], kind: str, is_not_null: bool, is_key: bool, is_indexed: bool
) -> Iterator[SourceProblem]:
    subject = f"{column.table.schema}.{column.table.name}.{column.name}"
    is_view = kind in _VIEWS
    if not column.nullable and not is_not_null and not is_view:
        yield SourceProblem(subject=subject, expected="not null", found="nulls allowed")
    if column.primary_key and not is_key:
        found = "a view, which has no keys" if is_view else "none"
        yield SourceProblem(subject=subject, expected="a key", found=found, is_warning=is_view)
    if column.name == column.table.info["record_clock"] and not is_indexed and not is_view:
        expected = "an index that begins with the record clock"
        yield SourceProblem(subject=subject, expected=expected, found="none", is_warning=True)


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


def reading_problems(connection: psycopg.Connection, domain: str) -> list[SourceProblem]:
    """Missing rights of this connection's role to read all rows and columns of the contract."""
    promised = {table.name: {c.name for c in table.columns} for table in tables_of(domain)}
    rows = connection.execute(_READING_RIGHTS, _catalogue_names(domain)).fetchall()
    problems = []
    if rows and not rows[0][1]:
        problems.append(
            SourceProblem(subject=domain, expected="USAGE of the schema", found="no right")
        )
    for table, _, hidden, hides_rows in rows:
        columns = [column for column in hidden or () if column in promised[table]]
        subject = f"{domain}.{table}"
        if columns:
            found = f"no right to read {', '.join(columns)}"
            problems.append(SourceProblem(subject=subject, expected="SELECT", found=found))
        if hides_rows:
            found = "row-level security, which can hide rows from this role"
            problems.append(SourceProblem(subject=subject, expected="all rows", found=found))
    return problems


# A role can become every role that it is a member of, so their rights count as its own.
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


def writable_rights(connection: psycopg.Connection, domain: str) -> list[SourceProblem]:
    """Rights to change the contract's rows, of this connection's role or a role it can become."""
    rows = connection.execute(_WRITING_RIGHTS, _catalogue_names(domain)).fetchall()
    return [
        SourceProblem(
            subject=domain if table is None else f"{domain}.{table}",
            expected="a role that can only read",
            found=rights,
        )
        for table, rights in sorted(rows, key=lambda row: row[0] or "")
    ]


def _catalogue_names(domain: str) -> dict[str, object]:
    """Parameters of the catalogue queries: `schema`, and the names of its `tables`."""
    return {"schema": domain, "tables": [table.name for table in tables_of(domain)]}

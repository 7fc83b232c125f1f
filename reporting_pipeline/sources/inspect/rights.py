"""What the role of a connection may do in a source: read everything, and no more.

What belongs here: rights. What does not: tables and columns as such.
"""

import psycopg

from reporting_pipeline.sources.contract import tables_of
from reporting_pipeline.sources.inspect.problem import Problem, catalogue_names

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


def reading_problems(connection: psycopg.Connection, domain: str) -> list[Problem]:
    """What keeps this connection's role from reading every row and column of the contract."""
    promised = {table.name: {c.name for c in table.columns} for table in tables_of(domain)}
    rows = connection.execute(_READING_RIGHTS, catalogue_names(domain)).fetchall()
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
    rows = connection.execute(_WRITING_RIGHTS, catalogue_names(domain)).fetchall()
    return [
        Problem(
            subject=domain if table is None else f"{domain}.{table}",
            expected="a role that may only read",
            found=rights,
        )
        for table, rights in sorted(rows, key=lambda row: row[0] or "")
    ]

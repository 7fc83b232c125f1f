"""Finds what PostgreSQL's catalogue says against the separation of organisations."""

from typing import Any

from psycopg import Connection

from reporting_pipeline.addresses import READER

# Tables without an organisation: venues belong to nobody; the rest is about days and sources.
_OF_NOBODY = (
    *("landing.seating_venues", "landing.seating_sections", "landing.watermarks"),
    *("landing.source_reads", "landing.source_faults", "landing.dated_zones"),
    *("landing.comparisons", "reporting.sealed_days", "reporting.day_changes"),
    "catalogue.report_templates",
)
_FAULTS = """
    with relation as (
        select
            class.oid,
            cast(class.oid::regclass as text) as name,
            class.relkind as kind,
            class.relispartition as is_partition,
            class.relrowsecurity and class.relforcerowsecurity as is_protected,
            class.relowner as owner,
            'security_invoker=true' = any(coalesce(class.reloptions, '{}')) as is_invoker,
            has_any_column_privilege(%(reader)s, class.oid, 'select') as is_readable
        from pg_class as class
        inner join pg_namespace as namespace on class.relnamespace = namespace.oid
        where
            class.relkind in ('r', 'p', 'v', 'm', 'f')
            and namespace.nspname in (
                'landing', 'reporting', 'catalogue', 'staging', 'intermediate', 'datasets',
                'reporting_bi'
            )
    ),

    own_table as (
        select relation.*
        from relation
        where kind in ('r', 'p') and not is_partition and name <> all(%(of_nobody)s)
    )

    select name || ': the reader owns it' from relation
    where pg_has_role(%(reader)s, owner, 'member')
    union all
    select name || ': the reader may write it' from relation
    where has_table_privilege(
        %(reader)s, oid, 'insert, update, delete, truncate, references, trigger'
    )
    union all
    select name || ': the view reads with the rights of its owner' from relation
    where kind = 'v' and not is_invoker
    union all
    select name || ': it can have no row-level security' from relation where kind in ('m', 'f')
    union all
    select name || ': the reader may read a partition, past the policy of its table' from relation
    where is_partition and is_readable
    union all
    select name || ': no row-level security, or not for its owner' from own_table
    where not is_protected
    union all
    select name || ': its owner sees no row' from own_table
    where not exists (
        select from pg_policy
        where polrelid = own_table.oid and polname = 'pipeline' and polroles = array[owner]
    )
    union all
    select name || ': the reader has no policy, or a further one' from own_table
    where
        is_readable
        and array(select polname from pg_policy where polrelid = own_table.oid order by polname)
        <> array[name 'pipeline', name 'tenant']
    union all
    select cast(routine.oid::regprocedure as text) || ': it has the rights of its owner'
    from pg_proc as routine
    inner join pg_namespace as namespace on routine.pronamespace = namespace.oid
    where
        routine.prosecdef
        and namespace.nspname not in ('pg_catalog', 'information_schema')
        and has_function_privilege(%(reader)s, routine.oid, 'execute')
    union all
    select 'role ' || rolname || ': it gives the reader rights' from pg_roles
    where
        (rolname = %(reader)s and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb))
        or (rolname <> %(reader)s and pg_has_role(%(reader)s, oid, 'member'))
"""


def leaks(connection: Connection[Any]) -> list[str]:
    """Every way in which the reader may see more than one organisation, or change something."""
    bound = {"reader": READER, "of_nobody": list(_OF_NOBODY)}
    return sorted(fault for (fault,) in connection.execute(_FAULTS, bound))

"""Makes the schema `reporting_bi`: a view for each promised dataset, every column with a comment.

    <dataset>      the promised columns of a dataset (`registry.bi_views`), read as the asking role
    days           every day of a century, for tools that need a calendar
    currencies     how many minor units make a major one
    sum_of_last    a function: the sum of the last balance of each leaf, for tools that know no LOD

dbt drops these views when it renews a dataset, so they are made after each run of dbt.
"""

from collections.abc import Iterator

import psycopg
from psycopg import sql
from psycopg.sql import Composed

from reporting_pipeline.addresses import READER
from reporting_pipeline.building.bi_roles import make_role_views
from reporting_pipeline.domain.currencies import MINOR_DIGITS
from reporting_pipeline.registry.bi_views import BI_SCHEMA, bi_digest, bi_version, bi_views
from reporting_pipeline.registry.datasets import SCHEMA as DATASETS_SCHEMA
from reporting_pipeline.registry.datasets import Dataset

_DAYS = """
    create view reporting_bi.days with (security_invoker = true) as
    select
        cast(day as date) as date,
        cast(date_trunc('week', day) as date) as week,
        cast(date_trunc('month', day) as date) as month,
        cast(date_trunc('quarter', day) as date) as quarter,
        cast(date_trunc('year', day) as date) as year
    from generate_series(timestamp '2000-01-01', timestamp '2099-12-31', interval '1 day') as day
"""
_CURRENCIES = (
    "create view reporting_bi.currencies with (security_invoker = true) as"
    " select cast(code as character(3)) as currency, cast(digits as bigint) as minor_digit_count"
    " from (values {}) as known (code, digits)"
)
# The three lists are of the rows of a group, in one order.
_SUM_OF_LAST = """
    create or replace function reporting_bi.sum_of_last(
        leaves text[], days date[], figures bigint[]
    ) returns numeric language sql immutable parallel safe
    return (
        select sum(last_row.figure)
        from (
            select distinct on (each_row.leaf) each_row.figure
            from unnest(leaves, days, figures) as each_row (leaf, day, figure)
            order by each_row.leaf, each_row.day desc
        ) as last_row
    )
"""
# A tenant session reads the views too.
_RIGHTS = (
    "grant usage on schema reporting_bi to {}",
    "grant select on all tables in schema reporting_bi to {}",
)
_COMMENTS = {
    ("view", "days"): "Every day from 2000 to 2099, with the first days of its longer periods.",
    ("column", "days", "date"): "The day.",
    ("column", "days", "week"): "The Monday of its week.",
    ("column", "days", "month"): "The first day of its month.",
    ("column", "days", "quarter"): "The first day of its quarter.",
    ("column", "days", "year"): "The first day of its year.",
    ("view", "currencies"): "The currencies of ISO 4217, withdrawn ones too.",
    ("column", "currencies", "currency"): "ISO 4217 code.",
    ("column", "currencies", "minor_digit_count"): (
        "Digits of an amount after the decimal sign: an amount in minor units is divided by 10 to"
        " this power."
    ),
}


def make_bi_views(connection: psycopg.Connection) -> None:
    """Make all views again, and those of the organisations' roles, in one transaction.

    Readers wait until the transaction ends, and never find a view missing.
    """
    connection.execute("create schema if not exists reporting_bi")
    for (name,) in connection.execute(
        "select relname from pg_class where relnamespace = 'reporting_bi'::regnamespace"
        " and relkind = 'v'"
    ).fetchall():
        connection.execute(sql.SQL("drop view {} cascade").format(sql.Identifier(BI_SCHEMA, name)))
    connection.execute(_SUM_OF_LAST)
    connection.execute(_DAYS)
    connection.execute(sql.SQL(_CURRENCIES).format(_known_currencies()))
    for view in bi_views():
        connection.execute(_statement(view))
    for statement in _comments():
        connection.execute(statement)
    for right in _RIGHTS:
        connection.execute(sql.SQL(right).format(sql.Identifier(READER)))
    make_role_views(connection)


def bi_views_are_current(connection: psycopg.Connection) -> bool:
    """True if all views are there, and are those of this version."""
    found = connection.execute(
        "select obj_description(to_regnamespace('reporting_bi'), 'pg_namespace'),"
        " (select count(*) from pg_class where relnamespace = to_regnamespace('reporting_bi')"
        " and relkind = 'v')"
    ).fetchone()
    return found == (_schema_comment(), len(bi_views()) + 2)


def _schema_comment() -> str:
    return f"views for BI tools, version {bi_version()}, {bi_digest()}"


def _known_currencies() -> Composed:
    rows = (
        sql.SQL("({}, {})").format(sql.Literal(code), sql.Literal(digits))
        for code, digits in sorted(MINOR_DIGITS.items())
    )
    return sql.SQL(", ").join(rows)


def _statement(view: Dataset) -> Composed:
    return sql.SQL("create view {} with (security_invoker = true) as select {} from {}").format(
        sql.Identifier(BI_SCHEMA, view.name),
        sql.SQL(", ").join(sql.Identifier(each.name) for each in view.columns),
        sql.Identifier(DATASETS_SCHEMA, view.name),
    )


def _comments() -> Iterator[Composed]:
    described = dict(_COMMENTS)
    for view in bi_views():
        described[("view", view.name)] = f"{view.grain} {view.description}"
        described |= {("column", view.name, each.name): each.description for each in view.columns}
    for (kind, *place), text in described.items():
        yield sql.SQL("comment on {} {} is {}").format(
            sql.SQL(kind), sql.Identifier(BI_SCHEMA, *place), sql.Literal(text)
        )
    yield sql.SQL("comment on schema reporting_bi is {}").format(sql.Literal(_schema_comment()))

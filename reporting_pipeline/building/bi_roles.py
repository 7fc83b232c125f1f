"""Roles of BI tools: each logs in by itself, and can read the rows of one organisation only.

    role and schema    reporting_bi_<organisation's id without hyphens>
    in the schema      a view for each of `reporting_bi`, over a function that reads its rows

A person with such a login writes any SQL, so nothing that a session can set may choose the rows.
The role has no right on any table, dataset or view of `reporting_bi`. The functions have the rights
of the owner and the organisation in their text, so no condition and no function of the person meets
rows of others. (A view of the owner's would not do: the views below it ask for the rights of the
person.) All are made again after each renewal of `reporting_bi`.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from reporting_pipeline.errors import RolesMissing, UnknownName
from reporting_pipeline.registry.bi_views import BI_SCHEMA, bi_views

CONNECTION_LIMIT, TIMEOUT = 10, "60s"
"""How many sessions a role may have, and how long a statement may take."""

_PREFIX = f"{BI_SCHEMA}_"
_SHARED = ("days", "currencies")
_ROLE = (
    "create role {role} login password {password} connection limit {limit} nosuperuser nocreatedb"
    " nocreaterole noinherit",
    "alter role {role} set default_transaction_read_only = on",
    "alter role {role} set statement_timeout = {timeout}",
    "alter role {role} set search_path = {role}",
)
_RIGHTS = (
    "grant usage on schema {role} to {role}",
    "grant usage on schema reporting_bi to {role}",
    "grant select on all tables in schema {role} to {role}",
)
_VIEW = (
    "drop view if exists {view}",
    "drop function if exists {rows}()",
    "create function {rows}() returns setof {source} language sql stable security definer"
    " set search_path = pg_catalog"
    " begin atomic select * from {source} where organization_id = {organization_id}::uuid; end",
    "revoke execute on function {rows}() from public",
    "grant execute on function {rows}() to {role}",
    "create view {view} as select * from {rows}()",
)
# The comments of `reporting_bi`, on views of the same names.
_COMMENTS = """
    do $$
    declare
        described record;
    begin
        for described in
            select view.relname, column_.attname, col_description(view.oid, column_.attnum) as text
            from pg_class as view
            inner join pg_attribute as column_ on view.oid = column_.attrelid and column_.attnum > 0
            where view.relnamespace = 'reporting_bi'::regnamespace and view.relkind = 'v'
        loop
            execute format(
                'comment on column %I.%I.%I is %L',
                {schema}, described.relname, described.attname, described.text
            );
        end loop;
    end
    $$
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BiRole:
    """The role of an organisation.

    Attributes:
        password: Only of a role that was made just now; it is kept nowhere.
    """

    name: str
    organization_id: UUID
    password: str | None = None


def role_name(organization_id: UUID) -> str:
    """The name of an organisation's role, and of its schema."""
    return f"{_PREFIX}{organization_id.hex}"


def grant(connection: psycopg.Connection[Any], organization_id: UUID) -> BiRole:
    """Make the role of an organisation and its views; a role that exists keeps its password.

    Raises:
        RolesMissing: The warehouse's role may not create roles; the message has the SQL for an
            administrator.
    """
    name = role_name(organization_id)
    password = _make_role(connection, name)
    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(name)))
    connection.execute(_of_database("grant connect on database {} to {}", connection, name))
    _make_views(connection, organization_id)
    return BiRole(name=name, organization_id=organization_id, password=password)


def revoke(connection: psycopg.Connection[Any], organization_id: UUID) -> None:
    """Drop the views of an organisation's role, and the role.

    Sessions that it has open read nothing any more.

    Raises:
        UnknownName: The organisation has no such role.
        RolesMissing: The warehouse's role may not drop roles; the views are gone all the same, and
            the message has the SQL for an administrator.
    """
    name = role_name(organization_id)
    if not _exists(connection, "pg_namespace", "nspname", name):
        message = (
            f"organisation {organization_id} has no role of BI; `reporting bi roles` lists all"
        )
        raise UnknownName(message)
    for statement in ("drop schema {} cascade", "revoke usage on schema reporting_bi from {}"):
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
    connection.execute(_of_database("revoke connect on database {} from {}", connection, name))
    connection.commit()
    drop = sql.SQL("drop role {}").format(sql.Identifier(name))
    try:
        connection.execute(drop)
    except (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.DependentObjectsStillExist,
    ) as error:
        message = (
            f"the views of {name} are gone and it reads nothing here, but the role stays: {error}; "
            f"have an administrator of the server run: {drop.as_string(connection)};"
        )
        raise RolesMissing(message) from error


def bi_roles(connection: psycopg.Connection[Any]) -> list[BiRole]:
    """The roles with views in this warehouse, by name."""
    rows = connection.execute(
        "select nspname from pg_namespace where nspname ~ %s order by nspname",
        [f"^{_PREFIX}[0-9a-f]{{32}}$"],
    )
    return [BiRole(name=name, organization_id=UUID(name.removeprefix(_PREFIX))) for (name,) in rows]


def make_role_views(connection: psycopg.Connection[Any]) -> None:
    """Make the views of all roles again, after those of `reporting_bi`."""
    for role in bi_roles(connection):
        _make_views(connection, role.organization_id)


def _make_role(connection: psycopg.Connection[Any], name: str) -> str | None:
    """The password of a new role; None if the role exists."""
    if _exists(connection, "pg_roles", "rolname", name):
        return None
    password = secrets.token_urlsafe(32)
    try:
        with connection.transaction():
            for statement in _ROLE:
                connection.execute(_filled(statement, name, password))
    except psycopg.errors.InsufficientPrivilege as error:
        by_hand = "; ".join(_filled(each, name, "PASSWORD").as_string(connection) for each in _ROLE)
        message = (
            f"the warehouse's role may not create {name}; have an administrator of the server run, "
            f"with a password of their own, and then run this again: {by_hand};"
        )
        raise RolesMissing(message) from error
    return password


def _filled(statement: str, name: str, password: str = "") -> sql.Composed:
    return sql.SQL(statement).format(
        role=sql.Identifier(name),
        password=sql.Literal(password),
        limit=sql.Literal(CONNECTION_LIMIT),
        timeout=sql.Literal(TIMEOUT),
    )


def _of_database(statement: str, connection: psycopg.Connection[Any], name: str) -> sql.Composed:
    database = sql.Identifier(connection.info.dbname)
    return sql.SQL(statement).format(database, sql.Identifier(name))


def _make_views(connection: psycopg.Connection[Any], organization_id: UUID) -> None:
    name = role_name(organization_id)
    for view in bi_views():
        for statement in _VIEW:
            connection.execute(
                sql.SQL(statement).format(
                    role=sql.Identifier(name),
                    view=sql.Identifier(name, view.name),
                    rows=sql.Identifier(name, f"{view.name}_rows"),
                    source=sql.Identifier(BI_SCHEMA, view.name),
                    organization_id=sql.Literal(str(organization_id)),
                )
            )
    for shared in _SHARED:
        places = sql.Identifier(name, shared), sql.Identifier(BI_SCHEMA, shared)
        connection.execute(sql.SQL("drop view if exists {}").format(places[0]))
        connection.execute(sql.SQL("create view {} as select * from {}").format(*places))
    connection.execute(sql.SQL(_COMMENTS).format(schema=sql.Literal(name)))
    for statement in _RIGHTS:
        connection.execute(_filled(statement, name))


def _exists(connection: psycopg.Connection[Any], catalog: str, column: str, name: str) -> bool:
    statement = sql.SQL("select from {} where {} = %s").format(
        sql.Identifier("pg_catalog", catalog), sql.Identifier(column)
    )
    return connection.execute(statement, [name]).fetchone() is not None

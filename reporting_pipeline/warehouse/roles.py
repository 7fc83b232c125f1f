"""The role of readers, which sees the rows of one organisation (`tenancy`).

Roles belong to the server, not to a database: warehouses of one server share them, and several may
be upgraded at once. A role that may create roles makes what is missing; otherwise an administrator
does it once.
"""

from typing import Any

import psycopg
from psycopg import sql

from reporting_pipeline.addresses import READER
from reporting_pipeline.errors import RolesMissing

# Two sessions that make the role at once: the second one waits for the first, then finds it.
_MAKE = """
    do $$
    declare
        former_role constant text = current_setting('role');
        may_become  boolean;
    begin
        if not exists (select from pg_roles where rolname = {reader}) then
            begin
                create role {reader_name} nologin;
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
        begin
            perform set_config('role', {reader}, true);
            perform set_config('role', former_role, true);
            may_become := true;
        exception when insufficient_privilege then may_become := false;
        end;
        if not may_become then
            begin
                grant {reader_name} to current_user;
            exception when unique_violation then null;
            end;
        end if;
    end
    $$
"""
_FACTS = """
    select
        current_user,
        (select rolsuper or rolcreaterole from pg_roles where rolname = current_user),
        exists (select from pg_roles where rolname = %(reader)s),
        coalesce(
            (
                select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb
                from pg_roles
                where rolname = %(reader)s
            ),
            false
        )
"""


def ensure_roles(connection: psycopg.Connection[Any]) -> None:
    """Make the role of readers, and let the role of the connection become it.

    Raises:
        RolesMissing: The role of the connection may not do so; the message has the SQL for an
            administrator.
    """
    statement = sql.SQL(_MAKE).format(
        reader=sql.Literal(READER), reader_name=sql.Identifier(READER)
    )
    try:
        with connection.transaction():
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise _missing(connection) from error
    require_roles(connection)


def require_roles(connection: psycopg.Connection[Any]) -> None:
    """Check the role of readers, without a change; well too if `ensure_roles` would make it.

    Raises:
        RolesMissing: It does not exist, the role of the connection cannot become it, or it has
            rights by which it would see more than one organisation.
    """
    bound = {"reader": READER}
    [(_, may_make, exists, is_strong)] = connection.execute(_FACTS, bound).fetchall()
    if is_strong:
        message = (
            f"the role {READER} has rights by which it would see more than one organisation; have "
            "an administrator of the server run: "
            f"alter role {READER} nosuperuser nobypassrls nocreaterole nocreatedb;"
        )
        raise RolesMissing(message)
    if not may_make and not (exists and _may_become_reader(connection)):
        raise _missing(connection)


def _missing(connection: psycopg.Connection[Any]) -> RolesMissing:
    [(own, _, exists, _)] = connection.execute(_FACTS, {"reader": READER}).fetchall()
    create = "" if exists else f"create role {READER} nologin; "
    grant = sql.SQL("grant {} to {};").format(sql.SQL(READER), sql.Identifier(own))
    message = (
        f"role {own} cannot become {READER}, the role as which reports are read, and may not "
        "create it; have an administrator of the server run once: "
        f"{create}{grant.as_string(connection)} Then run this again"
    )
    return RolesMissing(message)


def _may_become_reader(connection: psycopg.Connection[Any]) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("select set_config('role', %s, true)", (READER,))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True

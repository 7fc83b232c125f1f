"""A role of a BI tool reads the rows of its organisation, whatever SQL a person writes with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.building.bi_roles import bi_roles, grant, revoke, role_name
from reporting_pipeline.building.relations import migrate
from reporting_pipeline.errors import RolesMissing, UnknownName
from reporting_pipeline.registry.bi_views import bi_views
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_DENIED = (
    "select * from reporting_bi.sales_daily",
    "select * from datasets.sales_daily",
    "select * from reporting.report_sales_daily",
    "select * from landing.ticketing_orders",
    "select * from catalogue.report_definitions",
    "set role reporting_reader",
    "set role reporting",
    "set session authorization reporting",
    "create table mine (number bigint)",
    "create view mine as select 1",
    "copy (select 1) to program 'true'",
    "select pg_read_file('PG_VERSION')",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A role's login, its own organisation and another one."""

    url: URL
    own: UUID
    other: UUID


@pytest.fixture(scope="module")
def login(shared_season_pipeline: Pipeline, superuser: psycopg.Connection) -> Iterator[Login]:
    """The login of a role that the warehouse's owner made for one organisation of the season."""
    owner = shared_season_pipeline.warehouse
    superuser.execute("alter role reporting createrole")
    with warehouse_connection(owner) as connection:
        statement = "select distinct organization_id from reporting.report_event_summary order by 1"
        (own,), (other,), *_ = connection.execute(statement).fetchall()
        role = grant(connection, own)
    yield Login(url=owner.set(username=role.name, password=role.password), own=own, other=other)
    with warehouse_connection(owner) as connection:
        revoke(connection, own)
    superuser.execute("alter role reporting nocreaterole")


@pytest.fixture
def session(login: Login) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo(login.url), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("view", [each.name for each in bi_views()])
def test_a_role_reads_all_rows_of_its_organisation_and_no_others(
    view: str, login: Login, session: psycopg.Connection, shared_season_pipeline: Pipeline
) -> None:
    statement = f"select organization_id, count(*) from {{}}.{view} group by 1"  # noqa: S608
    found = session.execute(statement.format(role_name(login.own)).encode()).fetchall()

    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        all_rows = connection.execute(statement.format("reporting_bi").encode()).fetchall()
    assert found == [row for row in all_rows if row[0] == login.own]


@pytest.mark.parametrize("statement", _DENIED)
def test_a_role_cannot_leave_its_views(statement: str, session: psycopg.Connection) -> None:
    with pytest.raises(
        (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    ):
        session.execute(statement.encode())


def test_a_writing_session_has_no_more_rights(session: psycopg.Connection) -> None:
    session.execute("set default_transaction_read_only = off")

    for statement in ("create schema mine", "create table public.mine (number bigint)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement.encode())
    with pytest.raises(psycopg.Error):
        session.execute("delete from sales_daily")


def test_no_setting_chooses_the_organisation(login: Login, session: psycopg.Connection) -> None:
    session.execute("select set_config('reporting.organization_id', %s, false)", [str(login.other)])

    found = session.execute("select distinct organization_id from event_summary").fetchall()

    assert found == [(login.own,)]


def test_an_own_function_sees_no_row_of_others(login: Login, session: psycopg.Connection) -> None:
    session.execute("set default_transaction_read_only = off")
    session.execute(
        "create function pg_temp.peek(id uuid) returns boolean language plpgsql cost 0.0001 as"
        " $$ begin raise notice '%', id; return true; end $$"
    )
    seen: list[str] = []
    session.add_notice_handler(lambda notice: seen.append(notice.message_primary or ""))

    session.execute("select count(*) from sales_daily where pg_temp.peek(organization_id)")

    assert set(seen) == {str(login.own)}


def test_a_role_has_limits(login: Login, session: psycopg.Connection) -> None:
    timeout = session.execute("show statement_timeout").fetchone()
    limit = session.execute(
        "select rolconnlimit, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb"
        " from pg_roles where rolname = current_user"
    ).fetchone()

    assert (timeout, limit) == (("1min",), (10, False))


def test_a_column_has_its_comment(session: psycopg.Connection) -> None:
    missing = session.execute(
        "select count(*) from pg_attribute where attrelid = 'sales_daily'::regclass"
        " and attnum > 0 and col_description(attrelid, attnum) is null"
    ).fetchone()

    assert missing == (0,)


def test_the_views_are_there_after_a_migration(
    login: Login, session: psycopg.Connection, shared_season_pipeline: Pipeline
) -> None:
    before = session.execute("select count(*) from sales_daily").fetchone()
    with psycopg.connect(conninfo(shared_season_pipeline.warehouse)) as connection:
        connection.execute("comment on schema staging is 'an older project'")

    assert migrate(shared_season_pipeline.warehouse)

    assert session.execute("select count(*) from sales_daily").fetchone() == before != (0,)


def test_a_role_that_exists_keeps_its_password(
    login: Login, shared_season_pipeline: Pipeline
) -> None:
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        again = grant(connection, login.own)
        known = bi_roles(connection)

    assert again.password is None
    assert [each.organization_id for each in known] == [login.own]
    with psycopg.connect(conninfo(login.url)) as connection:
        assert connection.execute("select count(*) > 0 from sales_daily").fetchone() == (True,)


def test_a_revoked_role_cannot_log_in(login: Login, shared_season_pipeline: Pipeline) -> None:
    owner = shared_season_pipeline.warehouse
    with warehouse_connection(owner) as connection:
        role = grant(connection, login.other)
        url = owner.set(username=role.name, password=role.password)
    with warehouse_connection(owner) as connection:
        revoke(connection, login.other)

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(conninfo(url))
    with warehouse_connection(owner) as connection, pytest.raises(UnknownName, match="no role"):
        revoke(connection, login.other)


def test_an_owner_who_may_not_create_roles_is_told_the_statements(
    warehouse_url: URL, superuser: psycopg.Connection
) -> None:
    [(may_create,)] = superuser.execute(
        "select rolcreaterole from pg_roles where rolname = 'reporting'"
    ).fetchall()
    superuser.execute("alter role reporting nocreaterole")
    with (
        warehouse_connection(warehouse_url) as connection,
        pytest.raises(RolesMissing, match=r"create role .* login password .PASSWORD. .*limit 10"),
    ):
        grant(connection, UUID(int=7))
    if may_create:
        superuser.execute("alter role reporting createrole")

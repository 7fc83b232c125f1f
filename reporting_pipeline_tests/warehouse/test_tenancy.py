"""Attacks on the separation of organisations: each gives no row, or an error.

Three readers try: a tenant session of the warehouse's owner, one of a login that can only read, and
a login that may do nothing. `test_tenancy_attacks` has the table of attacks, with a BI role too.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.addresses import READER
from reporting_pipeline.embedded.postgres import ensure_role
from reporting_pipeline.errors import RolesMissing
from reporting_pipeline.warehouse.engine import KeptConnections, warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_session
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_PASSWORD = secrets.token_urlsafe()
_SUMMARIES = "select organization_id from reporting.report_event_summary"
_TABLES = (
    *("reporting.report_sales_daily", "reporting.report_revenue_daily", "datasets.sales_daily"),
    *("reporting.report_revenue_daily_balances", "datasets.ledger_entries", "datasets.tickets"),
    *("landing.ticketing_orders", "landing.ticketing_events", "landing.ledger_transactions"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """A warehouse with two organisations, and the addresses of its readers."""

    own: UUID
    other: UUID
    urls: Mapping[str, URL]


@pytest.fixture(scope="module")
def tenants(shared_season_pipeline: Pipeline, superuser: psycopg.Connection) -> Tenants:
    """The season's organisations, and logins that can only read, or nothing."""
    owner = shared_season_pipeline.warehouse
    with warehouse_connection(owner) as connection:
        statement = "select distinct organization_id from reporting.report_event_summary order by 1"
        (own,), (other,), *_ = connection.execute(statement).fetchall()
    for role in ("only_reader", "stranger"):
        ensure_role(superuser, role, _PASSWORD)
    superuser.execute(f"grant {READER} to only_reader".encode())
    urls = {
        role: owner.set(username=role, password=_PASSWORD) for role in ("only_reader", "stranger")
    }
    return Tenants(own=own, other=other, urls={"owner": owner, **urls})


@pytest.fixture(params=["owner", "only_reader"])
def session(request: pytest.FixtureRequest, tenants: Tenants) -> Iterator[psycopg.Connection]:
    """A session of an organisation, of two logins."""
    with tenant_session(tenants.urls[request.param], tenants.own) as connection:
        yield connection


def _seen(connection: psycopg.Connection, statement: str = _SUMMARIES) -> set[UUID]:
    return {each for (each,) in connection.execute(statement.encode())}


@pytest.mark.parametrize("table", _TABLES)
def test_a_session_sees_its_own_rows_and_no_others(
    table: str, session: psycopg.Connection, tenants: Tenants
) -> None:
    found = _seen(session, f"select organization_id from {table}")  # noqa: S608

    assert found == {tenants.own}


@pytest.mark.parametrize("setting", ["", " "])
def test_no_organisation_means_no_rows(setting: str, session: psycopg.Connection) -> None:
    session.execute("select set_config('reporting.organization_id', %s, true)", (setting,))
    try:
        found = _seen(session)
    except psycopg.errors.InvalidTextRepresentation:
        found = set()

    assert found == set()


@pytest.mark.parametrize("setting", ["' or true --", "null", "*", "00000000"])
def test_a_setting_that_is_no_id_is_an_error(setting: str, session: psycopg.Connection) -> None:
    session.execute("select set_config('reporting.organization_id', %s, true)", (setting,))

    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        _seen(session)


@pytest.mark.parametrize("organization", ["' or true --", "", None])
def test_an_organisation_is_an_id(organization: str | None, tenants: Tenants) -> None:
    with (
        pytest.raises(TypeError, match="by its UUID"),
        tenant_session(tenants.urls["owner"], organization),  # type: ignore[arg-type]
    ):
        pass


@pytest.mark.parametrize(
    "attack",
    [
        "create materialized view datasets.taken as select * from reporting.report_sales_daily",
        "create view datasets.taken as select * from reporting.report_sales_daily",
        "create function reporting.taken() returns int language sql security definer return 1",
        "create table landing.taken ()",
        "truncate reporting.report_sales_daily",
        "delete from reporting.report_sales_daily",
        "update reporting.report_sales_daily set organization_id = organization_id",
        "insert into reporting.report_sales_daily select * from reporting.report_sales_daily",
        "copy reporting.report_sales_daily from '/dev/null'",
        "alter table reporting.report_sales_daily disable row level security",
        "drop policy tenant on reporting.report_sales_daily",
        "grant reporting_reader to stranger",
        "select * from landing.scanning_scans_held_back",
        "select * from catalogue.webhook_secrets",
        "select reporting.protect_rows('reporting.report_sales_daily', 'true')",
        "set local row_security = off; select * from reporting.report_sales_daily",
    ],
)
def test_a_reader_can_change_nothing_and_reach_nothing_else(
    attack: str, session: psycopg.Connection
) -> None:
    session.execute("select")
    with pytest.raises(
        (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    ):
        session.execute(attack.encode())


@pytest.mark.parametrize(
    "statement", ["reset role", "set role none", "reset session authorization"]
)
def test_a_login_that_can_only_read_has_no_role_to_return_to(
    statement: str, tenants: Tenants
) -> None:
    with tenant_session(tenants.urls["only_reader"], tenants.own) as connection:
        connection.execute(statement.encode())
        try:
            found = _seen(connection)
        except psycopg.errors.InsufficientPrivilege:
            found = set()

    assert found <= {tenants.own}


def test_a_login_without_rights_has_no_session(tenants: Tenants) -> None:
    with (
        pytest.raises(RolesMissing, match="reporting migrate"),
        tenant_session(tenants.urls["stranger"], tenants.own),
    ):
        pass
    with (
        warehouse_connection(tenants.urls["stranger"]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(_SUMMARIES.encode())


@pytest.mark.parametrize("login", ["owner", "only_reader"])
def test_nothing_is_left_for_the_next_user_of_a_connection(login: str, tenants: Tenants) -> None:
    url = tenants.urls[login]
    kept = KeptConnections(url)

    def work() -> list[tuple[str, str | None]]:
        with tenant_session(url, tenants.own) as connection:
            process = connection.info.backend_pid
        with warehouse_connection(url) as connection:
            assert connection.info.backend_pid == process
            return connection.execute(
                "select current_role,"
                " nullif(current_setting('reporting.organization_id', true), '')"
            ).fetchall()

    assert kept.context().run(work) == [(url.username, None)]
    kept.close()


@pytest.mark.parametrize("end", [psycopg.Connection.commit, psycopg.Connection.rollback])
def test_a_session_cannot_outlive_its_transaction(
    end: Callable[[psycopg.Connection], None], tenants: Tenants
) -> None:
    with (
        pytest.raises(psycopg.ProgrammingError, match="forbidden"),
        tenant_session(tenants.urls["owner"], tenants.own) as connection,
    ):
        end(connection)


def test_a_session_reads_one_snapshot_if_it_is_told_to(tenants: Tenants) -> None:
    level = psycopg.IsolationLevel.REPEATABLE_READ
    with tenant_session(tenants.urls["owner"], tenants.own, isolation_level=level) as connection:
        found = connection.execute("show transaction_isolation").fetchone()

    assert found == ("repeatable read",)


def test_no_row_has_a_word_of_the_other(tenants: Tenants) -> None:
    """Disjoint books: nothing that a session can read names the other organisation."""
    with warehouse_connection(tenants.urls["owner"]) as connection:
        words = {
            str(word)
            for statement in (
                "select name from landing.ticketing_organizations where id = %s",
                "select name from landing.ticketing_events where organization_id = %s",
                "select id from landing.ticketing_events where organization_id = %s",
                "select id from landing.ledger_accounts where organization_id = %s",
            )
            for (word,) in connection.execute(statement, (tenants.other,))
        }
        relations = connection.execute(
            "select oid::regclass::text from pg_class where relkind in ('r', 'p', 'v')"
            " and not relispartition and has_table_privilege(%s, oid, 'select')"
            " and relnamespace in (select oid from pg_namespace where nspname = any(%s))",
            (READER, ["landing", "reporting", "catalogue", "staging", "intermediate", "datasets"]),
        ).fetchall()
    assert len(words) > 5
    assert len(relations) > 80
    with tenant_session(tenants.urls["owner"], tenants.own) as connection:
        for (relation,) in relations:
            rows = connection.execute(
                sql.SQL("select rows::text from {} as rows").format(sql.SQL(relation))
            ).fetchall()
            text = "\n".join(row for (row,) in rows)
            assert not [word for word in words if word in text], relation

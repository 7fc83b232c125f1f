"""Each attack with SQL gets no row of another organisation, with each of three logins."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from psycopg import pq
from sqlalchemy import URL

from reporting_pipeline.addresses import READER
from reporting_pipeline.building.bi_roles import grant, revoke, role_name
from reporting_pipeline.embedded.postgres import ensure_role
from reporting_pipeline.warehouse.engine import KeptConnections, warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_transaction
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.warehouse.tenancy_attacks import ATTACKS, LOGINS, Got, SqlAttack

_TABLE = "reporting.report_sales_daily"
_PASSWORD = secrets.token_urlsafe()
_REFUSALS = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.InvalidTextRepresentation,
    psycopg.errors.InvalidSqlStatementName,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that reads rows of its own organisation, and what its attacks name."""

    name: str
    url: URL
    own: UUID
    other: UUID
    words: Mapping[str, str]

    @property
    def is_bi(self) -> bool:
        """It reads by its own right, without a tenant session."""
        return self.name == "BI role"

    def filled(self, statement: str) -> bytes:
        """A statement with the names of this login."""
        return statement.format_map(self.words).encode()


@pytest.fixture(scope="module")
def logins(
    shared_season_pipeline: Pipeline, superuser: psycopg.Connection
) -> Iterator[Mapping[str, Login]]:
    """The three logins of one organisation, with another one that has rows too."""
    owner = shared_season_pipeline.warehouse
    superuser.execute("alter role reporting createrole")
    ensure_role(superuser, "attacks_reader", _PASSWORD)
    superuser.execute(f"grant {READER} to attacks_reader".encode())
    with warehouse_connection(owner) as connection:
        statement = f"select distinct organization_id from {_TABLE} order by 1"  # noqa: S608
        (own,), (other,), *_ = connection.execute(statement.encode()).fetchall()
        role, _ = grant(connection, own), grant(connection, other)
        [(partition,)] = connection.execute(
            "select min(inhrelid::regclass::text) from pg_inherits"
            " where inhparent = 'landing.ledger_transactions'::regclass"
        ).fetchall()
    words = {
        "table": _TABLE,
        "own": str(own),
        "other": str(other),
        "partition": partition,
        "other_views": role_name(other),
        "superuser": superuser.info.user,
    }
    urls = {
        "owner": owner,
        "only reader": owner.set(username="attacks_reader", password=_PASSWORD),
        "BI role": owner.set(username=role.name, password=role.password),
    }
    yield {
        name: Login(
            name=name,
            url=url,
            own=own,
            other=other,
            words=words | {"rows": f"{role.name}.sales_daily" if name == "BI role" else _TABLE},
        )
        for name, url in urls.items()
    }
    with warehouse_connection(owner) as connection:
        revoke(connection, own)
        revoke(connection, other)
    superuser.execute("alter role reporting nocreaterole")


@pytest.fixture(params=LOGINS)
def login(request: pytest.FixtureRequest, logins: Mapping[str, Login]) -> Login:
    return logins[request.param]


@contextmanager
def _session(
    connection: psycopg.Connection, login: Login, organization_id: UUID | None
) -> Iterator[None]:
    """Let a connection read for an organisation; for nobody if there is none."""
    if login.is_bi:
        # The role may write if it wants to: only its rights refuse.
        with connection.transaction():
            connection.execute("set transaction read write")
            yield
    elif organization_id is None:
        with connection.transaction():
            connection.execute(f"set local role {READER}".encode())
            yield
    else:
        with tenant_transaction(connection, organization_id):
            yield


def _ids(connection: psycopg.Connection, statement: bytes) -> set[UUID]:
    """The ids that a statement reads; none if it reads nothing."""
    if statement.startswith(b"copy"):
        with connection.cursor().copy(statement) as rows:
            return {UUID(bytes(each).decode().strip()) for each in rows}
    cursor = connection.execute(statement)
    if cursor.pgresult is None or cursor.pgresult.status != pq.ExecStatus.TUPLES_OK:
        return set()
    return {each for (each,) in cursor if isinstance(each, UUID)}


def _got(connection: psycopg.Connection, login: Login, attack: SqlAttack) -> Got:
    found: set[UUID] = set()
    try:
        with _session(connection, login, login.own if attack.is_named else None):
            for statement in attack.statements:
                found = _ids(connection, login.filled(statement))
    except _REFUSALS:
        return Got.REFUSED
    assert found <= {login.own}, f"rows of {found - {login.own}}"
    return Got.OWN if found else Got.NONE


def _work_before(connection: psycopg.Connection, login: Login, attack: SqlAttack) -> None:
    """What a former user of the connection did for the other organisation."""
    seen: set[UUID] = set()
    with _session(connection, login, login.other):
        for statement in attack.before:
            seen = _ids(connection, login.filled(statement))
    assert not attack.before or seen == {login.own if login.is_bi else login.other}


def _attacked(login: Login, attack: SqlAttack) -> Got:
    """What an attack gets with the second of two users of one kept connection."""
    kept = KeptConnections(login.url)
    with ExitStack() as opened:
        opened.callback(kept.close)
        opened.enter_context(kept.in_use())
        with warehouse_connection(login.url) as connection:
            _work_before(connection, login, attack)
            if not attack.is_given_back:
                return _got(connection, login, attack)
            process = connection.info.backend_pid
        with warehouse_connection(login.url) as connection:
            assert connection.info.backend_pid == process
            return _got(connection, login, attack)


@contextmanager
def _made_by(owner: Login, attack: SqlAttack) -> Iterator[None]:
    """What the owner has made, until it is dropped."""
    if attack.by_owner is None:
        yield
        return
    kind, definition = attack.by_owner
    with warehouse_connection(owner.url) as connection:
        connection.execute(owner.filled(f"create {kind} datasets.taken{definition}"))
    yield
    with warehouse_connection(owner.url) as connection:
        connection.execute(f"drop {kind} datasets.taken".encode())


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_gets_no_row_of_another_organisation(
    attack: SqlAttack, login: Login, logins: Mapping[str, Login]
) -> None:
    with _made_by(logins["owner"], attack):
        got = _attacked(login, attack)

    assert got is dict(zip(LOGINS, attack.got, strict=True))[login.name]


def test_no_login_of_the_pipeline_passes_by_row_level_security(login: Login) -> None:
    with warehouse_connection(login.url) as connection:
        found = connection.execute(
            "select rolname from pg_roles where (rolsuper or rolbypassrls)"
            " and (rolname in (session_user, current_user) or pg_has_role(oid, 'member'))"
        ).fetchall()

    assert found == []

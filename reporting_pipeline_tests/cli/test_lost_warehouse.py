"""Every command that loses the warehouse ends with one error, and shows no password.

The table of commands is complete; each is run under each fault, against real servers, by a role
whose password has every printable character.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MappingProxyType
from unittest import mock
from uuid import UUID

import click
import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.addresses import postgres_url
from reporting_pipeline.cli import main
from reporting_pipeline.cli.lost_warehouse import KEPT
from reporting_pipeline.embedded.postgres import WAREHOUSE_OWNER, ensure_role, superuser_connection
from reporting_pipeline.settings import set_environment
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.cli.conftest import RunReporting
from reporting_pipeline_tests.printable_password import ESCAPED, PRINTABLE

_ROLE = "role with losses"
_ID = str(UUID(int=1))
_DAY = "2025-05-02"
_DECIDED = ("--by", "me")
# Command -> its arguments; {folder} is a folder of the test.
COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "demo": (),
        "doctor": (),
        "init": ("{folder}/project",),
        "migrate": (),
        "up": (),
        "exec": ("--", "true"),
        "sources check": (),
        "sources findings": (),
        "sources load": ("{dump}",),
        "sources generate": ("--orders", "1", "--days", "1", "--organizations", "1"),
        "sources compare": ("--rows", "10"),
        "sources accept": (
            "ticketing.orders",
            "--kind",
            "changed",
            *_DECIDED,
            "--reason",
            "why",
            _ID,
        ),
        "sources take-back": ("ticketing.orders", "--kind", "changed", *_DECIDED, _ID),
        "land": ("--all-rows",),
        "build": ("--from", _DAY, "--to", _DAY),
        "definitions apply": ("--yes",),
        "definitions export": ("{folder}/exported",),
        "definitions list": (),
        "definitions retire": ("{organization}",),
        "definitions show": ("daily-sales", "--organization", "{organization}"),
        "organizations": (),
        "events": (),
        "due": (),
        "export": ("--from", _DAY, "--to", _DAY, "--format", "csv", "--definition", "daily-sales"),
        "request": ("daily-sales", "--organization", "{organization}", "--period", _DAY),
        "requests": (),
        "work": ("--once",),
        "reports": (),
        "get": ("{folder}/saved",),
        "verify": ("--store",),
        "keys new": ("{folder}/key.pem",),
        "breaks": (),
        "breaks accept": (
            *("--organization", "{organization}", "--kind", "amount"),
            *(*_DECIDED, "--reason", "why", _ID),
        ),
        "breaks take-back": (
            *("--organization", "{organization}", "--kind", "amount", *_DECIDED, _ID),
        ),
        "devices": (),
        "alerts": (),
        "audit": (),
        "token": ("--organization", "{organization}"),
        "serve": ("--port", "1"),
        "webhooks add": ("https://receiver.example/in", "--organization", "{organization}"),
        "webhooks list": ("--organization", "{organization}"),
        "webhooks messages": (_ID, "--organization", "{organization}"),
        "webhooks pause": (_ID, "--organization", "{organization}", "--reason", "why"),
        "webhooks resume": (_ID, "--organization", "{organization}"),
        "webhooks remove": (_ID, "--organization", "{organization}"),
        "webhooks replay": (_ID, "--organization", "{organization}", "--from", _DAY),
        "webhooks send": (),
        "bi grant": ("{organization}",),
        "bi revoke": ("{organization}",),
        "bi roles": (),
        "bi export": ("tableau", "{folder}/models"),
        "bi hyper": ("{folder}/rows.hyper",),
        "lake": (),
        "sweep": (),
        "metrics": ("--once",),
        "daemon": (),
    }
)
# Run in another process or not at all: they replace this process or wait for Ctrl-C.
_NOT_HERE = frozenset({"up", "exec"})
# It would run until Ctrl-C wherever its session can be opened.
_UNTIL_CTRL_C = frozenset({"daemon", "serve"})
# They end before they write a row: there is nothing of that kind, or this role may make no roles.
_OF_NOTHING = frozenset(
    {
        *("breaks accept", "breaks take-back", "get", "bi grant", "bi revoke"),
        *(f"webhooks {each}" for each in ("messages", "pause", "resume", "remove", "replay")),
    }
)
# They go on without what is lost, and say it in their own words.
_OWN_WORDS = frozenset({"doctor", "metrics", "export", "demo"})
_WITHOUT_WAREHOUSE = frozenset(
    {
        *("init", "keys new", "demo", "metrics", "doctor", "bi export"),
        *("sources check", "sources load", "sources generate"),
    }
)
# They read only which version the schema has, or which roles the server has.
_WITHOUT_LOCKED_TABLES = frozenset({"migrate", "bi roles"})


class World:
    """A filled warehouse, its superuser, and the address of a role with a hard password."""

    def __init__(self, pipeline: Pipeline, superuser: psycopg.Connection, admin: URL) -> None:
        self.pipeline, self.superuser, self.admin = pipeline, superuser, admin
        ensure_role(superuser, _ROLE, PRINTABLE)
        superuser.execute(f'grant {WAREHOUSE_OWNER} to "{_ROLE}"'.encode())
        place = f"127.0.0.1:{admin.port}/{pipeline.warehouse.database}"
        role = _ROLE.replace(" ", "%20")
        self.url = postgres_url("X", f"postgresql://{role}:{ESCAPED}@{place}", "psycopg")

    def with_options(self, options: str) -> URL:
        return self.url.update_query_dict({"options": options})

    @contextmanager
    def tables_locked(self) -> Iterator[None]:
        """Another session keeps every table but those that say which version the schema has."""
        with psycopg.connect(conninfo(self.admin)) as holder:
            names = ", ".join(self._tables(holder))
            holder.execute(f"lock table {names} in access exclusive mode".encode())
            yield
            holder.rollback()

    @contextmanager
    def waiting_sessions_ended(self) -> Iterator[None]:
        """Sessions are ended as soon as they wait for a locked table: in the middle of the work."""
        is_over = threading.Event()

        def end_sessions() -> None:
            with superuser_connection(self.admin) as connection:
                while not is_over.wait(0.02):
                    connection.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and wait_event_type = 'Lock'"
                    )

        with self.tables_locked():
            thread = threading.Thread(target=end_sessions)
            thread.start()
            try:
                yield
            finally:
                is_over.set()
                thread.join()

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """Every statement that writes a row ends as it does on a full disk."""
        with superuser_connection(self.admin) as connection:
            connection.execute(
                "create function public.no_space() returns trigger language plpgsql as $$ begin"
                " raise exception using errcode = '53100', message ="
                " 'could not extend file: No space left on device'; end $$"
            )
            for name in self._tables(connection):
                connection.execute(
                    f"create trigger no_space before insert or update or delete on {name}"
                    " for each statement execute function public.no_space()".encode()
                )
            try:
                yield
            finally:
                connection.execute("drop function public.no_space() cascade")

    @contextmanager
    def no_connections(self) -> Iterator[None]:
        self.superuser.execute(f'alter role "{_ROLE}" connection limit 0'.encode())
        try:
            yield
        finally:
            self.superuser.execute(f'alter role "{_ROLE}" connection limit -1'.encode())

    @staticmethod
    def _tables(connection: psycopg.Connection) -> list[str]:
        rows = connection.execute(
            "select format('%I.%I', nspname, relname) from pg_class"
            " inner join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname in ('landing', 'reporting', 'catalogue') and relkind in ('r', 'p')"
            " and not relispartition order by 1"
        ).fetchall()
        return [name for (name,) in rows]


_Fault = Callable[[World], tuple[URL, AbstractContextManager[None]]]
# Fault -> the address, what happens meanwhile; and the words that say it.
FAULTS: Mapping[str, tuple[_Fault, str]] = MappingProxyType(
    {
        "lock": (
            lambda world: (world.with_options("-c lock_timeout=20ms"), world.tables_locked()),
            "another session has kept a lock for too long",
        ),
        "session": (
            lambda world: (world.url, world.waiting_sessions_ended()),
            "the session was ended, because the server stops or somebody ended it",
        ),
        "disk": (lambda world: (world.url, world.disk_full()), "its disk is full"),
        "standby": (
            lambda world: (
                world.with_options("-c default_transaction_read_only=on"),
                nullcontext(),
            ),
            "it only reads, as a standby does",
        ),
        "connections": (
            lambda world: (world.url, world.no_connections()),
            "it accepts no more connections",
        ),
        "password": (
            lambda world: (world.url.set(password=f"{PRINTABLE}?"), nullcontext()),
            "it does not accept the role or its password",
        ),
        "down": (lambda world: (world.url.set(port=1), nullcontext()), "Connection refused"),
    }
)
_IN_SESSION = frozenset({"lock", "session", "disk", "standby"})


@pytest.fixture(scope="module")
def world(
    shared_season_pipeline: Pipeline,
    superuser: psycopg.Connection,
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    warehouse = shared_season_pipeline.warehouse
    found = World(shared_season_pipeline, superuser, warehouse.set(username="supervisor"))
    with mock.patch.dict("os.environ"):  # a session sets further variables
        set_environment(
            {
                "REPORTING_DATABASE_URL": conninfo(found.url),
                "REPORTING_HOME": str(tmp_path_factory.mktemp("home")),
            }
        )
        applied = CliRunner().invoke(main, ["definitions", "apply", "--yes"])
        assert applied.exit_code == 0, applied.output
    return found


@pytest.fixture
def run(
    world: World,
    empty_database_url: URL,
    tmp_path_factory: pytest.TempPathFactory,
    season_dump: object,
) -> Callable[[str, URL | str], Result]:
    """Runs a command in this process, with every address set."""
    folder = tmp_path_factory.mktemp("lost")
    with psycopg.connect(conninfo(world.admin)) as connection:
        [(organization,)] = connection.execute(
            "select min(id::text) from landing.ticketing_organizations"
        ).fetchall()
    values = {"folder": folder, "dump": season_dump, "organization": organization}
    sources = {
        f"REPORTING_SOURCE_{domain.upper()}_URL": conninfo(url)
        for domain, url in world.pipeline.sources.items()
    }

    def invoke(command: str, url: URL | str) -> Result:
        set_environment(
            {
                "REPORTING_HOME": str(folder),
                "DAGSTER_HOME": str(folder / "dagster"),
                "REPORTING_STORE_URL": str(folder / "store"),
                "REPORTING_LAKE_URL": str(folder / "lake"),
                "REPORTING_DATABASE_URL": url if isinstance(url, str) else conninfo(url),
                "REPORTING_DAGSTER_URL": conninfo(empty_database_url),
                **sources,
            }
        )
        arguments = [each.format(**values) for each in COMMANDS[command]]
        return CliRunner().invoke(main, [*command.split(), *arguments])

    return invoke


def test_the_table_has_every_command_and_each_says_what_it_keeps() -> None:
    context = click.Context(main)
    found = set()
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            found |= {f"{name} {each}" for each in command.commands}
        if not isinstance(command, click.Group) or command.invoke_without_command:
            found.add(name)

    assert set(COMMANDS) == found
    assert set(KEPT) == found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_command_that_loses_the_warehouse_ends_with_one_error(
    fault: str, world: World, run: Callable[[str, URL | str], Result], tmp_path: object
) -> None:
    make, said = FAULTS[fault]
    # psycopg2 is not told why a session was ended.
    words = (said, "the connection was lost") if fault == "session" else (said,)
    skipped = _NOT_HERE | (_UNTIL_CTRL_C if fault in _IN_SESSION else frozenset())
    wrong: dict[str, str] = {}
    lost: set[str] = set()
    url, meanwhile = make(world)
    with meanwhile:
        for command in COMMANDS.keys() - skipped:
            result = run(command, url)
            problems = _problems(command, result, words)
            if result.exit_code != 0 and any(each in result.output for each in words):
                lost.add(command)
            if problems:
                wrong[command] = f"{problems} {result.exception!r} {result.output}"

    assert not wrong, "\n".join(f"{name}: {wrong[name]}" for name in wrong)
    if fault not in {"disk", "standby"}:
        assert COMMANDS.keys() - skipped - lost <= _WITHOUT_WAREHOUSE | _WITHOUT_LOCKED_TABLES
    else:
        assert lost >= {"land", "build", "definitions retire", "request"}


def _problems(command: str, result: Result, words: Sequence[str]) -> list[str]:
    """The faults of the end of a command."""
    is_explained = result.exit_code == 0 or any(each in result.output for each in words)
    sayings = {
        "a traceback": result.exception is not None
        and not isinstance(result.exception, SystemExit),
        "an address of a library": "sqlalche.me" in result.output,
        "a part of the password": _shows_password(result.output),
        "several errors": result.output.count("Error: ") > 1,
        "no word of what is kept": result.exit_code != 0
        and command not in _OWN_WORDS
        and any(each in result.output for each in words)
        and KEPT[command] not in result.output,
        "another reason": command not in _WITHOUT_WAREHOUSE | _OF_NOTHING and not is_explained,
    }
    return [name for name, is_so in sayings.items() if is_so]


def _shows_password(output: str) -> bool:
    """True if any eight characters of the password are in the output, as they are or escaped."""
    return any(
        secret[start : start + 8] in output
        for secret in (PRINTABLE, ESCAPED)
        for start in range(len(secret) - 8)
        if secret[start : start + 8] not in {"ABCDEFGH", "abcdefgh", "01234567", "12345678"}
    )


def test_a_command_in_a_process_shows_one_line_and_no_password(
    world: World, reporting: RunReporting, tmp_path: object
) -> None:
    for command in (["exec", "--", "true"], ["land"], ["definitions", "list"]):
        done = reporting(
            *command,
            REPORTING_HOME=str(tmp_path),
            REPORTING_DATABASE_URL=conninfo(world.url.set(password=f"{PRINTABLE}?")),
        )

        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith("Error: the warehouse at 127.0.0.1:")
        assert done.stderr.count("\n") == 1
        assert not _shows_password(done.stderr)


def test_an_address_that_cannot_be_read_is_not_shown_by_any_command(
    world: World, run: Callable[[str, URL | str], Result]
) -> None:
    address = conninfo(world.url).replace("@127.0.0.1:", "@127.0.0.1:x")
    for command in COMMANDS.keys() - _NOT_HERE - {"init", "keys new", "bi export"}:
        result = run(command, address)

        assert result.exit_code == 1, command
        if command != "demo":  # it refuses sources of somebody else before
            assert "REPORTING_DATABASE_URL is not the address" in result.output, command
        assert isinstance(result.exception, SystemExit), command
        assert not _shows_password(result.output), command

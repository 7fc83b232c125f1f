"""An installation that follows *Deploy* of the operations page, and nothing else, works."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from tenacity import (
    retry,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
)

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.postgres import (
    SOURCE_OWNER,
    Postgres,
    PostgresInstall,
    create_database,
    ensure_role,
    superuser_connection,
)
from reporting_pipeline.embedded.process import free_port
from reporting_pipeline.settings import SOURCE_DOMAINS, Settings, child_environment
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.architecture.repository import DOCS
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.s3_servers import S3Server

_PAGE = (DOCS / "operations.md").read_text("utf-8")
_SECTION = _PAGE[_PAGE.index("## Deploy") : _PAGE.index("## Upgrade")]
_BLOCKS = re.findall(r"```sh\n(.+?)```", _SECTION, re.DOTALL)
_INIT, _CHECKS, _HISTORY, _PROGRAMS = (
    [line.strip() for line in block.strip().splitlines()] for block in _BLOCKS
)
_PASSWORD = "p%w d"  # noqa: S105 - of a server that lives as long as the test
_QUOTED = "p%25w%20d"
_START_SECONDS, _END_SECONDS = 300, 60
_STATES = """{ assetNodes { assetKey { path } partitionStats { numMaterialized numFailed }
    assetMaterializations(limit: 1) { timestamp } } }"""


@pytest.fixture(scope="module")
def server(account: Account, servers_folder: Path) -> Iterator[Postgres]:
    """A server with nothing of ours, but the databases of the four domains and their rows."""
    install = PostgresInstall.find(Settings.from_environment().pg_bindir)
    server = Postgres(
        install=install.reachable_for(account, servers_folder / "bin-of-deploy"),
        folder=servers_folder / "deploy",
        account=account,
        password=_PASSWORD,
        durable=False,
    )
    server.start()
    with superuser_connection(server.url("postgres")) as connection:
        ensure_role(connection, SOURCE_OWNER, _PASSWORD)
        for domain in SOURCE_DOMAINS:
            create_database(connection, domain, SOURCE_OWNER)
    owners = {each: server.url(each, SOURCE_OWNER, _PASSWORD) for each in SOURCE_DOMAINS}
    load_dump(CASES / "counter_restarts" / "dump", owners)
    yield server
    server.stop()


def create_roles(server: Postgres) -> None:
    """Run the two files of SQL that the page names, as an operator does."""
    roles, reader = (
        (DOCS / "examples" / name).read_text("utf-8").replace("'PASSWORD'", f"'{_PASSWORD}'")
        for name in ("warehouse_roles.sql", "source_reader.sql")
    )
    with superuser_connection(server.url("postgres")) as connection:
        for statement in _statements(roles):
            connection.execute(statement)
    for domain in SOURCE_DOMAINS:
        with superuser_connection(server.url(domain)) as connection:
            for statement in _statements(reader.replace("ticketing", domain)):
                try:
                    connection.execute(statement)
                except psycopg.errors.DuplicateObject:
                    assert "create role" in statement


def _statements(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [each.strip() for each in "\n".join(lines).split(";") if each.strip()]


def fill_in(folder: Path, server: Postgres, s3: S3Server, redis_url: str) -> None:
    """Uncomment the lines of `reporting.env` that an operator needs, with the real addresses."""
    place = f"127.0.0.1:{server.url('postgres').port}"
    values = {
        "REPORTING_DATABASE_URL": f"postgresql://reporting:{_QUOTED}@{place}/reporting",
        "REPORTING_DAGSTER_URL": f"postgresql+psycopg2://dagster:{_QUOTED}@{place}/dagster",
        "REPORTING_REDIS_URL": redis_url,
        "REPORTING_STORE_URL": "s3://exports/production",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        **{
            f"REPORTING_SOURCE_{each.upper()}_URL": (
                f"postgresql://reporting_sources:{_QUOTED}@{place}/{each}"
            )
            for each in SOURCE_DOMAINS
        },
    }
    path = folder / "reporting.env"
    text = path.read_text("utf-8")
    for name, value in values.items():
        text, count = re.subn(rf"^# {name}=.*$", f"{name}='{value}'", text, flags=re.MULTILINE)
        assert count == 1, name
    path.write_text(f"{text}AWS_ENDPOINT_URL={s3.endpoint}\n", "utf-8")


def shell(folder: Path, line: str) -> list[str]:
    """The arguments that run a line of the page in the project folder, with its environment."""
    return ["/bin/sh", "-c", f"cd '{folder}'; {_CHECKS[0]}; exec {line}"]


def environment() -> dict[str, str]:
    programs = Path(sys.executable).parent
    path = child_environment({}).get("PATH", "")
    return child_environment({"PATH": f"{programs}:{path}"})


@contextmanager
def running(folder: Path, line: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the page, which ends on SIGTERM."""
    log = (folder / f"{abs(hash(line))}.log").open("wb")
    with (
        log,
        subprocess.Popen(  # noqa: S603 - lines of our own page
            shell(folder, line), env=environment(), stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(_END_SECONDS) in {0, -signal.SIGTERM}, line
        finally:
            process.kill()


@retry(
    retry=retry_if_exception_type(OSError),
    stop=stop_after_delay(_START_SECONDS),
    wait=wait_fixed(0.5),
    reraise=True,
)
def ask(port: int) -> list[dict[str, Any]]:
    """The assets as the UI shows them."""
    address = f"http://127.0.0.1:{port}/graphql"
    answer = requests.post(address, json={"query": _STATES}, timeout=_START_SECONDS)
    nodes: list[dict[str, Any]] = answer.json()["data"]["assetNodes"]
    if not nodes:
        message = "the code is not loaded yet"
        raise OSError(message)
    return nodes


@retry(
    retry=retry_if_result(lambda count: count > 0),
    stop=stop_after_delay(_START_SECONDS),
    wait=wait_fixed(0.5),
)
def running_count(server: Postgres) -> int:
    """The runs in progress, whose end *Upgrade* awaits before the code server is stopped."""
    with superuser_connection(server.url("dagster")) as connection:
        found = connection.execute(
            "select count(*) from runs where status in ('STARTING', 'STARTED')"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_the_page_leads_to_an_installation_that_works(
    server: Postgres, s3_server: S3Server, redis_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    create_roles(server)
    [init] = _INIT
    subprocess.run(  # noqa: S603 - a line of our own page
        init.replace("/srv/reporting", str(folder)).split(), env=environment(), check=True
    )
    fill_in(folder, server, s3_server, redis_url)

    for line in [*_CHECKS[1:], *_HISTORY]:
        done = subprocess.run(  # noqa: S603 - lines of our own page
            shell(folder, line), env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, line

    code, ui = free_port(), free_port()
    workspace = folder / "workspace.yaml"
    workspace.write_text(workspace.read_text("utf-8").replace("4000", str(code)), "utf-8")
    with ExitStack() as programs:
        for number, line in enumerate(_PROGRAMS):
            if number == 1:
                programs.callback(running_count, server)
            ports = line.replace("4000", str(code)).replace("3000", str(ui))
            if line != "reporting metrics":  # its port is a setting
                programs.enter_context(running(folder, ports))
        shown = {"/".join(each["assetKey"]["path"]): each for each in ask(ui)}

    built = shown["report_attendance_daily"]["partitionStats"]
    assert built["numMaterialized"] > 0
    assert built["numFailed"] == 0

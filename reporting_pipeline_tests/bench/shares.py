"""Reports on two workers of Celery, one of which is killed: `python -m ...bench.shares`.

A thousand small reports of fifty organisations are due on one day. A run of Dagster divides them
into shares, and two workers generate these. One of the workers is killed (SIGKILL, all of its
processes) in the middle of a share, and started again, as a supervisor does. It prints how many
files are missing or doubled. The servers run for this only.

The exit code is 1 if the run fails, or a file is missing or doubled.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import URL, make_url

from reporting_pipeline.building.relations import migrate
from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.settings import child_environment
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.bench.measurement import machine, say
from reporting_pipeline_tests.bench.requests import servers
from reporting_pipeline_tests.sample_reports import ATTENDANCE, NOW

DAY = date(2025, 9, 10)
ORGANIZATIONS = 50

_POLL_SECONDS = 0.05
_PROGRAMS = Path(sys.executable).parent
# The steps that a worker has begun and not ended.
_IN_WORK = """
    select step_key from dagster.event_logs
    where dagster_event_type = 'ENGINE_EVENT' and event like %s and step_key like '%%\\_share[%%'
    intersect
    select step_key from dagster.event_logs where dagster_event_type = 'STEP_START'
    except
    select step_key from dagster.event_logs where dagster_event_type = 'STEP_SUCCESS'
"""
_REPEATED = """
    select count(*) from (
        select from dagster.event_logs where dagster_event_type = 'STEP_START'
        group by step_key having count(*) > 1
    ) as repeated
"""
_SESSIONS = "select count(*) from pg_stat_activity where datname = current_database()"
_STARTED = "select to_regclass('dagster.event_logs') is not null"
_COUNTS = """
    select
        (select count(*) from catalogue.generated_reports where status = 'ready'),
        (select count(*) from catalogue.generated_report_editions)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The addresses that all processes share.

    Attributes:
        settings: The variables of their environment.
        folder: For their logs.
    """

    warehouse: URL
    store: str
    settings: Mapping[str, str]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What the run has left.

    Attributes:
        ready_count: Reports of the catalogue with a file.
        edition_count: Editions of the catalogue; more than the reports if one was doubled.
        file_count: Files in the store, without their manifests and rows.
        repeated_count: Steps that began twice, because their worker was killed.
        session_count: Sessions of the warehouse that the idle workers have left open, and our own.
        seconds: From the start of the run to its end.
    """

    ready_count: int
    edition_count: int
    file_count: int
    repeated_count: int
    session_count: int
    seconds: float


def define_reports(warehouse: URL, count: int) -> None:
    """Define so many small daily reports, of up to fifty organisations."""
    declared = [
        parse_definition(
            {
                **ATTENDANCE,
                "slug": f"attendance-{number // ORGANIZATIONS}",
                "organization_id": str(UUID(int=number % ORGANIZATIONS + 1)),
            }
        )
        for number in range(count)
    ]
    with warehouse_connection(warehouse) as connection:
        apply_definitions(connection, declared, NOW)


def generate_on_two_workers(scene: Scene) -> Generated:
    """Run the reports of a day on two workers, of which one is killed in the middle of a share.

    Raises:
        CalledProcessError: The run failed; with the end of each log.
    """
    with ExitStack() as stack:
        killed = stack.enter_context(_worker(scene, "first"))
        stack.enter_context(_worker(scene, "second"))
        begun = time.monotonic()
        run = stack.enter_context(_run(scene))
        _kill_in_a_share(scene, killed, run)
        stack.enter_context(_worker(scene, "third"))
        if run.wait():
            failed = subprocess.CalledProcessError(run.returncode, run.args)
            failed.add_note(_ends_of_logs(scene))
            raise failed
        seconds = time.monotonic() - begun
        with warehouse_connection(scene.warehouse) as connection:
            [(session_count,)] = connection.execute(_SESSIONS).fetchall()
    with warehouse_connection(scene.warehouse) as connection:
        [(ready_count, edition_count)] = connection.execute(_COUNTS).fetchall()
        [(repeated_count,)] = connection.execute(_REPEATED).fetchall()
    keys = open_store(scene.store).list_keys()
    return Generated(
        ready_count=ready_count,
        edition_count=edition_count,
        file_count=sum(key.endswith(".csv") for key in keys),
        repeated_count=repeated_count,
        session_count=session_count,
        seconds=seconds,
    )


def _ends_of_logs(scene: Scene) -> str:
    logs = sorted(scene.folder.glob("*.log"))
    return "\n".join(f"{path.name}: {path.read_text('utf-8', 'replace')[-2000:]}" for path in logs)


def _kill_in_a_share(
    scene: Scene, worker: "subprocess.Popen[bytes]", run: "subprocess.Popen[bytes]"
) -> None:
    """Kill a worker while it is stopped, so that what it was doing cannot end meanwhile."""
    while run.poll() is None:
        os.killpg(worker.pid, signal.SIGSTOP)
        if _is_in_work(scene, "first"):
            os.killpg(worker.pid, signal.SIGKILL)
            return
        os.killpg(worker.pid, signal.SIGCONT)
        time.sleep(_POLL_SECONDS)


def _is_in_work(scene: Scene, name: str) -> bool:
    with warehouse_connection(scene.warehouse) as connection:
        if connection.execute(_STARTED).fetchone() != (True,):
            return False
        return connection.execute(_IN_WORK, (f"%{name}@%",)).fetchone() is not None


@contextmanager
def _worker(scene: Scene, name: str) -> "Iterator[subprocess.Popen[bytes]]":
    celery = ("celery", "--app", "reporting_pipeline.step_worker", "worker")
    options = ("--concurrency", "1", "--hostname", f"{name}@%h", "--without-mingle")
    with _process(scene, name, *celery, *options) as process:
        yield process


@contextmanager
def _run(scene: Scene) -> "Iterator[subprocess.Popen[bytes]]":
    job = ("--module-name", "reporting_pipeline.definitions", "--job", "deliver_daily_reports")
    tags = f'{{"dagster/partition": "{DAY}"}}'
    execute = ("dagster", "job", "execute", *job, "--tags", tags)
    with _process(scene, "run", *execute) as process:
        yield process


@contextmanager
def _process(scene: Scene, name: str, *program: str) -> "Iterator[subprocess.Popen[bytes]]":
    """A program inside `reporting exec`, in a process group that is killed at the end."""
    with (scene.folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            [_PROGRAMS / "reporting", "exec", "--", *program],
            env=child_environment(scene.settings),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def scene_of(
    folder: Path, addresses: Mapping[str, str], *, batch_reports: int, redelivery_seconds: int
) -> Scene:
    """The scene with these addresses; everything else is in the folder."""
    store = str(folder / "store")
    return Scene(
        warehouse=make_url(addresses["REPORTING_DATABASE_URL"]).set(
            drivername="postgresql+psycopg"
        ),
        store=store,
        folder=folder,
        settings={
            **addresses,
            "REPORTING_HOME": str(folder / "home"),
            "REPORTING_STORE_URL": store,
            "REPORTING_EXECUTOR": "celery",
            "REPORTING_BATCH_REPORTS": str(batch_reports),
            "REPORTING_REDELIVERY_SECONDS": str(redelivery_seconds),
        },
    )


def main(arguments: Sequence[str]) -> int:
    """Run and print the result; 1 if a file is missing or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=50, help="reports of a share")
    parser.add_argument("--redelivery-seconds", type=int, default=30)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say(f"{options.reports} reports, two workers, one is killed in a share; {machine()}\n")
    with tempfile.TemporaryDirectory(prefix="reporting-shares-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the servers run as another user
        with servers(Home(folder / "servers", server_account())) as addresses:
            scene = scene_of(
                folder,
                addresses,
                batch_reports=options.batch,
                redelivery_seconds=options.redelivery_seconds,
            )
            migrate(scene.warehouse)
            define_reports(scene.warehouse, options.reports)
            found = generate_on_two_workers(scene)
    say(
        f"{found.seconds:.0f} s; {found.ready_count} reports, {found.edition_count} editions,"
        f" {found.file_count} files; {found.repeated_count} steps began twice\n"
    )
    counts = {found.ready_count, found.edition_count, found.file_count}
    return 0 if counts == {options.reports} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

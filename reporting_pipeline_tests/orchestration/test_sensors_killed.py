"""The daemon is killed at each step of requesting a run: each request is in one run, served once.

The loop is Dagster's own, with its own crash flags; a launcher of its tests starts the queued runs.
The tests of `requests` cover the steps within the run.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any, cast

import dagster as dg
import redis
import yaml
from sqlalchemy import URL

from reporting_pipeline.requests.queue_lists import queue_list
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.orchestration import sensor_process
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, define

_FIRST_DAY = date(2025, 7, 1)
_OURS = "reporting_pipeline.orchestration.sensors"
# The step at which the daemon is killed -> the statuses of the runs afterwards.
_POINTS: Mapping[str, list[str]] = {
    "TICK_CREATED": [],
    "TICK_HELD": [],
    f"{_OURS}:_sync_lists": [],
    f"{_OURS}:_batch_run": [],
    "RUN_IDS_RESERVED": [],
    "RUN_CREATED": ["NOT_STARTED"],
    "RUN_LAUNCHED": ["QUEUED"],
}
_INSTANCE = {
    "telemetry": {"enabled": False},
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    },
}
_REQUESTS = """
    select request.id::text, request.status, request.attempts, edition.edition
    from catalogue.report_requests as request
    left join catalogue.generated_report_editions as edition
        on edition.report_id = request.report_id
    where request.period_first = %s
"""


class KilledDaemon:
    """The daemon's loop of sensors; each evaluation is a process of its own."""

    def __init__(self, process: subprocess.Popen[str], home: Path) -> None:
        self._process = process
        self._home = home

    def evaluate(self, word: str = "") -> int:
        """Evaluate until the end or the crash point; return the exit code of the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def runs(self) -> list[dg.DagsterRun]:
        """All runs, the oldest first."""
        with dg.DagsterInstance.from_config(str(self._home)) as instance:
            return list(instance.get_runs(ascending=True))


@contextmanager
def daemon(home: Path, environment: Mapping[str, str]) -> Iterator[KilledDaemon]:
    (home / "dagster.yaml").write_text(yaml.safe_dump(_INSTANCE))
    with (home / "daemon.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", sensor_process.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=child_environment({**environment, "DAGSTER_HOME": str(home)}),
        )
    with process:
        try:
            yield KilledDaemon(process, home)
        finally:
            process.kill()


def requests_of(warehouse: URL, day: date) -> list[tuple[object, ...]]:
    with warehouse_connection(warehouse) as connection:
        return connection.execute(_REQUESTS, (day,)).fetchall()


def requests_in(run: dg.DagsterRun) -> list[str]:
    config = cast("dict[str, Any]", run.run_config)
    ids: list[str] = config["ops"]["requested_reports"]["config"]["request_ids"]
    return ids


def test_a_daemon_killed_at_a_step_serves_each_request_once(
    shared_season_pipeline: Pipeline, redis_url: str, store_url: str, tmp_path: Path
) -> None:
    warehouse = shared_season_pipeline.warehouse
    define(warehouse, REVENUE)
    environment = {
        "REPORTING_DATABASE_URL": warehouse.render_as_string(hide_password=False),
        "REPORTING_REDIS_URL": redis_url,
        "REPORTING_STORE_URL": store_url,
    }
    with daemon(tmp_path, environment) as killed, redis.Redis.from_url(redis_url) as client:
        days = {point: _FIRST_DAY + timedelta(days=n) for n, point in enumerate(_POINTS)}
        for number, (point, day) in enumerate(days.items()):
            wanted = {"version": 1, "definition": "revenue", "period": str(day), "format": "csv"}
            client.rpush(queue_list(BERLIN), json.dumps(wanted))

            assert killed.evaluate(point) == -SIGKILL, point
            assert [each.status.value for each in killed.runs()[number:]] == _POINTS[point]

            assert killed.evaluate() == 0, point
            [run] = killed.runs()[number:]
            [(request_id, status, _, _)] = requests_of(warehouse, day)
            assert (requests_in(run), run.status.value, status) == (
                [request_id],
                "QUEUED",
                "queued",
            )

        assert (killed.evaluate("launch"), killed.evaluate()) == (0, 0)
        assert [each.status.value for each in killed.runs()] == ["SUCCESS"] * len(_POINTS)
        for point, day in days.items():
            [(_, *came_of_it)] = requests_of(warehouse, day)
            assert came_of_it == ["completed", 1, 1], point
        assert client.keys("reporting:queue:*") == []

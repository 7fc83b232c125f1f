"""`reporting daemon`: Dagster's daemon, of which one ticks however many are started.

What belongs here: arguments and words. What does not: the lock and phantom runs (`orchestration`).
"""

import sys
from pathlib import Path

import click

from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.supervisor import StopRequest
from reporting_pipeline.settings import child_environment

_PROGRAM = Path(sys.executable).parent / "dagster-daemon"


@click.command()
@click.option(
    "--workspace",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("workspace.yaml"),
    show_default=True,
    help="Where the code is.",
)
def daemon(workspace: Path) -> None:
    """Run Dagster's daemon until Ctrl-C, behind a lock: a second one waits for the first to end.

    Before it ticks, runs are ended whose process is gone: those that a power cut has left.
    """
    stop_request = StopRequest()
    with session() as settings:
        from reporting_pipeline.orchestration.instance.daemon import (
            daemon_lock,
            end_phantom_runs,
            run_while_locked,
        )
        from reporting_pipeline.orchestration.resources import AlertEvaluator

        AlertEvaluator(settings).require_channels()
        storage = settings.dagster_storage_url()
        waiting = "another daemon of this instance runs: this one waits until it has gone"
        with daemon_lock(
            storage, is_over=stop_request.is_asked, on_wait=lambda: click.echo(waiting)
        ) as lock:
            if lock is None:
                return
            for run_id in end_phantom_runs():
                click.echo(f"run {run_id} was ended: its process is gone")
            click.echo("the daemon runs; Ctrl-C stops it")
            run_while_locked(
                lock,
                [str(_PROGRAM), "run", "--workspace", str(workspace.absolute())],
                environment=child_environment({}),
                is_over=stop_request.is_asked,
            )

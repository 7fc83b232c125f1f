"""Runs of this process in the timeline of the UI.

The timeline leaves out a run that does not say which code location it belongs to. Dagster writes
this for the runs that its UI and daemon start, not for those that a process executes by itself.
"""

from functools import partial

import dagster as dg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

# The names in workspace.yaml, and of the only repository of a code location.
_LOCATION, _REPOSITORY = "reporting_pipeline", "__repository__"


def job_origin(job_name: str) -> RemoteJobOrigin:
    """A job of the code location of this project, as the origin of a run."""
    location = RegisteredCodeLocationOrigin(_LOCATION)
    return RemoteJobOrigin(
        repository_origin=RemoteRepositoryOrigin(
            code_location_origin=location, repository_name=_REPOSITORY
        ),
        job_name=job_name,
    )


def show_in_timeline(instance: dg.DagsterInstance, job_name: str) -> None:
    """Let the runs of a job that this process executes on the instance appear in the timeline."""
    create = partial(instance.create_run_for_job, remote_job_origin=job_origin(job_name))
    instance.create_run_for_job = create  # type: ignore[method-assign]

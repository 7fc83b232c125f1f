"""The executor of the steps: this process, or workers of Celery.

What a worker must do with a step that it does not finish is set here, for both sides of the queue:

    task_acks_late, task_reject_on_worker_lost   a step stays in the queue until it has ended, so
                                                 another process gets that of a killed one
    worker_prefetch_multiplier = 1               a worker keeps no step that another could begin
    visibility_timeout                           after that, the step of a worker that was killed
                                                 as a whole is given to another worker; also one
                                                 that still runs

The last line is why a step has few reports, and why every step may run twice at the same time.
"""

import gc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

# The run reads a result within a second of its end. By default Redis keeps it for a day.
_RESULT_SECONDS = 4 * 3600
# By default, workers look only every 100 seconds for steps whose time is over.
_LOOK_FOR_LOST = {"unacked_restore_interval": 5, "unacked_restore_throttle": 1}
_ADDRESS = {"env": "REPORTING_CELERY_URL"}


def executor_of(settings: Settings) -> dg.ExecutorDefinition:
    """The executor of the settings.

    Raises:
        SettingsError: It is celery, and its address is missing or wrong, or the extra is missing.
    """
    if settings.executor == "in_process":
        return dg.in_process_executor
    settings.celery_address()
    _require_extra()
    from dagster_celery import celery_executor

    # The address stays a name: what is queued has the config of the executor in it.
    return celery_executor.configured(
        {"broker": _ADDRESS, "backend": _ADDRESS, "config_source": _config(settings)}, name="celery"
    )


def worker_app(settings: Settings) -> "Celery":
    """The app of a worker that runs the steps of `executor_of`.

    Raises:
        SettingsError: The address is missing or wrong, or the extra is missing.
    """
    address = settings.celery_address()
    _require_extra()
    from celery.signals import task_postrun
    from dagster_celery.executor import CeleryExecutor
    from dagster_celery.make_app import make_app
    from dagster_celery.tasks import create_task

    executor = CeleryExecutor.for_cli(  # type: ignore[no-untyped-call]
        broker=address, backend=address, config_source=_config(settings)
    )
    app: Celery = make_app(executor.app_args())  # type: ignore[no-untyped-call]
    create_task(app)  # type: ignore[no-untyped-call]
    task_postrun.connect(_close_connections, weak=False)
    return app


def _close_connections(**_: object) -> None:
    """Close the connections of the step that has ended.

    Each step opens the Dagster instance again, and the task of dagster-celery never closes it: two
    workers had 60 connections after 60 steps, until Python happened to look for garbage.
    """
    gc.collect()


def _config(settings: Settings) -> Mapping[str, Any]:
    timeout = {"visibility_timeout": settings.redelivery_seconds}
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "result_expires": _RESULT_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {**timeout, **_LOOK_FOR_LOST},
        "result_backend_transport_options": timeout,
    }


def _require_extra() -> None:
    try:
        import dagster_celery  # noqa: F401 - only whether it is there
    except ModuleNotFoundError as error:
        message = (
            "REPORTING_EXECUTOR is celery, but dagster-celery is not installed: run "
            "`pip install 'reporting-pipeline[celery]'`, or set it to in_process"
        )
        raise SettingsError(message) from error

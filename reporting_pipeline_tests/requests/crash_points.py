"""The steps of a request, and a worker that gets a signal at one of them, such as SIGKILL.

The program has no hooks for that: the worker's process wraps one of its own functions.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from threading import Event
from typing import Any, Literal

from sqlalchemy import make_url

from reporting_pipeline.cli import main as reporting
from reporting_pipeline.requests.worker import serve
from reporting_pipeline.settings import set_environment
from reporting_pipeline_tests.requests.sample_requests import worker_at

_REQUESTS = "reporting_pipeline.requests"
_PUBLISHING = "reporting_pipeline.publishing"
_FOLDER_STORE = "reporting_pipeline.store.folder:FolderStore"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashPoint:
    """A step at which a worker gets a signal, and the state afterwards.

    Attributes:
        where: Module and attribute of a function: "package.module:Class.name".
        moment: Before the function is called, or after it has returned.
        call: The number of the call; the first is 1.
        among: Count only calls with this text in an argument.
        left: The status of the request afterwards; None if there is no row yet.
        is_pushed: The pushed message is still in the list.
        number: The signal.
    """

    where: str
    moment: Literal["before", "after"]
    call: int = 1
    among: str = ""
    left: str | None = "running"
    is_pushed: bool = False
    number: int = signal.SIGKILL


POINTS = {
    "before the message is read": CrashPoint(
        where=f"{_REQUESTS}.queue_lists:parse_message", moment="before", left=None, is_pushed=True
    ),
    "the request is written, not committed": CrashPoint(
        where=f"{_REQUESTS}.queue_lists:ask_within", moment="after", left=None, is_pushed=True
    ),
    "the request is committed, its message is in the list": CrashPoint(
        where="redis:Redis.lrem", moment="before", left="queued", is_pushed=True
    ),
    "the message is removed, the hint is missing": CrashPoint(
        where="redis:Redis.lrem", moment="after", left="queued"
    ),
    "the hint is written": CrashPoint(
        where=f"{_REQUESTS}.worker:sync_queue_lists", moment="after", left="queued"
    ),
    "the lease is written, not committed": CrashPoint(
        where=f"{_REQUESTS}.leases:write_request_notice", moment="before", left="queued"
    ),
    "the lease is committed": CrashPoint(where=f"{_REQUESTS}.worker:take_request", moment="after"),
    "the definition's lock is acquired": CrashPoint(
        where=f"{_REQUESTS}.worker:DefinitionLock.acquire", moment="after"
    ),
    "the hint is removed": CrashPoint(where=f"{_REQUESTS}.worker:remove_hint", moment="after"),
    "the start is published": CrashPoint(
        where=f"{_REQUESTS}.worker:publish_notices", moment="after"
    ),
    "before the rows are read": CrashPoint(
        where=f"{_PUBLISHING}.generate:read_report", moment="before"
    ),
    "the file is rendered": CrashPoint(where=f"{_PUBLISHING}.generate:publish", moment="before"),
    "the upcoming edition is written, not committed": CrashPoint(
        where=f"{_PUBLISHING}.publish:record_upcoming", moment="after"
    ),
    "before the file is put": CrashPoint(
        where=f"{_FOLDER_STORE}.put", moment="before", among=".csv'"
    ),
    "half of the file is put": CrashPoint(
        where=f"{_FOLDER_STORE}._publish", moment="before", among=".csv'"
    ),
    "the file is put": CrashPoint(where=f"{_FOLDER_STORE}.put", moment="after", among=".csv'"),
    "the manifest is put": CrashPoint(where=f"{_FOLDER_STORE}.put", moment="after", among=".json'"),
    "the edition is written, not committed": CrashPoint(
        where=f"{_PUBLISHING}.publish:complete_edition", moment="after"
    ),
    "the edition is committed": CrashPoint(where=f"{_REQUESTS}.worker:generate", moment="after"),
    "the end is written, not committed": CrashPoint(
        where=f"{_REQUESTS}.worker:end_request", moment="after"
    ),
    "the end is committed, not published": CrashPoint(
        where=f"{_REQUESTS}.worker:publish_notices", moment="before", call=2, left="completed"
    ),
    "the end is published, not recorded as published": CrashPoint(
        where="redis:Redis.publish", moment="after", among='"completed"', left="completed"
    ),
    "the end is published": CrashPoint(
        where=f"{_REQUESTS}.worker:publish_notices", moment="after", call=2, left="completed"
    ),
}
"""The crash points by the step that has just happened, in the order of a request's life."""


def work_and_die(name: str, warehouse: str, store_url: str, redis_url: str) -> None:
    """Serve requests, until the crash point of that name."""
    arm(POINTS[name])
    worker = worker_at(make_url(warehouse), store_url, redis_url)
    for _ in serve(worker, Event(), once=True):
        pass


def work_and_stop(where: str, environment: Mapping[str, str]) -> None:
    """Run `reporting work`, which gets SIGTERM before it calls a function."""
    set_environment(environment)
    arm(CrashPoint(where=where, moment="before", number=signal.SIGTERM))
    reporting(["work"])


def arm(point: CrashPoint) -> None:
    """Send this process the signal at the crash point."""
    module, _, path = point.where.partition(":")
    *owners, attribute = path.split(".")
    owner: Any = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    setattr(owner, attribute, _with_signal(getattr(owner, attribute), point))


def _with_signal(function: Callable[..., Any], point: CrashPoint) -> Callable[..., Any]:
    left = [point.call]

    def wrapped(*arguments: Any, **named: Any) -> Any:
        left[0] -= point.among in repr((arguments, named))
        is_due = left[0] == 0 and point.among in repr((arguments, named))
        if is_due and point.moment == "before":
            os.kill(os.getpid(), point.number)
        result = function(*arguments, **named)
        if is_due:
            os.kill(os.getpid(), point.number)
        return result

    return wrapped

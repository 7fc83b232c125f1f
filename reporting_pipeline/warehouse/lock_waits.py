"""A word on standard error while a session of this process waits for a lock.

Every wait ends after REPORTING_LOCK_TIMEOUT_SECONDS, by PostgreSQL's `lock_timeout`, which is an
option of the warehouse's address. Until then, a thread looks each second which sessions execute a
statement. If one of them still does so two seconds later, the thread asks PostgreSQL which session
it waits for. A command without a long statement costs no connection.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import URL

from reporting_pipeline.addresses import connection_parameters

_LOOK_SECONDS = 1.0
_SILENT_SECONDS = 2.0
_WAITS = """
    select
        waiting.pid, holding.pid, coalesce(nullif(holding.application_name, ''), 'unnamed'),
        to_char(holding.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    from pg_stat_activity as waiting
    cross join lateral unnest(pg_blocking_pids(waiting.pid)) as holder (pid)
    inner join pg_stat_activity as holding on holding.pid = holder.pid
    where waiting.pid = any(%s) and waiting.wait_event_type = 'Lock'
    order by holding.xact_start
"""


class _Session(Protocol):
    """A connection of psycopg or psycopg2."""

    @property
    def closed(self) -> Any:
        """True if it is closed."""


_sessions: "WeakKeyDictionary[Any, int]" = WeakKeyDictionary()
_lock = threading.Lock()


def watch(session: _Session, pid: int) -> None:
    """Look at a session of psycopg or psycopg2 from now on, for as long as it exists."""
    with _lock:
        _sessions[session] = pid


@contextmanager
def lock_waits_are_reported(url: URL, say: Callable[[str], None]) -> Iterator[None]:
    """Report once per wait, which session waits for which.

    Args:
        url: The address of the warehouse.
        say: Gets the sentence.
    """
    is_over = threading.Event()
    watcher = threading.Thread(
        target=_report, args=(url, say, is_over), name="lock waits", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _report(url: URL, say: Callable[[str], None], is_over: threading.Event) -> None:
    since: dict[int, float] = {}
    reported: set[tuple[int, int]] = set()
    while not is_over.wait(_LOOK_SECONDS):
        now = time.monotonic()
        active = _active()
        since = {pid: since.get(pid, now) for pid in active}
        long = [pid for pid, begun in since.items() if now - begun >= _SILENT_SECONDS]
        if not long:
            continue
        try:
            rows = _waits(url, long)
        except psycopg.Error:  # the command itself will say it
            continue
        for waiting, holding, program, begun_at in rows:
            if (waiting, holding) not in reported:
                reported.add((waiting, holding))
                transaction = f", whose transaction began at {begun_at} UTC" if begun_at else ""
                say(
                    f"waiting for a lock of the warehouse that session {holding} ({program}) "
                    f"holds{transaction}"
                )


def _waits(url: URL, pids: list[int]) -> list[tuple[int, int, str, str | None]]:
    with psycopg.connect(**connection_parameters(url), autocommit=True) as connection:
        return connection.execute(_WAITS, (pids,)).fetchall()


def _active() -> list[int]:
    """The sessions that execute a statement now."""
    with _lock:
        sessions = list(_sessions.items())
    return [pid for session, pid in sessions if not session.closed and _is_active(session)]


def _is_active(session: Any) -> bool:
    active = psycopg.pq.TransactionStatus.ACTIVE
    if isinstance(session, psycopg.Connection):
        return session.info.transaction_status == active
    return bool(session.get_transaction_status() == active)

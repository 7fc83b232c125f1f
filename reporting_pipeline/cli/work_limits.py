"""The limits of the work on a file from outside: time and memory."""

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from reporting_pipeline.errors import FileUnreadable

MAX_SECONDS = 3_600
"""The longest that one file is read."""

MAX_MEMORY_BYTES = 8 * 1024**3
"""The most addresses that the process may use meanwhile."""


@contextmanager
def limited_work(name: str) -> Iterator[None]:
    """Limit the time and the memory of the work on a file.

    Raises:
        FileUnreadable: The work took longer, or needed more.
    """

    def stop(*_: Any) -> NoReturn:
        message = f"{name} was not read to its end in {MAX_SECONDS} seconds: it is no report"
        raise FileUnreadable(message)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MAX_MEMORY_BYTES, hard)
    former = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        yield
    except MemoryError as error:
        message = f"{name} needs more than {MAX_MEMORY_BYTES} bytes of memory: it is no report"
        raise FileUnreadable(message) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

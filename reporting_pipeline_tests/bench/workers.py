"""Processes that run `reporting work`, to be killed.

A new worker runs some tenths of a second after the former one was killed. Workers end with the
process that started them.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import connection as pipes
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path

from reporting_pipeline.cli import main as reporting
from reporting_pipeline.settings import set_environment
from reporting_pipeline_tests.forked import forked


class Workers:
    """Workers that can be killed and replaced.

    Args:
        count: The number of workers.
        environment: Their environment variables.
        log: Their log file.
    """

    def __init__(self, count: int, environment: Mapping[str, str], log: Path) -> None:
        self._arguments = (dict(environment), str(log))
        self._living = [self._start() for _ in range(count)]

    def replace(self, number: int) -> None:
        """Kill the next worker, and start another."""
        place = number % len(self._living)
        _end(self._living[place])
        self._living[place] = self._start()

    def end(self) -> None:
        """Kill all workers."""
        for worker in self._living:
            _end(worker)

    def _start(self) -> BaseProcess:
        return forked(_work, *self._arguments)


@contextmanager
def workers(count: int, environment: Mapping[str, str], log: Path) -> Iterator[Workers]:
    """Workers that run until the end of the block."""
    living = Workers(count, environment, log)
    try:
        yield living
    finally:
        living.end()


def _end(worker: BaseProcess) -> None:
    worker.kill()
    worker.join()
    worker.close()


def _work(environment: Mapping[str, str], log: str) -> None:
    """Run the command until it is killed, or until its parent ends."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_environment(environment)
    reporting(["work"])


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        pipes.wait([parent.sentinel])
    os._exit(1)

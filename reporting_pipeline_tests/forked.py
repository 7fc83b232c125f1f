"""Processes that are there at once: forked from one that has imported what a worker needs.

That one has no threads and has opened nothing, unlike the process of the tests. What belongs here:
how such a process is had. What does not: what it does.
"""

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

_IMPORTED = [
    "alembic.command",
    "obstore.store",
    "pyarrow",
    "reporting_pipeline.cli.request",
    "reporting_pipeline.exports.csv_format",
    "reporting_pipeline.exports.csv_spreadsheet",
    "reporting_pipeline.registry.datasets",
]


def forked(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """A process that runs a function, which a module must hold by its name; it is started."""
    context = get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process

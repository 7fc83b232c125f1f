"""Processes that start quickly: forked from a server that has imported what a worker needs.

Unlike the process of the tests, the server has no threads and no open connections.
"""

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

_IMPORTED = [
    "alembic.command",
    "obstore.store",
    "pyarrow",
    "reporting_pipeline.cli.requests",
    "reporting_pipeline.exports.csv_format",
    "reporting_pipeline.exports.csv_spreadsheet",
    "reporting_pipeline.registry.datasets",
]


def forked(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """A started process that runs a function of a module."""
    context = get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process

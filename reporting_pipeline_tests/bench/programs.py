"""Starts the programs of a case, and ends them with the case."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from reporting_pipeline.embedded.process import die_with_parent

_END_SECONDS = 10


@contextmanager
def program(
    argv: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of this virtual environment, until the end of the block.

    Args:
        argv: Its name and its arguments.
        environment: Variables in addition to those of this process.
        log: A file for all that it prints.
    """
    with (
        log.open("wb") as file,
        subprocess.Popen(  # noqa: S603 - our own program
            [str(Path(sys.executable).parent / argv[0]), *argv[1:]],
            env={**os.environ, **environment},  # noqa: TID251 - the environment of children
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - sets a flag of the kernel
        ) as running,
    ):
        try:
            yield running
        finally:
            _end(running)


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End a program; a code server may ignore the signal while a run is beside it."""
    running.terminate()
    try:
        running.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()

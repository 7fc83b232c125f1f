"""Warm child processes that render documents, without our environment, limited in time and memory.

`render` is the program that they run. A renderer takes a second to start and stays for the next
documents: it ends after some of them, when nothing is asked of it for a while, with this process,
and with a document that fails. As many run as threads render at once.
"""

import atexit
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from reporting_pipeline.errors import RenderFailed
from reporting_pipeline.exports.pdf.fonts import fontconfig_text

MAX_CPU_SECONDS = 120
MAX_WALL_SECONDS = 300
MAX_MEMORY_BYTES = 2_000_000_000  # of address space; about 400 MB of it are ever used
IDLE_SECONDS = 60
MAX_DOCUMENTS = 500  # of one renderer

_MODULE = "reporting_pipeline.exports.pdf.render"
_PACKAGE_FOLDER = Path(__file__).parents[3]
_MAX_QUOTED_ERROR = 600
_OUT_OF_MEMORY = ("MemoryError", "SystemError: error return without exception set")
_OUT_OF_TIME = frozenset({-signal.SIGXCPU, -signal.SIGKILL})


def render_each(jobs: Sequence[Path]) -> None:
    """Render documents in order, in one renderer.

    Args:
        jobs: Files of `RenderJob`.

    Raises:
        RenderFailed: A file was not written; the message has the cause.
    """
    for job in jobs:
        while not POOL.render(job):
            continue  # the renderer had ended before it began


@dataclass(slots=True)
class Renderer:
    """A child process, and the folder that is all it may write to besides the documents."""

    process: subprocess.Popen[bytes]
    folder: Path
    questions: IO[bytes]
    answers: IO[bytes]
    errors: IO[bytes]
    is_new: bool = True

    @classmethod
    def start(cls) -> "Renderer":
        """Start a process; it imports WeasyPrint with its first document."""
        folder = Path(tempfile.mkdtemp(prefix="reporting-render-"))
        fontconfig = folder / "fonts.conf"
        fontconfig.write_text(fontconfig_text(folder / "cache"), "utf-8")
        errors = (folder / "errors").open("a+b", buffering=0)
        process = subprocess.Popen(  # noqa: S603 - our own module; the texts are in files
            [sys.executable, "-s", "-P", "-m", _MODULE, str(IDLE_SECONDS), str(MAX_DOCUMENTS)],
            cwd=folder,
            env=_environment(folder, fontconfig),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
        )
        questions, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        return cls(process, folder, questions, answers, errors)

    def render(self, job: Path) -> bool:
        """Render one document; False: the renderer had ended by itself before it began.

        Raises:
            RenderFailed: The document was not rendered.
        """
        self.errors.truncate(0)
        if self._ask(job) and self._is_answered():
            self.is_new = False
            return True
        code = self.process.wait()
        if code == 0 and not self.is_new:
            return False
        self.errors.seek(0)
        raise RenderFailed(_cause(code, self.errors.read().decode("utf-8", "replace")))

    def stop(self) -> None:
        """End the process, and remove its folder."""
        self.process.kill()
        self.process.wait()
        self.forget()
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget(self) -> None:
        """Close our ends of its pipes: it ends when nobody has them."""
        for each in (self.questions, self.answers, self.errors):
            each.close()

    def _ask(self, job: Path) -> bool:
        question = {
            "job": str(job.absolute()),
            "cpu_seconds": MAX_CPU_SECONDS,
            "memory_bytes": MAX_MEMORY_BYTES,
        }
        try:
            self.questions.write(json.dumps(question).encode() + b"\n")
        except BrokenPipeError:
            return False
        return True

    def _is_answered(self) -> bool:
        answered = select.poll()  # `select.select` knows only the first 1,024 files of a process
        answered.register(self.answers, select.POLLIN)
        if not answered.poll(1_000 * MAX_WALL_SECONDS):
            message = (
                f"rendering took more than {MAX_WALL_SECONDS} s; csv or xlsx can hold the report"
            )
            raise RenderFailed(message)
        return bool(self.answers.readline())


@dataclass(slots=True)
class Pool:
    """The renderers that wait for a document, the latest used last."""

    waiting: list[Renderer] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def render(self, job: Path) -> bool:
        """See `Renderer.render`; a renderer that has failed, or has ended, is not used again."""
        with self.lock:
            renderer = self.waiting.pop() if self.waiting else None
        renderer = renderer or Renderer.start()
        is_rendered = False
        try:
            is_rendered = renderer.render(job)
        finally:
            if not is_rendered:
                renderer.stop()
        if is_rendered:
            with self.lock:
                self.waiting.append(renderer)
        return is_rendered

    def stop(self) -> None:
        """End all of them."""
        while self.waiting:
            self.waiting.pop().stop()

    def forget(self) -> None:
        """Leave the renderers of the parent to the parent, in a process that was forked."""
        self.lock = threading.Lock()
        while self.waiting:
            renderer = self.waiting.pop()
            renderer.process.returncode = 0  # not a child of this process
            renderer.forget()


POOL = Pool()
atexit.register(POOL.stop)
os.register_at_fork(after_in_child=POOL.forget)


def _environment(folder: Path, fontconfig: Path) -> dict[str, str]:
    """The whole environment of the child; only its folder differs between machines."""
    return {
        "FONTCONFIG_FILE": str(fontconfig),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(_PACKAGE_FOLDER),
        "SOURCE_DATE_EPOCH": "0",  # for subsets of fonts; the document's own dates are the period's
        "TMPDIR": str(folder),
        "TZ": "UTC",
    }


def _cause(code: int, errors: str) -> str:
    if code in _OUT_OF_TIME:
        return (
            f"rendering took more than {MAX_CPU_SECONDS} s of processor time, or was killed; "
            "csv or xlsx can hold the report"
        )
    if code < 0 or any(sign in errors for sign in _OUT_OF_MEMORY):
        # C libraries crash, or lose the error, when they get no more memory.
        ended = signal.Signals(-code).name if code < 0 else "MemoryError"
        return (
            f"rendering ended with {ended}, as it does where {MAX_MEMORY_BYTES} bytes are too few; "
            "csv or xlsx can hold the report"
        )
    return f"the PDF could not be rendered (code {code}): {errors.strip()[-_MAX_QUOTED_ERROR:]}"

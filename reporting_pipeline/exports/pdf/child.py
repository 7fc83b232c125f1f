"""The child process that renders: none of our environment, limits, and an end in any case.

What belongs here: starting it and saying why it failed. What does not: what it does (`render`).
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from reporting_pipeline.errors import RenderFailed
from reporting_pipeline.exports.pdf.fonts import fontconfig_text

MAX_CPU_SECONDS = 120
MAX_WALL_SECONDS = 300
MAX_MEMORY_BYTES = 2_000_000_000  # of addresses; about 400 MB of them are ever touched

_MODULE = "reporting_pipeline.exports.pdf.render"
_PACKAGE_FOLDER = Path(__file__).parents[3]
_LAST_WORDS = 600
_OUT_OF_TIME = frozenset({-signal.SIGXCPU, -signal.SIGKILL})


def run_child(jobs: Sequence[Path], folder: Path) -> None:
    """Render job files in one child process, in order.

    Args:
        jobs: Files of `Job`.
        folder: Private to the child, which may write there.

    Raises:
        RenderFailed: A file was not written; the message says why.
    """
    fontconfig = folder / "fonts.conf"
    fontconfig.write_text(fontconfig_text(folder / "cache"), "utf-8")
    limits = (str(MAX_CPU_SECONDS * len(jobs)), str(MAX_MEMORY_BYTES))
    command = [sys.executable, "-s", "-P", "-m", _MODULE, *limits, *map(str, jobs)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the texts are in files
            command,
            cwd=folder,
            env=_environment(folder, fontconfig),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=MAX_WALL_SECONDS * len(jobs),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"rendering took more than {MAX_WALL_SECONDS} s; csv or xlsx can hold the report"
        raise RenderFailed(message) from error
    if done.returncode != 0:
        raise RenderFailed(_cause(done.returncode, done.stderr.decode("utf-8", "replace")))


def _environment(folder: Path, fontconfig: Path) -> dict[str, str]:
    """All that the child knows of the outside; the same on every machine but for its folder."""
    return {
        "FONTCONFIG_FILE": str(fontconfig),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(_PACKAGE_FOLDER),
        "SOURCE_DATE_EPOCH": "0",  # of subsets of fonts; the document's own dates are the period's
        "TMPDIR": str(folder),
        "TZ": "UTC",
    }


def _cause(code: int, errors: str) -> str:
    if code in _OUT_OF_TIME:
        return (
            f"rendering took more than {MAX_CPU_SECONDS} s of processor time, or was killed; "
            "csv or xlsx can hold the report"
        )
    if code < 0 or "MemoryError" in errors:
        # C libraries crash where they get no more memory.
        ended = signal.Signals(-code).name if code < 0 else "MemoryError"
        return (
            f"rendering ended with {ended}, as it does where {MAX_MEMORY_BYTES} bytes are too few; "
            "csv or xlsx can hold the report"
        )
    return f"the PDF could not be rendered (code {code}): {errors.strip()[-_LAST_WORDS:]}"

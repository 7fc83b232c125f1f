"""The child process that renders: its input, and how it starts without our environment, limited.

`render` is the program that it runs.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reporting_pipeline.errors import RenderFailed
from reporting_pipeline.exports.pdf.fonts import fontconfig_text

MAX_CPU_SECONDS = 120
MAX_WALL_SECONDS = 300
MAX_MEMORY_BYTES = 2_000_000_000  # of address space; about 400 MB of it are ever used

END_OF_TABLE = "</tbody></table>"

_MODULE = "reporting_pipeline.exports.pdf.render"
_PACKAGE_FOLDER = Path(__file__).parents[3]
_MAX_QUOTED_ERROR = 600
_OUT_OF_MEMORY = ("MemoryError", "SystemError: error return without exception set")
_OUT_OF_TIME = frozenset({-signal.SIGXCPU, -signal.SIGKILL})


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSection:
    """The rows of a report, or of a block of it.

    Attributes:
        opening: The markup before its table.
        table: The head of the table, which opens it; each piece that continues it has it too.
        rows: The markup of each row.
        closing: The rows of totals and the end of the table.
        cell_count: The number of cells of a row.
        block: The name of the block; empty of a report without blocks.
        currency, has_totals: Facts that a reader of the file needs.
        rows_header, rows_path: The spool, which becomes an attachment below this line.
    """

    opening: str
    table: str
    rows: tuple[str, ...]
    closing: str
    cell_count: int
    block: str
    currency: str | None
    has_totals: bool
    rows_header: str
    rows_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderJob:
    """One document to render: the whole input of the child process, in a JSON file.

    Attributes:
        head, opening, ending, frame: As in `sheet.Markups`.
        sections: Its rows, or those of each block.
        style: The style sheet.
        cells_of_a_piece: The number of cells that are rendered at once.
        identifier: The document's identifier, 32 hexadecimal digits.
        notes: Facts that a reader of the file needs.
        manifest: The attachment `manifest.json`.
        target: The file to write.
    """

    head: str
    opening: str
    sections: tuple[RenderSection, ...]
    ending: str
    frame: str
    style: str
    cells_of_a_piece: int
    identifier: str
    notes: tuple[str, ...]
    manifest: str
    target: str

    def write(self, path: Path) -> None:
        """Write the job's file."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @staticmethod
    def read(path: Path) -> "RenderJob":
        """Read a job's file."""
        fields = json.loads(path.read_text("utf-8"))
        sections = tuple(
            RenderSection(**each | {"rows": tuple(each["rows"])}) for each in fields["sections"]
        )
        return RenderJob(**fields | {"sections": sections, "notes": tuple(fields["notes"])})


def run_render_process(jobs: Sequence[Path], folder: Path) -> None:
    """Render jobs in one child process, in order.

    Args:
        jobs: Files of `RenderJob`.
        folder: A private folder, in which the child may write.

    Raises:
        RenderFailed: A file was not written; the message has the cause.
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

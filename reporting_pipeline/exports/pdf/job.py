"""What the child process is told: one document as text, in a file that holds nothing else.

What belongs here: its shape and its JSON. What does not: starting the child (`child`), rendering.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One document to render.

    Attributes:
        first, further, rows, closing, last, frame_opening, frame: As in `sheet.Markups`.
        style: The style sheet.
        rows_of_a_piece: How many rows are rendered at once.
        identifier: Of the document, 32 hexadecimal digits.
        currency, has_totals: Of the report; a reader of the file needs them.
        manifest: The attachment `manifest.json`.
        rows_path: The spool, which becomes the attachment `rows.csv` below the line `rows_header`.
        target: The file to write.
    """

    first: str
    further: str
    rows: tuple[str, ...]
    closing: str
    last: str
    frame_opening: str
    frame: str
    style: str
    rows_of_a_piece: int
    identifier: str
    currency: str | None
    has_totals: bool
    manifest: str
    rows_header: str
    rows_path: str
    target: str

    def write(self, path: Path) -> None:
        """Write the job file."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @staticmethod
    def read(path: Path) -> "Job":
        """Read a job file."""
        fields = json.loads(path.read_text("utf-8"))
        return Job(**fields | {"rows": tuple(fields["rows"])})

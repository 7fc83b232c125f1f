"""One document to render: the whole input of a renderer, in a JSON file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

END_OF_TABLE = "</tbody></table>"


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
    """One document to render.

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

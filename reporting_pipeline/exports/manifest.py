"""The manifest: what a report file is, what it rests on, and the figures that prove it.

It stands beside each file as `<file>.manifest.json`, and inside XLSX (sheet "Control"), PDF (last
page and attachment) and Parquet (metadata), there without `file`, which no file can hold of itself.
Nothing in it depends on the wall clock, on the edition or on who asked: the same definition,
version, period and rows give the same manifest.

What belongs here: its shape and its JSON. What does not: filling it in (`delivery`) and comparing
it with a file (`exports.verify`).
"""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

MANIFEST_SUFFIX = ".manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class DefinitionPart(_Part):
    """Which definition, pinned to its version."""

    id: UUID
    slug: str
    name: str
    version: int
    category: str
    dataset: str


class OrganizationPart(_Part):
    """Whose report it is."""

    id: UUID
    name: str


class PeriodPart(_Part):
    """The report days [first, end); `first` null: from the event's beginning on."""

    first: date | None
    end: date
    event_id: UUID | None
    token: str


class ColumnPart(_Part):
    """One column: its name in machine formats, what stands over it, its PostgreSQL type."""

    name: str
    header: str
    type: str
    unit: str | None
    kind: str


class TotalPart(_Part):
    """Control totals of one currency (null: of what is of no currency), by column name.

    Money in minor units, counts as they are.
    """

    currency: str | None
    values: dict[str, int]


class SealPart(_Part):
    """The seal of the organisation over the report days [first, end), the same for all of them."""

    first: date
    end: date
    state: Literal["final", "provisional", "held"]
    reasons: tuple[str, ...]


class WatermarkPart(_Part):
    """Through when a source is known to be landed, as far as it matters to the period.

    A source that has passed the period's end and the delay says that instant, however far it went.
    """

    domain: str
    complete_through: str


class FilePart(_Part):
    """The file itself: size and SHA-256 of its bytes."""

    name: str
    format: str
    byte_count: int
    sha256: str


class Manifest(_Part):
    """Everything that identifies and proves one report.

    Attributes:
        logic_version: Of what the columns mean; rises with each entry of "Report numbers".
        filters: What was asked for, each as a sentence.
        row_key: Names of the columns that identify a row of the report; none where no column does.
        rows_sha256: Over the canonical rows (`exports.row_spool`), the same in every format.
        totals: Over all rows, one part per currency.
        is_provisional: The file is stamped PROVISIONAL: it rests on days that are not final.
    """

    manifest_version: Literal[1] = 1
    definition: DefinitionPart
    organization: OrganizationPart
    period: PeriodPart
    logic_version: int
    time_zone: str
    locale: str
    csv_profile: str
    filters: tuple[str, ...]
    columns: tuple[ColumnPart, ...]
    row_key: tuple[str, ...] = ()
    row_count: int
    rows_sha256: str
    totals: tuple[TotalPart, ...]
    watermarks: tuple[WatermarkPart, ...]
    seals: tuple[SealPart, ...]
    is_provisional: bool
    file: FilePart | None = None

    def to_json(self) -> str:
        """Its one form as text: two spaces, fields in their order, a line feed at the end."""
        return self.model_dump_json(indent=2) + "\n"

    def of_file(self, file: FilePart) -> "Manifest":
        """The manifest that stands beside a file."""
        return self.model_copy(update={"file": file})

    def within_file(self) -> "Manifest":
        """The manifest that stands inside a file."""
        return self.model_copy(update={"file": None})

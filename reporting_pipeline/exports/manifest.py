"""The manifest: identity and sources of a report, and the figures that prove its file.

Each file has one beside it, `<file>.manifest.json`. XLSX (sheet "Control"), PDF (last page and
attachment) and Parquet (metadata) also hold it inside, without `file`, because no file can hold its
own digest. It does not depend on the wall clock, the edition or the person who asked: the same
definition, version, period and rows give the same manifest. `publishing` fills it in,
`exports.verify` compares it with a file.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from reporting_pipeline.domain.period import Period
from reporting_pipeline.registry.columns import ColumnType

MANIFEST_SUFFIX = ".manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class DefinitionPart(_Part):
    """The definition, in one version."""

    id: UUID
    slug: str
    name: str
    version: int
    category: str
    dataset: str


class OrganizationPart(_Part):
    """The organisation that owns the report."""

    id: UUID
    name: str


class PeriodPart(_Part):
    """The report days [first, end); `first` null: from the event's beginning on."""

    first: date | None
    end: date
    event_id: UUID | None
    token: str

    @property
    def text(self) -> str:
        """The days for people, in ISO 8601, because the words beside them are not the locale's."""
        period = Period(first=self.first, end=self.end, event_id=self.event_id)
        return str(period) if self.first else f"up to {period.last}"


class EventPart(_Part):
    """The one event of a report, as it was known when the report was made; times are local."""

    name: str
    start: str
    end: str
    status: str
    venue: str | None = None
    city: str | None = None


class ColumnPart(_Part):
    """One column: its name in machine formats, its header for people, its PostgreSQL type."""

    name: str
    header: str
    type: str
    unit: str | None
    kind: str


class TotalPart(_Part):
    """Control totals of one currency (null: of rows without a currency), by column name.

    Attributes:
        values: Sums of the rows. Money is in minor units; counts are whole numbers.
        ratios: Of columns that are never summed: computed from the totals of their parts, as
            canonical texts.
    """

    currency: str | None
    values: dict[str, int]
    ratios: dict[str, str] = {}

    @property
    def texts(self) -> dict[str, str]:
        """The totals as canonical texts, by column name."""
        return {name: str(value) for name, value in self.values.items()} | self.ratios

    @model_serializer(mode="wrap")
    def _without_empty(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        return {name: value for name, value in fields.items() if name != "ratios" or value}


class TermPart(_Part):
    """A term of the report and its meaning."""

    term: str
    meaning: str


class SealPart(_Part):
    """The seal of the organisation's report days [first, end); it is the same on each day."""

    first: date
    end: date
    state: Literal["final", "provisional", "held"]
    reasons: tuple[str, ...]


class WatermarkPart(_Part):
    """The instant up to which a source is completely landed, as far as the period needs it.

    A source that is landed past the period's end and its delay shows that instant, not a later one.
    """

    domain: str
    complete_through: str


class AcceptedBreakPart(_Part):
    """A break between Ticketing and the ledger that a person has accepted.

    Amounts are in minor units of the currency.
    """

    kind: str
    concerns: str
    event_id: UUID | None
    currency: str
    ticketing_minor: int
    ledger_minor: int
    accepted_by: str
    accepted_at: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.kind}: {self.concerns}, Ticketing {self.ticketing_minor}, ledger "
            f"{self.ledger_minor} minor units of {self.currency}"
        )


class FilePart(_Part):
    """The file: the size and SHA-256 of its bytes."""

    name: str
    format: str
    byte_count: int
    sha256: str


class BlockPart(_Part):
    """One block of a report of several: its rows and the figures that prove them."""

    name: str
    title: str
    dataset: str
    filters: tuple[str, ...]
    columns: tuple[ColumnPart, ...]
    row_key: tuple[str, ...]
    row_count: int
    rows_sha256: str
    totals: tuple[TotalPart, ...]


class Manifest(_Part):
    """The identity and the proof of one report.

    Attributes:
        logic_version: The version of the columns' meaning; each entry of "Report numbers" in the
            changelog raises it.
        filters: The filters of the definition, each as a sentence.
        row_key: The names of the columns that identify a row; none where no columns do.
        rows_sha256: The digest of the canonical rows (`exports.row_spool`), the same in every
            format.
        totals: The totals of all rows, one part per currency.
        accepted_breaks: The breaks on its days that hold no report, because a person has accepted
            them.
        is_provisional: Whether the file is stamped PROVISIONAL: some of its days are not final.
        event: The event, of a report over one that is known.
        signatures: The parties that sign the report.
        terms: The meanings of the report's words, in the definition's order.
        blocks: The blocks of a report of several. Then columns and totals are theirs, the row count
            is that of all of them, and `rows_sha256` is the digest of their digests.
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
    accepted_breaks: tuple[AcceptedBreakPart, ...] = ()
    is_provisional: bool
    event: EventPart | None = None
    signatures: tuple[str, ...] = ()
    terms: tuple[TermPart, ...] = ()
    blocks: tuple[BlockPart, ...] = ()
    file: FilePart | None = None

    @property
    def shows_instants(self) -> bool:
        """Whether a column has instants, which are shown in the report's time zone."""
        columns = [each for part in self.parts for each in part.columns]
        return any(each.type == ColumnType.INSTANT for each in columns)

    @property
    def parts(self) -> tuple["Manifest", ...]:
        """The manifest of each block as that of a report without blocks; else the manifest."""
        return tuple(map(self.of_block, self.blocks)) or (self,)

    def of_block(self, block: BlockPart) -> "Manifest":
        """The manifest as if the report had this block only."""
        rows = {name: getattr(block, name) for name in BlockPart.model_fields}
        name, _, dataset = (rows.pop(each) for each in ("name", "title", "dataset"))
        slug = f"{self.definition.slug}/{name}"
        definition = self.definition.model_copy(update={"dataset": dataset, "slug": slug})
        return self.model_copy(update=rows | {"definition": definition, "blocks": (), "file": None})

    @staticmethod
    def digest_of_blocks(digests: Iterable[str]) -> str:
        """The digest of the rows of several blocks, from the digest of each."""
        return hashlib.sha256("".join(f"{each}\n" for each in digests).encode()).hexdigest()

    @model_serializer(mode="wrap")
    def _without_empty_parts(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        optional = {"event", "signatures", "terms", "blocks"}
        return {name: value for name, value in fields.items() if value or name not in optional}

    def to_json(self) -> str:
        """The manifest as JSON: two spaces, fields in order, a line feed at the end."""
        return self.model_dump_json(indent=2) + "\n"

    def of_file(self, file: FilePart) -> "Manifest":
        """The manifest beside a file."""
        return self.model_copy(update={"file": file})

    def within_file(self) -> "Manifest":
        """The manifest inside a file, without the part about the file."""
        return self.model_copy(update={"file": None})

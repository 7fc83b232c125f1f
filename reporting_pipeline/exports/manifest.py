"""The manifest: identity and sources of a report, and the figures that prove its file.

Each file has one beside it, `<file>.manifest.json`. XLSX (sheet "Control"), PDF (attachment) and
Parquet (metadata) also hold it inside, without `file` and `made_with`: no file can hold its own
digest, and another library that writes the same bytes makes no other file.

It does not depend on the wall clock, the edition or the person who asked: the same definition,
version, period and rows give the same manifest. `publishing` fills it in, `exports.verify` compares
it with a file.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from reporting_pipeline.domain.discrepancy import break_text
from reporting_pipeline.domain.period import Period
from reporting_pipeline.domain.time_zones import OffsetZone
from reporting_pipeline.languages import translated
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.report_definitions.compile import ReportColumn

MANIFEST_SUFFIX = ".manifest.json"
PROVISIONAL = "PROVISIONAL"
"""The stamp of a report that is not final, for people; in files' keys it is in English."""
PROVISIONAL_MARK = f"_{PROVISIONAL}"

_MAX_QUOTED = 120  # characters of a value in a message
# A signature of one kind is never taken for one of the other.
_CONTENT_PREFIX = "reporting manifest within a file"
_FILE_PREFIX = "reporting manifest beside a file"


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

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        Period(first=self.first, end=self.end, event_id=self.event_id)
        return self

    @property
    def period(self) -> Period:
        """The period itself."""
        return Period(first=self.first, end=self.end, event_id=self.event_id)

    @property
    def text(self) -> str:
        """The days for people, in ISO 8601, because the words beside them are not the locale's."""
        period = self.period
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
    """One column: its name in machine formats, its header for people, its PostgreSQL type.

    Attributes:
        words: The words that people read in place of its values, by the value.
    """

    name: str
    header: str
    type: str
    unit: str | None
    kind: str
    words: dict[str, str] = {}

    @field_validator("words")
    @classmethod
    def _differ(cls, words: dict[str, str]) -> dict[str, str]:
        if len(set(words.values())) < len(words):
            message = "two values have the same word"
            raise ValueError(message)
        return words

    @classmethod
    def of(cls, column: ReportColumn) -> "ColumnPart":
        """A column of a report."""
        return cls(
            name=column.name,
            header=column.header,
            type=column.column.type,
            unit=column.column.unit,
            kind=column.column.kind_in_files,
            words=dict(column.words),
        )

    @model_serializer(mode="wrap")
    def _without_empty(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        return {name: value for name, value in fields.items() if name != "words" or value}


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


class OffsetPart(_Part):
    """An offset from UTC of the report's wall clock, with its first instant (null: the first)."""

    since: str | None = Field(pattern=r"^[0-9]{4}-[0-9-]{5}T[0-9:]{8}Z$")
    seconds: int = Field(gt=-86_400, lt=86_400)

    @property
    def instant(self) -> datetime | None:
        """The first instant."""
        return None if self.since is None else datetime.fromisoformat(self.since)


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
        return break_text(
            self.kind, self.concerns, self.ticketing_minor, self.ledger_minor, self.currency
        )


class SignaturePart(_Part):
    """A digital signature: of a key, which its id names (`exports.signing`)."""

    algorithm: Literal["Ed25519"] = "Ed25519"
    key_id: str
    value: str


class FilePart(_Part):
    """The file: the size and SHA-256 of its bytes.

    Attributes:
        name: The name in the store's key.
        download_name: The file's own name, under which people save it; it is fixed when the report
            is first published. None in manifests that are older than these names.
        digital_signature: The signature of the whole manifest beside the file, this part included.
    """

    name: str
    download_name: str | None = None
    format: str
    byte_count: int
    sha256: str
    digital_signature: SignaturePart | None = None

    @model_serializer(mode="wrap")
    def _without_empty(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        return {name: value for name, value in fields.items() if value is not None}


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
        time_offsets: The offsets from UTC that instants are shown with, by the rules of the
            database, which computes the report days too; none where no column has instants.
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
        digital_signature: The signature of the fields before it, which are those inside a file.
        made_with: The versions of the tables and libraries that the file was made with, by name
            (`exports.made_with`). Like `file`, only the manifest beside a file has them: another
            version that writes the same bytes makes the same file.
    """

    manifest_version: Literal[1] = 1
    definition: DefinitionPart
    organization: OrganizationPart
    period: PeriodPart
    logic_version: int
    time_zone: str
    time_offsets: tuple[OffsetPart, ...] = ()
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
    digital_signature: SignaturePart | None = None
    made_with: dict[str, str] = {}
    file: FilePart | None = None

    @property
    def shows_instants(self) -> bool:
        """True if a column has instants, which are shown in the report's time zone."""
        columns = [each for part in self.parts for each in part.columns]
        return any(each.type == ColumnType.INSTANT for each in columns)

    @field_validator("time_offsets")
    @classmethod
    def _in_order(cls, offsets: tuple[OffsetPart, ...]) -> tuple[OffsetPart, ...]:
        instants = [each.instant for each in offsets]
        later = [each for each in instants[1:] if each is not None]
        if (
            instants[:1] not in ([], [None])
            or later != sorted(set(later))
            or (len(later) != len(instants[1:]))
        ):
            message = "the offsets are not in the order of their instants"
            raise ValueError(message)
        return offsets

    @property
    def zone(self) -> tzinfo:
        """The zone of the wall clock: its offsets; of a manifest without them, as known here."""
        return _zone(self.time_zone, self.time_offsets) if self.shows_instants else UTC

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
        updates = {"definition": definition, "blocks": (), "digital_signature": None}
        return self.within_file().model_copy(update=rows | updates)

    @staticmethod
    def digest_of_blocks(digests: Iterable[str]) -> str:
        """The digest of the rows of several blocks, from the digest of each."""
        return hashlib.sha256("".join(f"{each}\n" for each in digests).encode()).hexdigest()

    @model_serializer(mode="wrap")
    def _without_empty_parts(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        optional = {
            *("time_offsets", "event", "signatures", "terms", "blocks"),
            *("digital_signature", "made_with"),
        }
        return {name: value for name, value in fields.items() if value or name not in optional}

    def to_json(self) -> str:
        """The manifest as JSON: two spaces, fields in order, a line feed at the end."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def of_json(cls, text: str | bytes) -> "Manifest":
        """The manifest in a JSON text, if each of its values is written as `to_json` writes it.

        Raises:
            ValueError: It is no manifest; or a name occurs twice, is unknown, or has a value in
                another form, so that two readers of the text could understand two things.
        """
        try:
            found = json.loads(text, object_pairs_hook=_without_repetition)
            manifest = cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = _short(".".join(map(str, first["loc"]))) or "its text"
            raise ValueError(f"{place}: {first['msg']}") from error
        except RecursionError as error:
            message = "its values are nested too deeply"
            raise ValueError(message) from error
        _require_same(found, json.loads(manifest.to_json()), "")
        return manifest

    def file_name(self, format_name: str, *, is_archive: bool) -> str:
        """The name of the report's file; an archive has a file for each block of the report."""
        mark = PROVISIONAL_MARK if self.is_provisional else ""
        archive = ".zip" if is_archive else ""
        return f"{self.definition.slug}_{self.period.token}{mark}.{format_name}{archive}"

    def download_name(self, own_name: str, file_name: str) -> str:
        """The name under which people save the report's file: its own name, stamp and suffix."""
        mark = f" {translated(PROVISIONAL, self.locale)}" if self.is_provisional else ""
        return f"{own_name}{mark}.{file_name.partition('.')[2]}"

    @property
    def unsigned(self) -> "Manifest":
        """The manifest without its signatures."""
        file = self.file and self.file.model_copy(update={"digital_signature": None})
        return self.model_copy(update={"file": file, "digital_signature": None})

    @property
    def signed_content(self) -> bytes:
        """The bytes that `digital_signature` signs."""
        return f"{_CONTENT_PREFIX}\n{self.within_file().unsigned.to_json()}".encode()

    @property
    def signed_file(self) -> bytes:
        """The bytes that the signature of the part about the file signs."""
        manifest = self.unsigned.model_copy(update={"digital_signature": self.digital_signature})
        return f"{_FILE_PREFIX}\n{manifest.to_json()}".encode()

    def of_file(self, file: FilePart, made_with: Mapping[str, str] | None = None) -> "Manifest":
        """The manifest beside a file."""
        return self.model_copy(update={"file": file, "made_with": dict(made_with or {})})

    def within_file(self) -> "Manifest":
        """The manifest inside a file, without the parts about the file."""
        return self.model_copy(update={"file": None, "made_with": {}})


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {_short(repr(name))} occurs twice in one object")
        found[name] = value
    return found


def _short(text: str) -> str:
    """A text from outside in a message: a hostile one may have millions of characters."""
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def _require_same(found: Any, written: Any, place: str) -> None:
    """Refuse a value in another form than the manifest's own; an older text may lack fields."""
    if isinstance(found, dict) and isinstance(written, dict):
        for name, value in found.items():
            # A part that is empty is not written.
            _require_same(value, written.get(name), f"{place}.{name}".lstrip("."))
    elif isinstance(found, list) and isinstance(written, list) and len(found) == len(written):
        for index, (value, other) in enumerate(zip(found, written, strict=True)):
            _require_same(value, other, f"{place}.{index}")
    elif type(found) is not type(written) or found != written:
        if not found and written is None:
            return
        shown = _short(repr(found)), _short(repr(written))
        raise ValueError(f"{_short(place)}: {shown[0]} is not how a manifest has {shown[1]}")


@lru_cache
def _zone(name: str, offsets: tuple[OffsetPart, ...]) -> tzinfo:
    if not offsets:
        return ZoneInfo(name)
    return OffsetZone(
        name,
        [(each.instant, timedelta(seconds=each.seconds)) for each in offsets],
    )

"""What the server answers, and the bodies that it is asked with: a class for each schema.

Each class has the name, the fields and the descriptions of its schema in the OpenAPI document; a
test compares them, so that no field can be forgotten. All are frozen. A field that only a later
version of the server has is left out. Money is a whole number of minor units; times are in UTC.
"""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel

from reporting_pipeline.client.words import (
    ALL_WEBHOOK_KINDS,
    OPEN,
    AlertKind,
    BreakKind,
    Category,
    ColumnKind,
    ColumnType,
    PartState,
    PlainValue,
    ReportFormat,
    ReportState,
    ReportStatus,
    Schedule,
    Severity,
    Status,
    Unit,
    WebhookKind,
)


class _Model(BaseModel):
    # An error must not show the secret of a webhook.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


Body = TypeVar("Body", bound=BaseModel)
_Item = TypeVar("_Item")


class Document(RootModel[dict[str, Any]]):
    """An object of JSON whose members have no schema."""


class Listing(_Model, Generic[_Item]):
    """A whole list."""

    items: tuple[_Item, ...]


class Page(_Model, Generic[_Item]):
    """A page of a list; the cursor is null on the last one."""

    items: tuple[_Item, ...]
    next_cursor: str | None


class ReportQuestion(_Model):
    """Which report somebody asks for."""

    definition: str = Field(description="The slug of the definition.")
    period: str = Field(
        description="2026-02-28, 2026-02, 2026-02-23_2026-03-01, or event-<id>_2026-02-28."
    )
    format: ReportFormat
    provisional_allowed: bool = Field(
        default=False,
        description="Also if its days are not final; the file is then stamped PROVISIONAL.",
    )


class AnsweredFile(_Model):
    """The file of a report that is ready."""

    name: str = Field(description="The file's own name.")
    byte_count: int
    sha256: str
    path: str = Field(description="Where it is downloaded, on this server, with a token.")


class ReportAnswer(_Model):
    """The report, or the state of the request for it."""

    state: ReportState = Field(
        description="Ready: download `file`. Waiting: follow `request_path`."
    )
    reason: str | None = Field(description="Why it is held, or the kind of its failure.")
    report_id: UUID
    report_path: str
    edition: int | None = Field(description="The edition that is ready.")
    file: AnsweredFile | None
    request_id: UUID | None = Field(description="The request; null if the report was there.")
    request_path: str | None


class ListedRequest(_Model):
    """A request for a report in a format, made by one or many callers."""

    request_id: UUID
    request_path: str = Field(description="Where it is followed, on this server.")
    organization_id: UUID
    report: str = Field(description="The slug of the definition.")
    version: int = Field(description="The definition's version when the report was requested.")
    period: str = Field(description="The period, such as 2026-02-28, 2026-02 or to_2026-02-28.")
    format: ReportFormat
    status: str = Field(description="queued, running, completed, held, failed or dead.")
    state: ReportState = Field(description="The state of the report, as far as it knows.")
    reason: str | None = Field(
        description="Why it is held, or the kind of the failure that ended its last try."
    )
    edition: int | None = Field(description="The report's edition when the request ended.")
    requested_at: datetime
    finished_at: datetime | None = Field(description="Null while it waits or runs.")
    tries: int = Field(description="How often a worker has taken it.")
    lost_workers: int = Field(description="How many of these workers died.")
    is_provisional_allowed: bool
    report_id: UUID
    report_path: str = Field(description="Where the report is, once it is generated.")


class ReportFile(_Model):
    """The file of the current edition."""

    name: str = Field(description="The file's own name.")
    byte_count: int
    row_count: int
    sha256: str = Field(description="The digest of its bytes; also its entity tag.")
    path: str = Field(description="Where it is downloaded, on this server, with a token.")


class Report(_Model):
    """A report: a definition's, for a period, in a format."""

    id: UUID
    organization_id: UUID
    definition_id: UUID
    slug: str = Field(description="The slug of the definition.")
    definition_version: int
    period: str = Field(description="The period, such as 2026-02-28, 2026-02 or to_2026-02-28.")
    first_day: date | None = Field(description="The first report day; null: from the beginning.")
    end_day: date = Field(description="The day after the last report day.")
    event_id: UUID | None
    format: ReportFormat
    status: ReportStatus = Field(description="What the last generation ended as.")
    reason: str | None = Field(description="Why it is held, or the kind of its failure.")
    edition: int = Field(description="The current edition; 0 while none is published.")
    is_provisional: bool = Field(description="Its days are not final; the file says so.")
    generated_at: datetime | None
    file: ReportFile | None


class Edition(_Model):
    """One edition of a report."""

    edition: int
    definition_version: int
    logic_version: int = Field(description="It rises when the meaning of a column changes.")
    is_provisional: bool
    generated_at: datetime
    byte_count: int
    row_count: int
    file_sha256: str
    rows_sha256: str = Field(description="Equal rows have an equal digest, in every format.")
    causes: tuple[str, ...] = Field(description="Why it differs from the edition before.")
    is_current: bool = Field(description="Its file can be downloaded; others were replaced.")


class Change(_Model):
    """A row that an edition added or removed, or a value that it changed."""

    position: int
    change: Annotated[Literal["added", "removed", "changed"], OPEN]
    row_key: str = Field(description="The values that identify the row.")
    column_name: str | None = Field(description="The column of a changed value.")
    former_value: str | None
    new_value: str | None


class FileVerification(_Model):
    """What the store has, compared with what was published."""

    word: Annotated[Literal["as published", "different"], OPEN]
    edition: int
    file_sha256: str
    signed_by: tuple[str, ...] = Field(description="The ids of the keys that signed the manifest.")
    differences: tuple[str, ...] = Field(description="What is not as it was published.")


class DefinitionLine(_Model):
    """A definition in the list."""

    id: UUID
    slug: str
    name: str
    version: int = Field(description="The current version.")
    status: Status
    category: Category
    schedule: Schedule
    formats: tuple[ReportFormat, ...]


class VersionLine(_Model):
    """A version of a definition."""

    version: int
    name: str
    created_at: datetime


class OneVersion(_Model):
    """What a definition reports, in one version."""

    id: UUID
    version: int
    status: Status = Field(description="Of the definition now; it belongs to no version.")
    document: dict[str, Any] = Field(description="The definition as it is sent.")


class OneDefinition(OneVersion):
    """The current version of a definition, and the list of all versions."""

    versions: tuple[VersionLine, ...] = Field(description="The newest first.")


class ChangedField(_Model):
    """A field that differs."""

    field: str = Field(description="Such as `config.columns`.")
    old: Any = Field(description="Its value in `from`; null if there is none.")
    new: Any = Field(description="Its value in `to`; null if there is none.")


class PreviewColumn(_Model):
    """A column of the report."""

    name: str
    header: str = Field(description="As in files for people.")
    type: ColumnType
    kind: ColumnKind
    unit: Unit | None


class PreviewTotal(_Model):
    """The totals of one currency, of all rows of the period."""

    currency: str | None = Field(description="Null: of rows without a currency.")
    values: dict[str, int] = Field(description="By column; money in minor units.")
    ratios: dict[str, str] = Field(description="By column; computed from the totals.")


class ShownBlock(_Model):
    """One block; a definition without blocks has one."""

    name: str | None = Field(description="Of the block; null without blocks.")
    columns: tuple[PreviewColumn, ...]
    rows: tuple[dict[str, PlainValue], ...] = Field(description="The first rows, by column.")
    totals: tuple[PreviewTotal, ...]


class Preview(_Model):
    """What a report of the definition would show now; its days may not be final yet."""

    period: str
    blocks: tuple[ShownBlock, ...]


class DatasetColumn(_Model):
    """A column of a dataset."""

    name: str = Field(description="The name in definitions.")
    title: str = Field(description="The heading, unless a definition gives another.")
    type: ColumnType
    kind: ColumnKind = Field(
        description="Measures are summed, balances are the last of a period, ratios are computed."
    )
    unit: Unit | None = Field(description="Of a figure; `minor`: minor units of the currency.")
    description: str
    is_nullable: bool
    values: tuple[str, ...] = Field(description="All values it may have; empty: there are many.")
    not_over: tuple[str, ...] = Field(description="Columns over whose values it is not summed.")
    numerator: tuple[str, ...] = Field(description="Of a ratio: the columns whose sum is divided.")
    denominator: tuple[str, ...] = Field(description="Of a ratio: the columns whose sum divides.")
    names: str | None = Field(description="Of a name: the id column that it names.")


class DatasetLine(_Model):
    """A dataset in the list."""

    name: str = Field(description="The name in definitions.")
    title: str
    grain: str = Field(description="What one row represents.")
    description: str
    day_column: str | None = Field(
        description="The column that a period selects by; null: its rows belong to no day."
    )
    column_count: int


class OneDataset(DatasetLine):
    """A dataset with its columns, in reading order."""

    columns: tuple[DatasetColumn, ...]


class Event(_Model):
    """An event, as landed last."""

    id: UUID
    name: str
    time_zone: str = Field(description="Its own; its report days are days of it.")
    starts: str = Field(description="Date and time of the start in that zone.")
    ends: str = Field(description="Date and time of the end in that zone.")
    status: str
    venue: str | None


class Summary(_Model):
    """The totals of an event at the end of a report day."""

    event_id: UUID
    as_of: date = Field(description="The day that was asked for.")
    day: date = Field(description="The report day of the figures: the last one up to `as_of`.")
    version: str = Field(description="Changes when any row of the event does.")
    figures: dict[str, Any] = Field(
        description="By column of `report_event_summary`; rates are text with all decimals."
    )


class Figure(_Model):
    """One figure over all events."""

    dataset: str = Field(description="`GET .../datasets/NAME` describes it.")
    name: str = Field(description="The column of the dataset.")
    currency: str | None = Field(description="Amounts of several currencies are never summed.")
    value: int = Field(description="Money in minor units.")


class Figures(_Model):
    """The figures of a report day; the day may not be final yet."""

    as_of: date
    items: tuple[Figure, ...]


class BreaksOfKind(_Model):
    """Some breaks of one kind."""

    kind: BreakKind = Field(description="How the two sides differ.")
    ids: tuple[UUID, ...] = Field(
        description="The order, transaction or entry of each of them: its `id` in the list."
    )


class Acceptance(BreaksOfKind):
    """The breaks that somebody accepts, and why."""

    reason: str = Field(
        description="Why the differences are acceptable; the proof of each report shows it."
    )


class _Break(_Model):
    kind: str = Field(description="How the two sides differ.")
    id: UUID = Field(description="The order, transaction or entry that it concerns.")
    concerns: Annotated[Literal["order", "transaction", "entry"], OPEN] = Field(
        description="What the id is of."
    )
    event_id: UUID | None = Field(description="Null: it concerns no single event.")
    currency: str
    ticketing_minor: int = Field(description="The booked amount, in minor units.")
    ledger_minor: int = Field(description="The charged amount, in minor units.")


class ShownOpenBreak(_Break):
    """A break that holds reports."""

    first_day: date = Field(description="The first report day on which it is found.")
    last_day: date = Field(description="The last one; the amounts are of this day.")
    difference_minor: int = Field(description="Ticketing less ledger, in minor units.")


class ShownAcceptedBreak(_Break):
    """A break that a person has accepted for these amounts."""

    accepted_by: str
    accepted_at: datetime
    reason: str


class TakenBack(_Model):
    """How many acceptances are taken back; a break with several amounts has several."""

    taken_back_count: int


class ShownAlert(_Model):
    """One cause that exists, or has existed."""

    id: int
    kind: AlertKind
    severity: Severity
    message: str = Field(description="What happened, which ids, and the next step.")
    facts: dict[str, Any] = Field(description="The same for programs.")
    count: int = Field(description="How many items share the cause.")
    organization_id: UUID
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = Field(description="Null while the cause exists.")


class WebhookQuestion(_Model):
    """A webhook to add."""

    address: str = Field(description="https://host/path, on the internet.")
    kinds: tuple[WebhookKind, ...] = Field(
        default=ALL_WEBHOOK_KINDS, description="What it is told of."
    )
    definition: str | None = Field(
        default=None, description="Only reports of this definition; null for all."
    )


class Webhook(_Model):
    """A webhook."""

    id: UUID
    address: str
    kinds: tuple[str, ...] = Field(description="What it is told of.")
    definition_id: UUID | None = Field(description="Null: reports of all definitions.")
    created_at: datetime
    paused_at: datetime | None = Field(description="Since when nothing is sent; null: active.")
    pause_reason: str | None


class AddedWebhook(Webhook):
    """A webhook that was added, with its secret."""

    secret: str = Field(description="Signs the messages (Standard Webhooks); not shown again.")


class PauseQuestion(_Model):
    """Why nothing is sent any more."""

    reason: str


class ReplayQuestion(_Model):
    """Which messages are sent again."""

    since: datetime = Field(description="Messages that were written then or later.")
    accepted_too: bool = Field(default=False, description="Not only those that were given up.")


class Replayed(_Model):
    """How many messages are sent again."""

    count: int


class Message(_Model):
    """A message for a webhook, and what became of it."""

    id: str = Field(description="The header `webhook-id`, the same at each attempt.")
    report_id: UUID
    kind: str
    created_at: datetime
    attempt_count: int
    next_attempt_at: datetime | None = Field(description="Null: it is not sent any more.")
    last_error: str | None
    delivered_at: datetime | None
    given_up_at: datetime | None


class Liveness(_Model):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(_Model):
    """What the process needs to serve calls."""

    status: Literal["ready", "not ready"] = Field(description="Ready if each part is.")
    warehouse: PartState = Field(description="The warehouse, with the schema of this version.")
    store: PartState = Field(description="The store of report files.")


class InvalidValue(_Model):
    """One value of a call that is not valid."""

    place: str = Field(description="Where it is: `body.period` or `query.limit`.")
    reason: str = Field(description="What is wrong with it.")


class Problem(_Model):
    """Why a call failed, as RFC 9457 says."""

    type: str = Field(description="The kind of problem; the same kind has the same address.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="What happened, and what to do next.")
    instance: str = Field(description="The call, by its `X-Request-Id`.")
    retryable: bool = Field(description="True if the same call can succeed later.")
    invalid: tuple[InvalidValue, ...] | None = Field(
        default=None, description="The values that are not valid; only with status 422."
    )


RequestPage = Page[ListedRequest]
ReportPage = Page[Report]
Editions = Listing[Edition]
Changes = Page[Change]
DefinitionPage = Page[DefinitionLine]
DefinitionDiff = Listing[ChangedField]
DatasetList = Listing[DatasetLine]
EventPage = Page[Event]
OpenBreakPage = Page[ShownOpenBreak]
AcceptedBreakPage = Page[ShownAcceptedBreak]
Accepted = Listing[ShownOpenBreak]
AlertPage = Page[ShownAlert]
NewestAlerts = Listing[ShownAlert]
Webhooks = Listing[Webhook]
Messages = Listing[Message]

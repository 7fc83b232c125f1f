"""The `config` of a report definition: a strict schema, without knowledge of the dataset.

`additivity` compares a config with its dataset; `compile` makes the statements from it.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from reporting_pipeline.domain.time_zones import zone_names
from reporting_pipeline.report_definitions.document import quoted, text_fault
from reporting_pipeline.report_definitions.filters import (
    MAX_DEPTH,
    MAX_FILTERS,
    Filters,
    depth_and_count,
    tuple_of,
)
from reporting_pipeline.report_definitions.period_rules import (
    DEFAULT_AFTER_EVENT,
    AfterEvent,
    PeriodRule,
)

MAX_COLUMNS = 200
MAX_SORT_KEYS = 20
MAX_BLOCKS = 20
MAX_SIGNATURES = 4
MAX_TERMS = 40

# In place of the dataset and columns of a report whose blocks have them; no dataset is called so.
_IN_BLOCKS = "(in blocks)"


def readable_text(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: It contains control characters, or nothing but space.
    """
    fault = text_fault(text)
    if fault is not None:
        raise ValueError(fault)
    if not text.strip():
        message = "is empty"
        raise ValueError(message)
    return text


Label = Annotated[str, Field(max_length=100), AfterValidator(readable_text)]
Signatory = Annotated[str, Field(max_length=60), AfterValidator(readable_text)]
Meaning = Annotated[str, Field(max_length=1_000), AfterValidator(readable_text)]
ColumnName = Annotated[str, Field(min_length=1, max_length=63)]


class _ConfigModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ColumnChoice(_ConfigModel):
    """A column of the dataset and its heading; written as a bare name where it has no label.

    With `numerator` and `denominator` it is a new column: the ratio of two figures of the dataset,
    computed from their sums. Its name ends in `_rate`, or in `_minor` for an amount of each thing.
    """

    name: ColumnName
    label: Label | None = None
    numerator: ColumnName | None = None
    denominator: ColumnName | None = None

    @model_serializer(mode="wrap")
    def _without_parts(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        parts = {"numerator", "denominator"}
        return {name: value for name, value in fields.items() if value or name not in parts}

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class SortKey(_ConfigModel):
    """A column to sort by; written as a bare name where it is ascending."""

    column: ColumnName
    descending: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value


class ChartChoice(_ConfigModel):
    """A chart of the measure `y` over the days or names of `x`; both are columns of the report."""

    x: ColumnName
    y: ColumnName


class TermChoice(_ConfigModel):
    """A term of the report and its meaning, for people who read or sign it."""

    term: Label
    meaning: Meaning


class RowsConfig(_ConfigModel):
    """The rows of a report, or of a block of it.

    Attributes:
        dataset: Name in the registry of datasets.
        columns: The columns, in order.
        filters: A row passes when all of them are true.
        group_by: Columns of which each combination is one row; empty: the dataset's own rows.
        having: Filters on the rows of a grouped report, sums among its figures.
        sort: Sort keys; the key of the rows follows, so the order is total.
        totals: Show totals.
    """

    dataset: ColumnName
    columns: Annotated[
        tuple[ColumnChoice, ...],
        BeforeValidator(tuple_of),
        Field(min_length=1, max_length=MAX_COLUMNS),
    ]
    filters: Filters = ()
    group_by: Annotated[
        tuple[ColumnName, ...], BeforeValidator(tuple_of), Field(max_length=MAX_COLUMNS)
    ] = ()
    having: Filters = ()
    sort: Annotated[
        tuple[SortKey, ...], BeforeValidator(tuple_of), Field(max_length=MAX_SORT_KEYS)
    ] = ()
    totals: bool = False
    chart: ChartChoice | None = None

    @field_validator("columns")
    @classmethod
    def _columns_differ(cls, columns: tuple[ColumnChoice, ...]) -> tuple[ColumnChoice, ...]:
        _require_unique([each.name for each in columns], "column")
        return columns

    @field_validator("group_by")
    @classmethod
    def _groups_differ(cls, group_by: tuple[str, ...]) -> tuple[str, ...]:
        _require_unique(group_by, "column")
        return group_by

    @field_validator("sort")
    @classmethod
    def _sort_keys_differ(cls, sort: tuple[SortKey, ...]) -> tuple[SortKey, ...]:
        _require_unique([each.column for each in sort], "column")
        return sort

    @field_validator("filters", "having")
    @classmethod
    def _filters_are_few(cls, filters: Filters) -> Filters:
        depth, count = depth_and_count(filters)
        if depth > MAX_DEPTH:
            message = f"nested {depth} levels deep; at most {MAX_DEPTH}"
            raise ValueError(message)
        if count > MAX_FILTERS:
            message = f"{count} comparisons and groups; at most {MAX_FILTERS}"
            raise ValueError(message)
        return filters


class BlockConfig(RowsConfig):
    """A block of a report: rows with a name and a title of their own.

    Attributes:
        name: Small letters, digits and single hyphens; the name of its file in an archive.
        title: Its heading, and the name of its sheet.
    """

    name: Annotated[str, Field(max_length=25, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Label


class ReportConfig(RowsConfig):
    """The config of a report definition; unknown fields are refused.

    Attributes:
        period: Which days.
        after_event: When the report is due, for schedule post_event.
        time_zone: IANA name, in which files for people show instants.
        locale: For numbers, dates and the language of files for people.
        csv_profile: `machine` for programs, `spreadsheet` for people.
        skip_empty: A report without rows is not published.
        signatures: The parties that sign the report; PDF has lines for each.
        terms: The meanings of the report's words; in files for people.
        blocks: The blocks of a report that has several; then each has its own rows, and the report
            itself names no dataset. `parts` gives the rows of either kind of report.
    """

    period: PeriodRule
    after_event: AfterEvent = DEFAULT_AFTER_EVENT
    time_zone: str = "UTC"
    locale: str = "en_GB"
    csv_profile: Literal["machine", "spreadsheet"] = "machine"
    skip_empty: bool = False
    signatures: Annotated[
        tuple[Signatory, ...], BeforeValidator(tuple_of), Field(max_length=MAX_SIGNATURES)
    ] = ()
    terms: Annotated[
        tuple[TermChoice, ...], BeforeValidator(tuple_of), Field(max_length=MAX_TERMS)
    ] = ()
    blocks: Annotated[
        tuple[BlockConfig, ...], BeforeValidator(tuple_of), Field(max_length=MAX_BLOCKS)
    ] = ()

    @property
    def parts(self) -> tuple["ReportConfig", ...]:
        """A config for each block; of a report without blocks the config itself."""
        if not self.blocks:
            return (self,)
        return tuple(
            self.model_copy(
                update={"blocks": ()} | {name: getattr(each, name) for name in _ROWS_FIELDS}
            )
            for each in self.blocks
        )

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the datasets that the report is made of."""
        return tuple(dict.fromkeys(each.dataset for each in self.parts))

    @model_validator(mode="before")
    @classmethod
    def _rows_are_in_blocks(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or not value.get("blocks"):
            return value
        doubled = [name for name in _ROWS_FIELDS if name in value]
        if doubled:
            message = f"with blocks, {doubled[0]} belongs into each block"
            raise ValueError(message)
        return {**value, "dataset": _IN_BLOCKS, "columns": [_IN_BLOCKS]}

    @model_serializer(mode="wrap")
    def _without_rows_beside_blocks(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        left_out = {name for name in _LEFT_OUT_IF_EMPTY if not getattr(self, name)}
        left_out.update(_ROWS_FIELDS if self.blocks else ())
        return {name: value for name, value in fields.items() if name not in left_out}

    @field_validator("blocks")
    @classmethod
    def _blocks_differ(cls, blocks: tuple[BlockConfig, ...]) -> tuple[BlockConfig, ...]:
        _require_unique([each.name for each in blocks], "name")
        return blocks

    @field_validator("signatures")
    @classmethod
    def _signatures_differ(cls, signatures: tuple[str, ...]) -> tuple[str, ...]:
        _require_unique(signatures, "party")
        return signatures

    @field_validator("terms")
    @classmethod
    def _terms_differ(cls, terms: tuple[TermChoice, ...]) -> tuple[TermChoice, ...]:
        _require_unique([each.term for each in terms], "term")
        return terms

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        if name in zone_names():
            return name
        message = f"{quoted(name)} is not a time zone; expected an IANA name such as Europe/Lisbon"
        raise ValueError(message)

    @field_validator("locale")
    @classmethod
    def _locale_exists(cls, name: str) -> str:
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(name)
        except (UnknownLocaleError, ValueError, TypeError) as error:
            message = f"{quoted(name)} is not a locale; expected language and territory: de_DE"
            raise ValueError(message) from error
        return name


_REPEATED = "repeated"  # of pydantic's error; `index` is that of the second one
_ROWS_FIELDS = tuple(RowsConfig.model_fields)
_LEFT_OUT_IF_EMPTY = ("signatures", "terms", "blocks")


def _require_unique(names: Sequence[str], what: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            facts = {"what": what, "name": quoted(name), "index": index}
            raise PydanticCustomError(_REPEATED, "{what} {name} is given twice", facts)

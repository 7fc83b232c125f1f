"""What a report definition may say: its `config`, as a strict schema.

What belongs here: the schema and what can be told without knowing the dataset. What does not:
whether the dataset can answer it (`answerable`), and the statement that it becomes (`compile`).
"""

from collections import Counter
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from reporting_pipeline.report_definitions import filters as filter_grammar
from reporting_pipeline.report_definitions.after_event import USUAL, AfterEvent
from reporting_pipeline.report_definitions.filters import Filters, tuple_of
from reporting_pipeline.report_definitions.period_rules import PeriodRule
from reporting_pipeline.report_definitions.plain_tree import text_reason
from reporting_pipeline.report_definitions.problems import shown

MAX_COLUMNS = 200
MAX_SORT_KEYS = 20

# Of the machine, not of the world: they differ from machine to machine.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})


def one_line(text: str) -> str:
    """A text that people read, unless it holds control characters or nothing but space."""
    reason = text_reason(text)
    if reason is not None:
        raise ValueError(reason)
    if not text.strip():
        message = "is empty"
        raise ValueError(message)
    return text


Label = Annotated[str, Field(max_length=100), AfterValidator(one_line)]
ColumnName = Annotated[str, Field(min_length=1, max_length=63)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ColumnChoice(_Part):
    """A column of the dataset, and what is to stand over it; a bare name says the name alone."""

    name: ColumnName
    label: Label | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class SortKey(_Part):
    """A column to sort by; a bare name means ascending."""

    column: ColumnName
    descending: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value


class ChartChoice(_Part):
    """A picture: the measure `y` over the days or names of `x`; both are columns of the report."""

    x: ColumnName
    y: ColumnName


class ReportConfig(_Part):
    """The config of a report definition; unknown fields are refused.

    Attributes:
        dataset: Name in the registry of datasets.
        columns: Shown, in order.
        filters: All of them hold.
        group_by: Columns of which each combination is one row; empty: the dataset's own rows.
        having: All of them hold of each row of a grouped report, sums among its figures.
        sort: Made total by the key that follows.
        period: Which days.
        after_event: When it is due, for schedule post_event.
        time_zone: IANA name; instants are shown in it to people.
        locale: Of numbers and dates in files for people.
        csv_profile: `machine` for programs, `spreadsheet` for people.
        totals: Whether totals are shown.
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
    period: PeriodRule
    after_event: AfterEvent = USUAL
    time_zone: str = "UTC"
    locale: str = "en_GB"
    csv_profile: Literal["machine", "spreadsheet"] = "machine"
    totals: bool = False
    chart: ChartChoice | None = None

    @field_validator("columns")
    @classmethod
    def _columns_differ(cls, columns: tuple[ColumnChoice, ...]) -> tuple[ColumnChoice, ...]:
        _require_once([each.name for each in columns], "column")
        _require_once([each.label or each.name for each in columns], "heading")
        return columns

    @field_validator("group_by")
    @classmethod
    def _groups_differ(cls, group_by: tuple[str, ...]) -> tuple[str, ...]:
        _require_once(group_by, "column")
        return group_by

    @field_validator("sort")
    @classmethod
    def _sort_keys_differ(cls, sort: tuple[SortKey, ...]) -> tuple[SortKey, ...]:
        _require_once([each.column for each in sort], "column")
        return sort

    @field_validator("filters", "having")
    @classmethod
    def _filters_are_few(cls, filters: Filters) -> Filters:
        depth, count = filter_grammar.extent(filters)
        if depth > filter_grammar.MAX_DEPTH:
            message = f"nested {depth} deep; at most {filter_grammar.MAX_DEPTH}"
            raise ValueError(message)
        if count > filter_grammar.MAX_FILTERS:
            message = f"{count} comparisons and groups; at most {filter_grammar.MAX_FILTERS}"
            raise ValueError(message)
        return filters

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            if name not in _NO_ZONES:
                ZoneInfo(name)
                return name
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
        message = f"{shown(name)} is no time zone; expected an IANA name, Europe/Lisbon"
        raise ValueError(message)

    @field_validator("locale")
    @classmethod
    def _locale_exists(cls, name: str) -> str:
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(name)
        except (UnknownLocaleError, ValueError, TypeError) as error:
            message = f"{shown(name)} is no locale; expected language and territory, de_DE"
            raise ValueError(message) from error
        return name


def _require_once(names: "list[str] | tuple[str, ...]", what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        message = f"{what} {shown(twice[0])} stands twice"
        raise ValueError(message)

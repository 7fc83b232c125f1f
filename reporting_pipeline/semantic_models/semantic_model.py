"""The dimensions and measures of a view, with the rules that every BI tool has to keep.

sum       an additive figure, over whatever rows
last      a balance: the last one of each leaf, summed over the leaves; never over days
one_day   a balance that counts on the day of its row only: summed within one day
ratio     computed from the values of its parts, never summed or averaged
distinct  a number of different things, counted again in every group

A measure has a value only where each column of `single` has one value in the rows that it is taken
from: money is never added over currencies. An opening balance has no measure: it is the closing of
the day before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from reporting_pipeline.registry.bi_views import bi_views
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.additivity import currency_column
from reporting_pipeline.report_definitions.balances import ORGANIZATION, is_opening, leaf_of

_EVENT = "event_id"
EVENT_COUNT = "event_count"
"""The measure of every view with events: how many of them its rows have."""


class Rule(StrEnum):
    """How a measure is taken from the rows of a group; the module says it."""

    SUM = "sum"
    LAST = "last"
    ONE_DAY = "one_day"
    RATIO = "ratio"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure of a view, as a BI tool may show it for a group of rows.

    Attributes:
        column: The column that it is taken from; of a ratio its own column, which is not read.
        single: The columns that must have one value in the group; else the measure is null.
        numerator: Of a ratio: the measures whose sum is divided.
        denominator: Of a ratio: the measures whose sum divides.
    """

    name: str
    rule: Rule
    label: str
    description: str
    column: str
    unit: Unit | None = None
    single: tuple[str, ...] = ()
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticModel:
    """One view with its dimensions and measures.

    Attributes:
        leaf: The key without the day: what has one balance at a time.
    """

    view: Dataset
    dimensions: tuple[Column, ...]
    measures: tuple[Measure, ...]
    leaf: tuple[str, ...]

    @property
    def name(self) -> str:
        """The view's name."""
        return self.view.name

    @property
    def day(self) -> str | None:
        """The column with the report day."""
        return self.view.day_column

    @property
    def description(self) -> str:
        """What a row is, and where it comes from."""
        return f"{self.view.grain} {self.view.description}"

    def measure(self, name: str) -> Measure:
        """The measure of that name, which the view has."""
        return next(each for each in self.measures if each.name == name)


@cache
def semantic_models() -> tuple[SemanticModel, ...]:
    """The models of all views, in the order of the views."""
    return tuple(map(_model, bi_views()))


def label_of(name: str, unit: Unit | None = None) -> str:
    """A column's name in words. Each name has its own words; money says its unit."""
    words = name.removesuffix("_minor") if unit is Unit.MINOR else name
    text = words.replace("_", " ").capitalize()
    return f"{text} (minor units)" if unit is Unit.MINOR else text


def is_time(column: Column) -> bool:
    """True for days and instants."""
    return column.type in {ColumnType.DATE, ColumnType.INSTANT}


def _model(view: Dataset) -> SemanticModel:
    return SemanticModel(
        view=view,
        dimensions=tuple(each for each in view.columns if not each.kind.is_figure),
        measures=(*_measures(view), *_counts(view)),
        leaf=(ORGANIZATION, *leaf_of(view)),
    )


def _measures(view: Dataset) -> Iterator[Measure]:
    for column in view.columns:
        rule = _rule(column, view)
        if rule is None:
            continue
        yield Measure(
            name=column.name,
            rule=rule,
            label=label_of(column.name, column.unit),
            description=_described(column, rule, view),
            column=column.name,
            unit=column.unit,
            single=_single(column, rule, view),
            numerator=column.numerator,
            denominator=column.denominator,
        )


def _rule(column: Column, view: Dataset) -> Rule | None:
    match column.kind:
        case ColumnKind.MEASURE:
            return Rule.SUM
        case ColumnKind.RATIO if column.numerator and column.denominator:
            return Rule.RATIO
        case ColumnKind.BALANCE if is_opening(column) or view.balances == "running":
            return None
        case ColumnKind.BALANCE if view.day_column is None:
            return Rule.SUM  # it has no time to be summed over
        case ColumnKind.BALANCE:
            return Rule.ONE_DAY if view.balances == "of_rows" else Rule.LAST
        case _:
            return None


def _single(column: Column, rule: Rule, view: Dataset) -> tuple[str, ...]:
    if rule is Rule.RATIO:
        parts = (view.column(each) for each in (*column.numerator, *column.denominator))
        names = [each for part in parts for each in _single(part, _rule_of(part, view), view)]
        return tuple(dict.fromkeys(names))
    currency = currency_column(view) if column.unit is Unit.MINOR else None
    day = view.day_column if rule is Rule.ONE_DAY else None
    return tuple(each for each in (currency, *column.not_over, day) if each is not None)


def _rule_of(part: Column, view: Dataset) -> Rule:
    return _rule(part, view) or Rule.SUM


def _described(column: Column, rule: Rule, view: Dataset) -> str:
    single = _single(column, rule, view)
    rules = {
        Rule.SUM: "",
        Rule.LAST: "A balance: the last one of each leaf, summed over leaves and not over days.",
        Rule.ONE_DAY: "A balance of single days.",
        Rule.RATIO: "Computed from its parts; never summed.",
        Rule.DISTINCT: "",
    }
    limit = f"Only where the rows have one {' and one '.join(single)}; else null." if single else ""
    return " ".join(each for each in (column.description, rules[rule], limit) if each)


def _counts(view: Dataset) -> Iterator[Measure]:
    if any(each.name == _EVENT for each in view.columns):
        yield Measure(
            name=EVENT_COUNT,
            rule=Rule.DISTINCT,
            label=label_of(EVENT_COUNT),
            description="Different events among the rows; counted again in every group.",
            column=_EVENT,
            unit=Unit.COUNT,
        )

"""Rules that a config must keep for its dataset: known columns, fitting values, allowed sums.

measure   may be summed over the rows of a group, but not over the columns of `not_over`
balance   is read as of a day, leaf by leaf, and summed over the leaves; never over days
ratio     never summed; computed from the sums of its parts
money     needs its currency in the report, as a group or filtered to one value
"""

from collections.abc import Iterator
from difflib import get_close_matches

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.balances import (
    ORGANIZATION,
    leaf_of,
    parts_of,
    reads_as_of,
)
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.derived_columns import (
    invalid_derived_columns,
    with_derived_columns,
)
from reporting_pipeline.report_definitions.document import InvalidField, quoted_name
from reporting_pipeline.report_definitions.filters import (
    OPERATORS,
    Comparison,
    Equals,
    InRange,
    IsNull,
    NoneOf,
    OneOf,
    comparisons,
    day_of_period,
    fixed_columns,
    typed_value,
)
from reporting_pipeline.report_definitions.period_days import period_day


def invalid_fields(config: ReportConfig, dataset: Dataset) -> list[InvalidField]:
    """All fields of the config that the dataset cannot answer; empty where it can."""
    if faults := invalid_derived_columns(config, dataset):
        return faults
    dataset = with_derived_columns(dataset, config)
    unknown = list(_unknown_columns(config, dataset))
    faults = [
        *unknown,
        *(fault for path, each in _comparisons(config) for fault in _unfit(path, each, dataset)),
        *_event_period(config, dataset),
    ]
    if unknown:
        return faults  # the other rules look names up
    return [*faults, *_sums(config, dataset), *_chart(config, dataset)]


def column_or_none(dataset: Dataset, name: str) -> Column | None:
    """The column of that name, if the dataset has it."""
    try:
        return dataset.column(name)
    except UnknownDataset:
        return None


def grouped_columns(config: ReportConfig, dataset: Dataset) -> tuple[str, ...]:
    """The columns that a grouped report is grouped by.

    A currency that the filters fix and the report shows is always one of them: it adds no row.
    """
    currency = currency_column(dataset)
    if currency is None or currency in config.group_by:
        return config.group_by
    is_shown = any(each.name == currency for each in config.columns)
    is_fixed = currency in fixed_columns(config.filters)
    return (*config.group_by, currency) if is_shown and is_fixed else config.group_by


def currency_column(dataset: Dataset) -> str | None:
    """The column with the currency of a row's money; the first where there are several."""
    for column in dataset.columns:
        if column.type is ColumnType.CURRENCY:
            return column.name
    return None


def has_total(column: Column, config: ReportConfig, dataset: Dataset) -> bool:
    """True if the column has a total over all rows; a ratio one from the totals of its parts.

    A figure has none over rows of several values of a column in `not_over`.

    A balance has one if no leaf is in two rows, as it is where the rows are of days.
    """
    if not set(column.not_over) <= fixed_columns(config.filters):
        return False
    match column.kind:
        case ColumnKind.MEASURE:
            return True
        case ColumnKind.BALANCE:
            return reads_as_of(config, dataset) and dataset.day_column not in config.group_by
        case ColumnKind.RATIO if parts_of(column):
            return all(
                has_total(dataset.column(each), config, dataset) for each in parts_of(column)
            )
        case _:
            return False


def _unknown_columns(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    asked = [(f"columns[{i}].name", each.name) for i, each in enumerate(config.columns)]
    asked += [(f"group_by[{i}]", name) for i, name in enumerate(config.group_by)]
    asked += [(f"sort[{i}].column", each.column) for i, each in enumerate(config.sort)]
    asked += [(f"{path}.column", each.column) for path, each in _comparisons(config)]
    if config.chart is not None:
        asked += [("chart.x", config.chart.x), ("chart.y", config.chart.y)]
    known = [column.name for column in dataset.columns]
    for field, name in asked:
        if name not in known:
            names = ", ".join(get_close_matches(name, known) or known)
            reason = (
                f"dataset {dataset.name} has no column {quoted_name(name)}; did you mean {names}?"
            )
            yield InvalidField(field, reason)


def _comparisons(config: ReportConfig) -> Iterator[tuple[str, Comparison]]:
    yield from comparisons(config.filters)
    yield from comparisons(config.having, "having")


def _unfit(path: str, comparison: Comparison, dataset: Dataset) -> Iterator[InvalidField]:
    column = column_or_none(dataset, comparison.column)
    if column is None:
        return
    if column.name == ORGANIZATION:
        reason = "a report has only rows of its definition's organisation; remove this filter"
        yield InvalidField(f"{path}.column", reason)
        return
    allowed = OPERATORS[column.type]
    if comparison.operator not in allowed:
        reason = (
            f"{comparison.operator} does not apply to {column.name}, which has type {column.type}; "
            f"use one of {', '.join(sorted(allowed))}"
        )
        yield InvalidField(f"{path}.operator", reason)
        return
    yield from _unfit_operands(path, comparison, column)


def _unfit_operands(path: str, comparison: Comparison, column: Column) -> Iterator[InvalidField]:
    fault_count = 0
    for field, value in _operands(comparison):
        if day_of_period(column, value) is not None:
            continue
        try:
            typed_value(column, value)
        except ValueError as error:
            fault_count += 1
            yield InvalidField(f"{path}.{field}", str(error))
    if isinstance(comparison, InRange) and fault_count == 0:
        yield from _unfit_range(path, comparison, column)


def _operands(comparison: Comparison) -> list[tuple[str, object]]:
    match comparison:
        case Equals():
            return [("value", comparison.value)]
        case OneOf() | NoneOf():
            return [(f"values[{index}]", each) for index, each in enumerate(comparison.values)]
        case InRange():
            bounds = (("from", comparison.first), ("to", comparison.end))
            return [(field, value) for field, value in bounds if value is not None]
        case IsNull():
            return []


def _unfit_range(path: str, comparison: InRange, column: Column) -> Iterator[InvalidField]:
    if comparison.first is None and comparison.end is None:
        yield InvalidField(f"{path}.from", "is missing; a range needs `from`, `to` or both")
    elif any(day_of_period(column, each) for _, each in _operands(comparison)):
        return
    elif comparison.first is not None and comparison.end is not None:
        first, end = typed_value(column, comparison.first), typed_value(column, comparison.end)
        if end <= first:
            reason = (
                f"{comparison.end} is not after `from`, {comparison.first}; a range ends before "
                "its `to`"
            )
            yield InvalidField(f"{path}.to", reason)


def _event_period(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    is_of_event = config.period.rule == "event_to_date"
    for path, each in _comparisons(config) if is_of_event else ():
        days = (period_day(value) for _, value in _operands(each))
        if any(day is not None and day.needs_first_day for day in days):
            reason = "period.first_day is not known of event_to_date, which begins with the event"
            yield InvalidField(path, reason)
    if is_of_event and column_or_none(dataset, "event_id") is None:
        reason = f"event_to_date covers one event; dataset {dataset.name} has no column event_id"
        yield InvalidField("period.rule", reason)


def _sums(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    yield from _filters_of_derived(config, dataset)
    yield from _currency(config, dataset)
    columns = [dataset.column(each.name) for each in config.columns]
    if config.totals and not any(has_total(each, config, dataset) for each in columns):
        reason = "the report has no figure that may be summed, so no totals"
        yield InvalidField("totals", reason, follows=True)
    if config.group_by:
        yield from _grouping(config, dataset)
        yield from _filters_of_balances(config, dataset)
    elif config.having:
        reason = "is only for grouped reports; use filters"
        yield InvalidField("having", reason, follows=True)


def _currency(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    money = [each.name for each in config.columns if dataset.column(each.name).unit is Unit.MINOR]
    currency = currency_column(dataset)
    if not money or currency is None:
        return
    if currency not in {each.name for each in config.columns}:
        reason = f"{money[0]} is money, which needs its currency; add the column {currency}"
        yield InvalidField("columns", reason, follows=True)
    elif config.group_by and currency not in grouped_columns(config, dataset):
        reason = (
            f"{money[0]} is money, and amounts of different currencies are never added; group by "
            f"{currency}, or filter it to one value with ="
        )
        yield InvalidField("group_by", reason, follows=True)


def _grouping(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    grouped = grouped_columns(config, dataset)
    for index, each in enumerate(config.columns):
        reason = _reason_against(dataset.column(each.name), config, dataset)
        if each.name not in grouped and reason is not None:
            yield InvalidField(f"columns[{index}].name", reason, follows=True)
    shown = {each.name for each in config.columns} | set(grouped)
    asked = [(f"sort[{index}].column", each.column) for index, each in enumerate(config.sort)]
    having = comparisons(config.having, "having")
    asked += [(f"{path}.column", each.column) for path, each in having]
    for field, name in asked:
        if name not in shown:
            reason = f"{name} is neither in group_by nor a column of this grouped report"
            yield InvalidField(field, reason, follows=True)
    for index, name in enumerate(config.group_by):
        if dataset.column(name).kind.is_figure:
            yield InvalidField(f"group_by[{index}]", f"{name} is a figure; group by other columns")


def _reason_against(column: Column, config: ReportConfig, dataset: Dataset) -> str | None:
    """The reason why a grouped report cannot show a column that it is not grouped by."""
    match column.kind:
        case ColumnKind.MEASURE:
            return _reason_of_separate_rows(column, config, dataset)
        case ColumnKind.RATIO if parts_of(column):
            reasons = (
                _reason_against(dataset.column(each), config, dataset) for each in parts_of(column)
            )
            return next((each for each in reasons if each is not None), None)
        case ColumnKind.BALANCE if reads_as_of(config, dataset):
            return _reason_of_separate_rows(column, config, dataset)
        case ColumnKind.BALANCE | ColumnKind.RATIO:
            grouped = grouped_columns(config, dataset)
            missing = [name for name in leaf_of(dataset) if name not in grouped]
            if not missing:
                return None
            return (
                f"{column.name} is a {column.kind}, which is never summed; to show its last value "
                f"of the period, also group by {', '.join(missing)}"
            )
        case _:
            return f"{column.name} is neither in group_by nor a measure; add it to group_by"


def _reason_of_separate_rows(column: Column, config: ReportConfig, dataset: Dataset) -> str | None:
    single = {*grouped_columns(config, dataset), *fixed_columns(config.filters)}
    missing = [name for name in column.not_over if name not in single]
    if not missing:
        return None
    names = ", ".join(missing)
    return (
        f"{column.name} is not summed over {names}; also group by {names}, or filter it to one "
        "value with ="
    )


def _filters_of_derived(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    for path, each in comparisons(config.filters):
        if dataset.column(each.column).is_derived:
            reason = f"{each.column} is computed from sums; compare it in `having`"
            yield InvalidField(f"{path}.column", reason)


def _filters_of_balances(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    """In a report of balances, filters select leaves: by what is the same on all their days."""
    if not reads_as_of(config, dataset):
        return
    for path, each in comparisons(config.filters):
        column = dataset.column(each.column)
        if column.is_derived:
            continue
        if column.name == dataset.day_column:
            reason = f"{column.name}: balances are read as of a day, which the period names"
            yield InvalidField(f"{path}.column", reason)
        elif column.kind.is_figure:
            reason = (
                f"{column.name} is a figure of single rows, and a balance is that of all days so "
                "far; filter keys or attributes, or compare the figure of a group in `having`"
            )
            yield InvalidField(f"{path}.column", reason)


def _chart(config: ReportConfig, dataset: Dataset) -> Iterator[InvalidField]:
    if config.chart is None:
        return
    shown = {each.name for each in config.columns}
    for field, name in (("chart.x", config.chart.x), ("chart.y", config.chart.y)):
        if name not in shown:
            yield InvalidField(field, f"{name} is not a column of the report", follows=True)
    if dataset.column(config.chart.x).type not in {ColumnType.DATE, ColumnType.TEXT}:
        yield InvalidField("chart.x", f"{config.chart.x} is neither a day nor text")
    if dataset.column(config.chart.y).kind is not ColumnKind.MEASURE:
        reason = f"{config.chart.y} is not a measure; only measures are summed"
        yield InvalidField("chart.y", reason)

"""Whether a dataset can answer what a config asks: names and operands, each with its field.

What belongs here: what needs the registry to be told. What does not: the schema (`config`), and
what may be summed and grouped (`additivity`).
"""

from collections.abc import Iterator
from difflib import get_close_matches

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.additivity import additivity_problems
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.filters import (
    Comparison,
    Equals,
    InRange,
    IsNull,
    NoneOf,
    OneOf,
    placed,
)
from reporting_pipeline.report_definitions.operands import OPERATORS, typed
from reporting_pipeline.report_definitions.problems import Problem, shown

ORGANIZATION = "organization_id"


def problems_with(config: ReportConfig, dataset: Dataset) -> list[Problem]:
    """Everything that the dataset cannot answer, by field of the config; empty where it can."""
    unknown = list(_unknown_columns(config, dataset))
    unfit = [
        problem for path, each in _comparisons(config) for problem in _unfit(path, each, dataset)
    ]
    problems = [*unknown, *unfit, *_event_period(config, dataset)]
    # What may be summed is only a question once every name is known.
    return (
        problems
        if unknown
        else [*problems, *additivity_problems(config, dataset), *_chart(config, dataset)]
    )


def column_of(dataset: Dataset, name: str) -> Column | None:
    """The column of that name, if the dataset has it."""
    try:
        return dataset.column(name)
    except UnknownDataset:
        return None


def _unknown_columns(config: ReportConfig, dataset: Dataset) -> Iterator[Problem]:
    asked = [(f"columns[{i}].name", each.name) for i, each in enumerate(config.columns)]
    asked += [(f"group_by[{i}]", name) for i, name in enumerate(config.group_by)]
    asked += [(f"sort[{i}].column", each.column) for i, each in enumerate(config.sort)]
    asked += [(f"{path}.column", each.column) for path, each in _comparisons(config)]
    if config.chart is not None:
        asked += [("chart.x", config.chart.x), ("chart.y", config.chart.y)]
    known = [column.name for column in dataset.columns]
    for field, name in asked:
        if name not in known:
            near = ", ".join(get_close_matches(name, known) or known)
            reason = f"dataset {dataset.name} has no column {shown(name)}; near it are {near}"
            yield Problem(field, reason)


def _comparisons(config: ReportConfig) -> Iterator[tuple[str, Comparison]]:
    yield from placed(config.filters)
    yield from placed(config.having, "having")


def _unfit(path: str, comparison: Comparison, dataset: Dataset) -> Iterator[Problem]:
    column = column_of(dataset, comparison.column)
    if column is None:
        return
    if column.name == ORGANIZATION:
        reason = "a report is of the organisation of its definition; take this filter out"
        yield Problem(f"{path}.column", reason)
        return
    allowed = OPERATORS[column.type]
    if comparison.operator not in allowed:
        reason = (
            f"{comparison.operator} is not for {column.name}, which is of type {column.type}; "
            f"there are {', '.join(sorted(allowed))}"
        )
        yield Problem(f"{path}.operator", reason)
        return
    yield from _unfit_operands(path, comparison, column)


def _unfit_operands(path: str, comparison: Comparison, column: Column) -> Iterator[Problem]:
    problem_count = 0
    for field, value in _operands(comparison):
        try:
            typed(column, value)
        except ValueError as error:
            problem_count += 1
            yield Problem(f"{path}.{field}", str(error))
    if isinstance(comparison, InRange) and problem_count == 0:
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


def _unfit_range(path: str, comparison: InRange, column: Column) -> Iterator[Problem]:
    if comparison.first is None and comparison.end is None:
        yield Problem(f"{path}.from", "is missing; a range has `from`, `to` or both")
    elif comparison.first is not None and comparison.end is not None:
        first, end = typed(column, comparison.first), typed(column, comparison.end)
        if end <= first:
            reason = f"{comparison.end} is not after from {comparison.first}; `to` is left out"
            yield Problem(f"{path}.to", reason)


def _event_period(config: ReportConfig, dataset: Dataset) -> Iterator[Problem]:
    if config.period.rule == "event_to_date" and column_of(dataset, "event_id") is None:
        reason = f"event_to_date is of one event; dataset {dataset.name} has no column event_id"
        yield Problem("period.rule", reason)


def _chart(config: ReportConfig, dataset: Dataset) -> Iterator[Problem]:
    if config.chart is None:
        return
    is_shown = {each.name for each in config.columns}
    for field, name in (("chart.x", config.chart.x), ("chart.y", config.chart.y)):
        if name not in is_shown:
            yield Problem(field, f"{name} is not among the report's columns")
    if dataset.column(config.chart.x).type not in {ColumnType.DATE, ColumnType.TEXT}:
        yield Problem("chart.x", f"{config.chart.x} is neither a day nor a name")
    if dataset.column(config.chart.y).kind is not ColumnKind.MEASURE:
        yield Problem("chart.y", f"{config.chart.y} is not a measure, the only kind that is summed")

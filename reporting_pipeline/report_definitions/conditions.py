"""What a filter becomes: a condition with bound values, and a sentence for people.

What belongs here: both forms of each operator. What does not: which operand fits (`operands`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, or_

from reporting_pipeline.registry.columns import Column, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.filters import (
    AllOf,
    AnyOf,
    Comparison,
    Equals,
    Filter,
    InRange,
    IsNull,
    NoneOf,
    OneOf,
)
from reporting_pipeline.report_definitions.operands import typed

Elements: TypeAlias = Mapping[str, ColumnElement[Any]]
"""The columns of a relation, by name; nothing else can be named in a statement."""

_MAX_VALUES_SAID = 20


def condition(filter_: Filter, dataset: Dataset, elements: Elements) -> ColumnElement[bool]:
    """The condition that a filter stands for; every value is bound."""
    if isinstance(filter_, AllOf):
        return and_(*(condition(each, dataset, elements) for each in filter_.filters))
    if isinstance(filter_, AnyOf):
        return or_(*(condition(each, dataset, elements) for each in filter_.filters))
    return _comparison(filter_, dataset.column(filter_.column), elements[filter_.column])


def _comparison(
    comparison: Comparison, column: Column, element: ColumnElement[Any]
) -> ColumnElement[bool]:
    match comparison:
        case Equals():
            equal: ColumnElement[bool] = element == typed(column, comparison.value)
            return equal
        case OneOf():
            return element.in_([typed(column, each) for each in comparison.values])
        case NoneOf():
            others = element.not_in([typed(column, each) for each in comparison.values])
            return or_(element.is_(None), others) if column.nullable else others
        case InRange():
            bounds = []
            if comparison.first is not None:
                bounds.append(element >= typed(column, comparison.first))
            if comparison.end is not None:
                bounds.append(element < typed(column, comparison.end))
            return and_(*bounds)
        case IsNull():
            return element.is_(None) if comparison.value else element.is_not(None)


def sentence(filter_: Filter, dataset: Dataset) -> str:
    """The filter as a person reads it, in English and in the words of the columns."""
    if isinstance(filter_, AllOf | AnyOf):
        word = " and " if isinstance(filter_, AllOf) else " or "
        return word.join(_within(each, dataset) for each in filter_.filters)
    column = dataset.column(filter_.column)
    unit = " (minor units)" if column.unit is Unit.MINOR else ""
    return f"{column.title}{unit} {_said(filter_, column)}"


def _within(filter_: Filter, dataset: Dataset) -> str:
    text = sentence(filter_, dataset)
    is_group = isinstance(filter_, AllOf | AnyOf) and len(filter_.filters) > 1
    return f"({text})" if is_group else text


def _said(comparison: Comparison, column: Column) -> str:
    match comparison:
        case Equals():
            return f"is {_value(comparison.value)}"
        case OneOf():
            return f"is one of {_said_values(comparison.values)}"
        case NoneOf():
            words = "is none of" if len(comparison.values) > 1 else "is not"
            return f"{words} {_said_values(comparison.values)}"
        case InRange():
            return _said_range(comparison, column)
        case IsNull():
            return "is empty" if comparison.value else "is not empty"


def _said_values(values: Sequence[object]) -> str:
    said = [_value(each) for each in values[:_MAX_VALUES_SAID]]
    if len(values) > _MAX_VALUES_SAID:
        said.append(f"{len(values) - _MAX_VALUES_SAID} more")
    return ", ".join(said)


def _said_range(comparison: InRange, column: Column) -> str:
    is_time = column.type in {ColumnType.DATE, ColumnType.INSTANT}
    words = []
    if comparison.first is not None:
        words.append(f"{'from' if is_time else 'at least'} {_value(comparison.first)}")
    if comparison.end is not None:
        words.append(f"{'before' if is_time else 'less than'} {_value(comparison.end)}")
    return f"is {' and '.join(words)}"


def _value(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str() if value == "" or value != value.strip():
            return f'"{value}"'
        case _:
            return str(value)

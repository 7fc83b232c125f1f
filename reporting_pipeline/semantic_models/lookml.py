"""LookML: a view file per view, and a model file with an explore of each.

A measure that cannot be summed has the type `number` and its own SQL, which Looker sends for every
grouping. Looker's symmetric aggregates need the key, which is hidden.
"""

from collections.abc import Sequence
from typing import Any

import lkml

from reporting_pipeline.registry.columns import Column, ColumnType, Unit
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.postgres_sql import aggregate, row_text
from reporting_pipeline.semantic_models.semantic_model import (
    Measure,
    Rule,
    SemanticModel,
    is_time,
    label_of,
)

_DAYS = ("raw", "date", "week", "month", "quarter", "year")
_INSTANTS = ("raw", "time", *_DAYS[1:])
_TYPES = {ColumnType.BIGINT: "number", ColumnType.RATIO: "number", ColumnType.BOOLEAN: "yesno"}
_FORMATS = {Unit.RATE: "0.0%", Unit.COUNT: "#,##0", Unit.MINOR: "#,##0", None: "0"}


def files(models: Sequence[SemanticModel], place: Place) -> dict[str, bytes]:
    """The view files and the model file, whose connection has the name of the database."""
    written: dict[str, dict[str, Any]] = {
        f"views/{each.name}.view.lkml": {"views": [_view(each, place)]} for each in models
    }
    written["reporting_bi.model.lkml"] = {
        "connection": place.database,
        "includes": ["/views/*.view.lkml"],
        "explores": [
            {"name": each.name, "label": each.view.title, "description": each.description}
            for each in models
        ],
    }
    return {name: f"{lkml.dump(tree)}\n".encode() for name, tree in written.items()}


def _view(model: SemanticModel, place: Place) -> dict[str, Any]:
    return {
        "name": model.name,
        "label": model.view.title,
        "sql_table_name": f"{place.schema}.{model.name}",
        "dimensions": [_key(model), *(_dimension(c) for c in model.dimensions if not is_time(c))],
        "dimension_groups": [_group(c) for c in model.dimensions if is_time(c)],
        "measures": [_measure(model, each) for each in model.measures],
    }


def _reference(name: str) -> str:
    return f"${{TABLE}}.{name}"


def _key(model: SemanticModel) -> dict[str, Any]:
    return {
        "name": "row_key",
        "primary_key": "yes",
        "hidden": "yes",
        "type": "string",
        "sql": row_text(model, _reference),
    }


def _dimension(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "label": label_of(column.name, column.unit),
        "description": column.description,
        "type": _TYPES.get(column.type, "string"),
        "sql": _reference(column.name),
    }


def _group(column: Column) -> dict[str, Any]:
    is_day = column.type is ColumnType.DATE
    return {
        # A group has its own name before each timeframe: `date` gives `date_week` and `date_month`.
        "name": column.name.removesuffix("_at"),
        "label": label_of(column.name),
        "description": column.description,
        "type": "time",
        "timeframes": list(_DAYS if is_day else _INSTANTS),
        "datatype": "date" if is_day else "timestamp",
        "convert_tz": "no" if is_day else "yes",  # a report day is a local day already
        "sql": _reference(column.name),
    }


def _measure(model: SemanticModel, measure: Measure) -> dict[str, Any]:
    described = {
        "name": measure.name,
        "label": measure.label,
        "description": measure.description,
        "value_format": _FORMATS[measure.unit],
    }
    if measure.rule is Rule.SUM and not measure.single:
        return {**described, "type": "sum", "sql": _reference(measure.column)}
    if measure.rule is Rule.DISTINCT:
        return {**described, "type": "count_distinct", "sql": _reference(measure.column)}
    return {**described, "type": "number", "sql": aggregate(model, measure, _reference)}

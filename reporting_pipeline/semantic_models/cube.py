"""Cube: a data model of one cube per view, as YAML.

A measure that cannot be summed has the type `number`: Cube then sends it to PostgreSQL for each
grouping, and never adds up figures of a pre-aggregation.
"""

from collections.abc import Sequence
from typing import Any

import yaml

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

_KEY = "row_key"
_TYPES = {ColumnType.BIGINT: "number", ColumnType.RATIO: "number", ColumnType.BOOLEAN: "boolean"}


def files(models: Sequence[SemanticModel], place: Place) -> dict[str, bytes]:
    """A file per cube; Cube itself has the connection in its environment."""
    return {
        f"model/cubes/{model.name}.yml": yaml.safe_dump(
            {"cubes": [_cube(model, place)]}, sort_keys=False, allow_unicode=True
        ).encode()
        for model in models
    }


def _cube(model: SemanticModel, place: Place) -> dict[str, Any]:
    return {
        "name": model.name,
        "sql_table": f"{place.schema}.{model.name}",
        "title": model.view.title,
        "description": model.description,
        "dimensions": [_key(model), *map(_dimension, model.dimensions)],
        "measures": [_measure(model, each) for each in model.measures],
    }


def _reference(name: str) -> str:
    return f"{{CUBE}}.{name}"


def _key(model: SemanticModel) -> dict[str, Any]:
    return {
        "name": _KEY,
        "sql": row_text(model, _reference),
        "type": "string",
        "primary_key": True,
        "public": False,
    }


def _dimension(column: Column) -> dict[str, Any]:
    sql = _reference(column.name)
    return {
        "name": column.name,
        "sql": f"cast({sql} as timestamp)" if column.type is ColumnType.DATE else sql,
        "type": "time" if is_time(column) else _TYPES.get(column.type, "string"),
        "title": label_of(column.name, column.unit),
        "description": column.description,
    }


def _measure(model: SemanticModel, measure: Measure) -> dict[str, Any]:
    described = {
        "name": measure.name,
        "title": measure.label,
        "description": measure.description,
    }
    if measure.rule is Rule.SUM and not measure.single:
        return {**described, "sql": _reference(measure.column), "type": "sum"}
    if measure.rule is Rule.DISTINCT:
        return {**described, "sql": _reference(measure.column), "type": "count_distinct"}
    format_ = {"format": "percent"} if measure.unit is Unit.RATE else {}
    return {
        **described,
        "sql": aggregate(model, measure, _reference),
        "type": "number",
        **format_,
    }

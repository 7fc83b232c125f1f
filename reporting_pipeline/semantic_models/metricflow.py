"""dbt semantic models and metrics, as MetricFlow reads them: a small dbt project of its own.

Its models have the names of the views and are never run: dbt only learns where the views are. A
metric's name begins with the view's, because metrics share one space of names.

MetricFlow cannot demand a dimension. So a metric of money is derived: it compares the first and the
last currency of its rows and is null where they differ. The sums that it is made from end in
`_unguarded`, and are for these metrics only.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from reporting_pipeline.registry.columns import Column, ColumnKind
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.postgres_sql import leaf_text, quotient, row_text
from reporting_pipeline.semantic_models.semantic_model import (
    Measure,
    Rule,
    SemanticModel,
    is_time,
    label_of,
)

_LEAF = "leaf"
_NOT_RUN = """{{{{ config(materialized='view', schema='{schema}', alias='{name}') }}}}
{{%- if execute and flags.WHICH in ('run', 'build') -%}}
    {{{{ exceptions.raise_compiler_error(
        "{schema} is made by `reporting migrate`; this project only describes it"
    ) }}}}
{{%- endif -%}}
select * from {schema}.{name}
"""
_SCHEMA_NAME = """{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
"""
_PROJECT = {
    "name": "reporting_bi",
    "version": "1.0.0",
    "config-version": 2,
    "profile": "reporting_bi",
    "model-paths": ["models"],
    "flags": {"send_anonymous_usage_stats": False},
}


def files(models: Sequence[SemanticModel], place: Place) -> dict[str, bytes]:
    """The project; its profile takes the password from REPORTING_BI_PASSWORD."""
    written: dict[str, bytes] = {
        "dbt_project.yml": _yaml(_PROJECT),
        "profiles.yml": _yaml(_profile(place)),
        "macros/generate_schema_name.sql": _SCHEMA_NAME.encode(),
        "models/days.sql": _model_sql("days", place),
        "models/days.yml": _yaml(_TIME_SPINE),
    }
    for model in models:
        written[f"models/{model.name}.sql"] = _model_sql(model.name, place)
        if model.day is not None:
            written[f"models/{model.name}.yml"] = _yaml(
                {"semantic_models": [_semantic_model(model)], "metrics": list(_metrics(model))}
            )
    return written


_TIME_SPINE = {
    "models": [
        {
            "name": "days",
            "description": "Every day of a century.",
            "time_spine": {"standard_granularity_column": "date"},
            "columns": [{"name": "date", "granularity": "day"}],
        }
    ]
}


def _yaml(tree: object) -> bytes:
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    return text.encode()


def _model_sql(name: str, place: Place) -> bytes:
    return _NOT_RUN.format(schema=place.schema, name=name).encode()


def _profile(place: Place) -> dict[str, Any]:
    output = {
        "type": "postgres",
        "host": place.host,
        "port": place.port,
        "dbname": place.database,
        "user": place.user,
        "password": "{{ env_var('REPORTING_BI_PASSWORD') }}",
        "schema": place.schema,
        "threads": 1,
    }
    return {"reporting_bi": {"target": "bi", "outputs": {"bi": output}}}


def _semantic_model(model: SemanticModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "model": f"ref('{model.name}')",
        "label": model.view.title,
        "description": model.description,
        "defaults": {"agg_time_dimension": model.day},
        "entities": list(_entities(model)),
        "dimensions": [_dimension(each) for each in model.dimensions if not _is_id(each)],
        "measures": list(_measures(model)),
    }


def _is_id(column: Column) -> bool:
    return column.name.endswith("_id") and column.kind in {ColumnKind.KEY, ColumnKind.ATTRIBUTE}


def _entities(model: SemanticModel) -> Iterator[dict[str, Any]]:
    yield {"name": f"{model.name}_row", "type": "primary", "expr": row_text(model)}
    yield {"name": f"{model.name}_{_LEAF}", "type": "foreign", "expr": leaf_text(model)}
    for column in model.dimensions:
        if _is_id(column):
            name = column.name.removesuffix("_id")
            yield {"name": name, "type": "foreign", "expr": column.name}


def _dimension(column: Column) -> dict[str, Any]:
    described = {
        "name": column.name,
        "label": label_of(column.name, column.unit),
        "description": column.description,
    }
    if is_time(column):
        # An instant is grouped by its day too: MetricFlow wants a calendar of its finest unit.
        return {**described, "type": "time", "type_params": {"time_granularity": "day"}}
    return {**described, "type": "categorical"}


def _measures(model: SemanticModel) -> Iterator[dict[str, Any]]:
    for measure in model.measures:
        if measure.rule is not Rule.RATIO:
            yield _measure(model, measure)
    for name in _guards(model):
        for bound, aggregation in (("first", "min"), ("last", "max")):
            yield {
                "name": _bound(model, bound, name),
                "description": f"The {bound} {name} of the rows, in the order of its texts.",
                "agg": aggregation,
                "expr": _text_of(model, name),
            }


def _measure(model: SemanticModel, measure: Measure) -> dict[str, Any]:
    aggregation = "count_distinct" if measure.rule is Rule.DISTINCT else "sum"
    written: dict[str, Any] = {
        "name": _unguarded(model, measure),
        "label": measure.label,
        "description": measure.description,
        "agg": aggregation,
        "expr": measure.column,
    }
    if measure.rule is Rule.LAST:
        written["non_additive_dimension"] = {
            "name": model.day,
            "window_choice": "max",
            "window_groupings": [f"{model.name}_{_LEAF}"],
        }
    return written


def _metrics(model: SemanticModel) -> Iterator[dict[str, Any]]:
    for name in _guards(model):
        for bound in ("first", "last"):
            yield _simple(_bound(model, bound, name), f"The {bound} {name} of the rows.")
    for measure in model.measures:
        if measure.rule is not Rule.RATIO and measure.single:
            text = (
                f"A part of {_name(model, measure)}. It mixes what must not be added: do not use."
            )
            yield _simple(_unguarded(model, measure), text)
        yield _metric(model, measure)


def _simple(name: str, description: str, label: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "label": label or label_of(name),
        "description": description,
        "type": "simple",
        "type_params": {"measure": name},
    }


def _metric(model: SemanticModel, measure: Measure) -> dict[str, Any]:
    name, label = _name(model, measure), f"{model.view.title}: {measure.label}"
    if measure.rule is not Rule.RATIO and not measure.single:
        return _simple(name, measure.description, label)
    inputs = _inputs(model, measure)
    guards = [
        f"{_bound(model, 'first', each)} = {_bound(model, 'last', each)}" for each in measure.single
    ]
    value = _derived_value(model, measure)
    return {
        "name": name,
        "label": label,
        "description": measure.description,
        "type": "derived",
        "type_params": {
            "expr": f"case when {' and '.join(guards)} then {value} end" if guards else value,
            "metrics": [{"name": each} for each in inputs],
        },
    }


def _inputs(model: SemanticModel, measure: Measure) -> list[str]:
    bounds = [_bound(model, bound, name) for name in measure.single for bound in ("first", "last")]
    parts = (*measure.numerator, *measure.denominator) or (measure.name,)
    sums = [_unguarded(model, model.measure(each)) for each in dict.fromkeys(parts)]
    return [*sums, *bounds]


def _derived_value(model: SemanticModel, measure: Measure) -> str:
    if measure.rule is not Rule.RATIO:
        return _unguarded(model, measure)
    dividend, divisor = (
        " + ".join(_unguarded(model, model.measure(each)) for each in names)
        for names in (measure.numerator, measure.denominator)
    )
    return quotient(dividend, divisor)


def _name(model: SemanticModel, measure: Measure) -> str:
    return f"{model.name}_{measure.name}"


def _unguarded(model: SemanticModel, measure: Measure) -> str:
    """The name of the measure before its guards; of one without guards, its own."""
    return f"{_name(model, measure)}_unguarded" if measure.single else _name(model, measure)


def _bound(model: SemanticModel, bound: str, name: str) -> str:
    return f"{model.name}_{bound}_{name}"


def _guards(model: SemanticModel) -> tuple[str, ...]:
    """The columns that some measure needs one value of."""
    return tuple(dict.fromkeys(name for each in model.measures for name in each.single))


def _text_of(model: SemanticModel, name: str) -> str:
    """A null is a value of its own: without it, rows with and without a value would seem equal."""
    return f"coalesce({name}, '')" if model.view.column(name).nullable else name

"""A measure as one aggregate of PostgreSQL, whatever it is grouped by and filtered to.

Superset, Cube, LookML and Tableau's direct connection all send SQL, so one expression keeps the
rules in all of them. A sum of balances calls `reporting_bi.sum_of_last`, which `building.bi_views`
makes. A tool that computes by itself, on an extract for example, cannot use it.
"""

from collections.abc import Callable
from typing import TypeAlias

from reporting_pipeline.registry.bi_views import BI_SCHEMA
from reporting_pipeline.semantic_models.semantic_model import Measure, Rule, SemanticModel

Reference: TypeAlias = Callable[[str], str]
"""How a language names a column of the view in SQL: `gross_minor` is `${TABLE}.gross_minor`."""


def aggregate(model: SemanticModel, measure: Measure, reference: Reference = str) -> str:
    """The expression of a measure; null where the rows have several values of a `single` column."""
    value = _value(model, measure, reference)
    guards = [_is_single(model, each, reference) for each in measure.single]
    return f"case when {' and '.join(guards)} then {value} end" if guards else value


def leaf_text(model: SemanticModel, reference: Reference = str) -> str:
    """The leaf of a row as one text."""
    return f"cast(row({', '.join(map(reference, model.leaf))}) as text)"


def row_text(model: SemanticModel, reference: Reference = str) -> str:
    """The key of a row as one text."""
    return f"cast(row({', '.join(map(reference, model.view.key))}) as text)"


def _value(model: SemanticModel, measure: Measure, reference: Reference) -> str:
    column = reference(measure.column)
    match measure.rule:
        case Rule.SUM | Rule.ONE_DAY:
            return f"sum({column})"
        case Rule.LAST:
            lists = (leaf_text(model, reference), reference(model.day or ""), column)
            of_rows = ", ".join(f"array_agg({each})" for each in lists)
            return f"{BI_SCHEMA}.sum_of_last({of_rows})"
        case Rule.DISTINCT:
            return f"count(distinct {column})"
        case Rule.RATIO:
            dividend, divisor = (
                " + ".join(_value(model, model.measure(each), reference) for each in names)
                for names in (measure.numerator, measure.denominator)
            )
            return quotient(dividend, divisor)


def quotient(dividend: str, divisor: str) -> str:
    """A ratio of two whole numbers, with six decimals; null where the divisor is not above 0."""
    return f"case when ({divisor}) > 0 then round(cast({dividend} as numeric) / ({divisor}), 6) end"


def _is_single(model: SemanticModel, name: str, reference: Reference) -> str:
    column = reference(name)
    if model.view.column(name).nullable:
        return f"(min({column}) is not distinct from max({column})" + (
            f" and count({column}) in (0, count(*)))"
        )
    return f"min({column}) = max({column})"

"""Compiles a config, an organisation and a period into the statements of a report.

Text of a definition never becomes SQL: columns are looked up among those of the dataset, and every
value is bound. The organisation and the period are always among the conditions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, cast, collate, func, null, select
from sqlalchemy.dialects.postgresql import CHAR
from sqlalchemy.sql.selectable import Subquery

from reporting_pipeline.domain.period import Period
from reporting_pipeline.languages import translated
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.registry.datasets import dataset as registered
from reporting_pipeline.report_definitions.additivity import (
    currency_column,
    grouped_columns,
    has_total,
    invalid_fields,
)
from reporting_pipeline.report_definitions.balances import ORGANIZATION, parts_of
from reporting_pipeline.report_definitions.conditions import Asked, Elements, Query
from reporting_pipeline.report_definitions.config import ReportConfig, SortKey
from reporting_pipeline.report_definitions.derived_columns import with_derived_columns
from reporting_pipeline.report_definitions.document import raise_if_invalid
from reporting_pipeline.report_definitions.filters import sentence
from reporting_pipeline.report_definitions.grouping import groups
from reporting_pipeline.report_definitions.ratios import quotient

_SORTED_BY_BYTES = frozenset({ColumnType.CURRENCY, ColumnType.TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportColumn:
    """One column of a report.

    Attributes:
        column: The column of the dataset; its name is the name in machine formats.
        label: The heading from the definition; None: the column's own title.
        heading: The heading in the language of the report, if it is another one.
        words: The words that people read in place of its values, by the value.
        is_summed: Totals have it: measures and balances of the rows, and ratios from their parts.
    """

    column: Column
    label: str | None = None
    heading: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    is_summed: bool = False

    @property
    def name(self) -> str:
        """Its name in machine formats, unless the definition labels it."""
        return self.column.name

    @property
    def machine_header(self) -> str:
        """Its header in files for machines: the label, but of minor units always the name.

        A person's label would hide that the amounts are not in major units.
        """
        is_minor = self.column.unit is Unit.MINOR
        return self.column.name if is_minor else self.label or self.column.name

    @property
    def header(self) -> str:
        """Its header in files for people."""
        return self.heading or self.label or self.column.title


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledReport:
    """The statements of one report: a definition's version, for an organisation and a period.

    Attributes:
        columns: The columns of the rows, in the order of the file.
        key: Names of the columns that identify a row of the report, if it shows all of them;
            otherwise empty. Names that follow from an id of the key are left out.
        currency: Name of the column with the currency of the money; None where the report shows
            no money.
        rows: The columns as typed values, in a total order: the same rows give the same sequence.
        count: One number, the number of rows.
        totals: One row per currency, ordered by it, null for figures without currency: `currency`,
            then each summed column by name as whole `numeric`. No rows where the report has no
            rows. None: the report shows no measure. `totals` of the definition decides whether
            files show them.
        filters: The filters as sentences for people.
    """

    columns: tuple[ReportColumn, ...]
    key: tuple[str, ...]
    currency: str | None
    rows: Query
    count: Query
    totals: Query | None
    filters: tuple[str, ...]


def compile_report(config: ReportConfig, organization_id: UUID, period: Period) -> CompiledReport:
    """Compile a report over its dataset in the registry.

    Raises:
        UnknownDataset: No dataset has that name.
        DefinitionInvalid: The dataset cannot answer the config, or not for this period.
    """
    return compile_over(registered(config.dataset), config, organization_id, period)


def report_columns(dataset: Dataset, config: ReportConfig) -> tuple[ReportColumn, ...]:
    """The columns of a report, in their order; the dataset can answer the config."""
    dataset = with_derived_columns(dataset, config)
    return tuple(
        ReportColumn(
            column=dataset.column(each.name),
            label=each.label,
            is_summed=has_total(dataset.column(each.name), config, dataset),
        )
        for each in config.columns
    )


def compile_over(
    dataset: Dataset, config: ReportConfig, organization_id: UUID, period: Period
) -> CompiledReport:
    """Compile a report over this dataset, whatever dataset the config names.

    Raises:
        DefinitionInvalid: As compile_report.
    """
    raise_if_invalid(invalid_fields(config, dataset), f"a report of dataset {dataset.name}")
    columns = report_columns(dataset, config)
    dataset = with_derived_columns(dataset, config)
    currency = _currency(columns, dataset)
    asked = Asked(dataset=dataset, config=config, organization_id=organization_id, period=period)
    report = _relation(asked)
    return CompiledReport(
        columns=columns,
        key=_key(config, dataset, period),
        currency=currency,
        rows=_rows(report, columns, config, dataset),
        count=select(func.count()).select_from(report),
        totals=_totals(report, columns, currency),
        filters=(
            *(sentence(each, dataset, config.locale) for each in config.filters),
            *(
                translated("Rows of which {sentence}", config.locale, sentence=of_rows)
                for of_rows in (sentence(each, dataset, config.locale) for each in config.having)
            ),
        ),
    )


def _relation(asked: Asked) -> Subquery:
    """The report's rows without an order: its columns, its sort keys and the parts of ratios."""
    config, dataset = asked.config, asked.dataset
    if config.group_by:
        grouped = groups(asked).subquery("groups")
        figures: Elements = dict(grouped.c)
        conditions = (asked.condition(each, figures) for each in config.having)
        return select(grouped).where(*conditions).subquery("report")
    rows = asked.relation("rows")
    elements: Elements = dict(rows.c)
    names = [each.name for each in config.columns]
    names += [part for name in names for part in parts_of(dataset.column(name))]
    names += [each.column for each in _total_order(config, dataset)]
    statement: Query = select(
        *(
            elements[name]
            if name in elements
            else quotient(dataset.column(name), elements).label(name)
            for name in dict.fromkeys(names)
        )
    ).where(*asked.of_owner(elements), *asked.in_period(elements), *asked.filtered(elements))
    return statement.subquery("report")


def _rows(
    report: Subquery, columns: tuple[ReportColumn, ...], config: ReportConfig, dataset: Dataset
) -> Query:
    order = [
        _sort_element(report.c[each.column], dataset.column(each.column), each)
        for each in _total_order(config, dataset)
    ]
    return select(*(report.c[each.name] for each in columns)).order_by(*order)


def _total_order(config: ReportConfig, dataset: Dataset) -> tuple[SortKey, ...]:
    """The definition's sort keys, then the columns that make any two rows differ."""
    asked = {each.column for each in config.sort}
    if config.group_by:
        identifying = grouped_columns(config, dataset)
    else:
        identifying = dataset.key or tuple(each.name for each in config.columns)
    rest = (name for name in identifying if name not in asked and name != ORGANIZATION)
    return (*config.sort, *(SortKey(column=name) for name in rest))


def _sort_element(
    element: ColumnElement[Any], sorted_column: Column, key: SortKey
) -> ColumnElement[Any]:
    if sorted_column.type in _SORTED_BY_BYTES:
        element = collate(element, "C")
    return (element.desc() if key.descending else element.asc()).nulls_last()


def _totals(
    report: Subquery, columns: tuple[ReportColumn, ...], currency: str | None
) -> Query | None:
    sums: Elements = {name: func.sum(element) for name, element in report.c.items()}
    summed = [
        (
            quotient(each.column, sums) if each.column.kind is ColumnKind.RATIO else sums[each.name]
        ).label(each.name)
        for each in columns
        if each.is_summed
    ]
    if not summed:
        return None
    if currency is None:
        no_currency = cast(null(), CHAR(3)).label("currency")
        return select(no_currency, *summed).having(func.count() > 0)
    by = report.c[currency]
    statement: Query = select(by.label("currency"), *summed).group_by(by)
    return statement.order_by(collate(by, "C").asc().nulls_last())


def _currency(columns: tuple[ReportColumn, ...], dataset: Dataset) -> str | None:
    has_money = any(each.column.unit is Unit.MINOR for each in columns)
    return currency_column(dataset) if has_money else None


def _key(config: ReportConfig, dataset: Dataset, period: Period) -> tuple[str, ...]:
    """The columns that identify a row, if the report shows all of them."""
    names = grouped_columns(config, dataset) if config.group_by else dataset.key
    following = {f"{name.removesuffix('_id')}_name" for name in names if name.endswith("_id")}
    same_in_all_rows = {ORGANIZATION} if period.event_id is None else {ORGANIZATION, "event_id"}
    key = tuple(name for name in names if name not in following | same_in_all_rows)
    shown = {each.name for each in config.columns}
    return key if shown.issuperset(key) else ()

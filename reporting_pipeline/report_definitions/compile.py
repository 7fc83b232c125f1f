"""From a config, an organisation and a period to the statements of a report.

A definition's words never become SQL text: columns are looked up among those of the dataset, and
every value is bound. The organisation and the period are always among the conditions.

What belongs here: the statements. What does not: running them (`exports.row_spool`), and what may
be asked (`answerable`).
"""

from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Cast,
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Select,
    Text,
    Uuid,
    cast,
    collate,
    column,
    func,
    null,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, CHAR, aggregate_order_by
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeEngine

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.registry.datasets import dataset as registered
from reporting_pipeline.report_definitions.additivity import (
    currency_column,
    grouped_columns,
    is_opening,
)
from reporting_pipeline.report_definitions.answerable import ORGANIZATION, column_of, problems_with
from reporting_pipeline.report_definitions.compiled import CompiledReport, Query, ReportColumn
from reporting_pipeline.report_definitions.conditions import Elements, condition, sentence
from reporting_pipeline.report_definitions.config import ReportConfig, SortKey
from reporting_pipeline.report_definitions.problems import refuse

_TYPES: MappingProxyType[ColumnType, TypeEngine[Any]] = MappingProxyType(
    {
        ColumnType.BIGINT: BigInteger(),
        ColumnType.BOOLEAN: Boolean(),
        ColumnType.CURRENCY: CHAR(3),
        ColumnType.DATE: Date(),
        ColumnType.INSTANT: DateTime(timezone=True),
        ColumnType.RATIO: Numeric(12, 6),
        ColumnType.TEXT: Text(),
        ColumnType.UUID: Uuid(),
        ColumnType.UUIDS: ARRAY(Uuid()),
    }
)
_BY_BYTES = frozenset({ColumnType.CURRENCY, ColumnType.TEXT})


def compile_report(config: ReportConfig, organization_id: UUID, period: Period) -> CompiledReport:
    """The statements of a report over a dataset of the registry.

    Raises:
        UnknownDataset: No dataset has that name.
        DefinitionInvalid: The dataset cannot answer the config, or not for this period.
    """
    return compile_over(registered(config.dataset), config, organization_id, period)


def compile_over(
    dataset: Dataset, config: ReportConfig, organization_id: UUID, period: Period
) -> CompiledReport:
    """The statements of a report over this dataset, whatever the config's is called.

    Raises:
        DefinitionInvalid: As compile_report.
    """
    refuse(problems_with(config, dataset), f"a report of dataset {dataset.name}")
    columns = tuple(
        ReportColumn(
            column=dataset.column(each.name),
            label=each.label,
            is_summed=dataset.column(each.name).kind is ColumnKind.MEASURE,
        )
        for each in config.columns
    )
    currency = _currency(columns, dataset)
    report = _relation(dataset, config, organization_id, period)
    return CompiledReport(
        columns=columns,
        key=_key(config, dataset, period),
        currency=currency,
        rows=_rows(report, columns, config, dataset),
        count=select(func.count()).select_from(report),
        totals=_totals(report, columns, currency),
        filters=(
            *(sentence(each, dataset) for each in config.filters),
            *(f"Rows of which {sentence(each, dataset)}" for each in config.having),
        ),
    )


def _relation(
    dataset: Dataset, config: ReportConfig, organization_id: UUID, period: Period
) -> Subquery:
    """The report's rows in no order: its columns and those that it is sorted by."""
    source = table(
        dataset.relation,
        *(column(each.name, _TYPES[each.type]) for each in dataset.columns),
        schema=dataset.schema,
    )
    elements: Elements = dict(source.c)
    statement: Query = select(*_selected(dataset, config, elements)).where(
        elements[ORGANIZATION] == organization_id,
        *_in_period(dataset, elements, period),
        *(condition(each, dataset, elements) for each in config.filters),
    )
    if config.group_by:
        grouped = (elements[name] for name in grouped_columns(config, dataset))
        groups = statement.group_by(*grouped).subquery("groups")
        figures: Elements = dict(groups.c)
        conditions = (condition(each, dataset, figures) for each in config.having)
        statement = select(groups).where(*conditions)
    return statement.subquery("report")


def _in_period(dataset: Dataset, elements: Elements, period: Period) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if dataset.day_column is not None:
        day = elements[dataset.day_column]
        conditions.append(day < period.end)
        if period.first is not None:
            conditions.append(day >= period.first)
    if period.event_id is not None:
        if column_of(dataset, "event_id") is None:
            message = (
                f"period {period.token} is of one event; dataset {dataset.name} has no column "
                "event_id"
            )
            raise DefinitionInvalid(message)
        conditions.append(elements["event_id"] == period.event_id)
    return conditions


def _selected(
    dataset: Dataset, config: ReportConfig, elements: Elements
) -> list[ColumnElement[Any]]:
    shown = [each.name for each in config.columns]
    if not config.group_by:
        sorted_by = [each.column for each in _total_order(config, dataset)]
        return [elements[name] for name in dict.fromkeys((*shown, *sorted_by))]
    grouped = grouped_columns(config, dataset)
    return [
        elements[name]
        if name in grouped
        else _aggregated(dataset.column(name), dataset, elements).label(name)
        for name in dict.fromkeys((*shown, *grouped))
    ]


def _aggregated(
    figure: Column, dataset: Dataset, elements: Elements
) -> Cast[Any] | ColumnElement[Any]:
    """A figure of a group: the sum of a measure, the last of any other, the first opening."""
    element = elements[figure.name]
    if figure.kind is ColumnKind.MEASURE:
        # PostgreSQL sums bigint as numeric; a sum beyond 64 bits is an error, never another figure.
        return cast(func.sum(element), BigInteger())
    if dataset.day_column is None:
        return func.max(element)  # a group is one row
    day = elements[dataset.day_column]
    by_day = aggregate_order_by(element, day.asc() if is_opening(figure) else day.desc())
    return func.array_agg(by_day, type_=ARRAY(_TYPES[figure.type]))[1]


def _rows(
    report: Subquery, columns: tuple[ReportColumn, ...], config: ReportConfig, dataset: Dataset
) -> Query:
    order = [
        _sort_element(report.c[each.column], dataset.column(each.column), each)
        for each in _total_order(config, dataset)
    ]
    return select(*(report.c[each.name] for each in columns)).order_by(*order)


def _total_order(config: ReportConfig, dataset: Dataset) -> tuple[SortKey, ...]:
    """The definition's sort keys, then what makes any two rows differ."""
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
    if sorted_column.type in _BY_BYTES:
        element = collate(element, "C")
    return (element.desc() if key.descending else element.asc()).nulls_last()


def _totals(
    report: Subquery, columns: tuple[ReportColumn, ...], currency: str | None
) -> Query | None:
    summed = [func.sum(report.c[each.name]).label(each.name) for each in columns if each.is_summed]
    if not summed:
        return None
    if currency is None:
        nothing = cast(null(), CHAR(3)).label("currency")
        return select(nothing, *summed).having(func.count() > 0)
    of = report.c[currency]
    statement: Select[*tuple[Any, ...]] = select(of.label("currency"), *summed).group_by(of)
    return statement.order_by(collate(of, "C").asc().nulls_last())


def _currency(columns: tuple[ReportColumn, ...], dataset: Dataset) -> str | None:
    has_money = any(each.column.unit is Unit.MINOR for each in columns)
    return currency_column(dataset) if has_money else None


def _key(config: ReportConfig, dataset: Dataset, period: Period) -> tuple[str, ...]:
    """What identifies a row, if the report shows all of it."""
    names = grouped_columns(config, dataset) if config.group_by else dataset.key
    following = {f"{name.removesuffix('_id')}_name" for name in names if name.endswith("_id")}
    same_in_all_rows = {ORGANIZATION} if period.event_id is None else {ORGANIZATION, "event_id"}
    key = tuple(name for name in names if name not in following | same_in_all_rows)
    shown = {each.name for each in config.columns}
    return key if shown.issuperset(key) else ()

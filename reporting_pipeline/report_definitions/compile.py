"""Compiles a config, an organisation and a period into the statements of a report.

Text of a definition never becomes SQL: columns are looked up among those of the dataset, and every
value is bound. The organisation and the period are always among the conditions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias
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
    and_,
    cast,
    collate,
    column,
    func,
    null,
    or_,
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
    ORGANIZATION,
    column_or_none,
    currency_column,
    grouped_columns,
    invalid_fields,
    is_opening,
)
from reporting_pipeline.report_definitions.config import ReportConfig, SortKey
from reporting_pipeline.report_definitions.document import raise_if_invalid
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
    sentence,
    typed_value,
)

Query: TypeAlias = Select[*tuple[Any, ...]]
"""A statement that reads rows of some columns."""

_Elements: TypeAlias = Mapping[str, ColumnElement[Any]]
# The columns of a relation, by name; a statement can name no others.

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
_SORTED_BY_BYTES = frozenset({ColumnType.CURRENCY, ColumnType.TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportColumn:
    """One column of a report.

    Attributes:
        column: The column of the dataset; its name is the name in machine formats.
        label: The heading from the definition; None: the column's own title.
        is_summed: Totals have it: measures only.
    """

    column: Column
    label: str | None = None
    is_summed: bool = False

    @property
    def name(self) -> str:
        """Its name in machine formats, unless the definition labels it."""
        return self.column.name

    @property
    def machine_header(self) -> str:
        """Its header in files for machines: the label if the definition has one."""
        return self.label or self.column.name

    @property
    def header(self) -> str:
        """Its header in files for people."""
        return self.label or self.column.title


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


def compile_over(
    dataset: Dataset, config: ReportConfig, organization_id: UUID, period: Period
) -> CompiledReport:
    """Compile a report over this dataset, whatever dataset the config names.

    Raises:
        DefinitionInvalid: As compile_report.
    """
    raise_if_invalid(invalid_fields(config, dataset), f"a report of dataset {dataset.name}")
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
    """The report's rows without an order: its columns and its sort keys."""
    source = table(
        dataset.relation,
        *(column(each.name, _TYPES[each.type]) for each in dataset.columns),
        schema=dataset.schema,
    )
    elements: _Elements = dict(source.c)
    statement: Query = select(*_selected(dataset, config, elements)).where(
        elements[ORGANIZATION] == organization_id,
        *_in_period(dataset, elements, period),
        *(_condition(each, dataset, elements) for each in config.filters),
    )
    if config.group_by:
        grouped = (elements[name] for name in grouped_columns(config, dataset))
        groups = statement.group_by(*grouped).subquery("groups")
        figures: _Elements = dict(groups.c)
        conditions = (_condition(each, dataset, figures) for each in config.having)
        statement = select(groups).where(*conditions)
    return statement.subquery("report")


def _in_period(dataset: Dataset, elements: _Elements, period: Period) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if dataset.day_column is not None:
        day = elements[dataset.day_column]
        conditions.append(day < period.end)
        if period.first is not None:
            conditions.append(day >= period.first)
    if period.event_id is not None:
        if column_or_none(dataset, "event_id") is None:
            message = (
                f"period {period.token} covers one event; dataset {dataset.name} has no column "
                "event_id"
            )
            raise DefinitionInvalid(message)
        conditions.append(elements["event_id"] == period.event_id)
    return conditions


def _condition(filter_: Filter, dataset: Dataset, elements: _Elements) -> ColumnElement[bool]:
    if isinstance(filter_, AllOf):
        return and_(*(_condition(each, dataset, elements) for each in filter_.filters))
    if isinstance(filter_, AnyOf):
        return or_(*(_condition(each, dataset, elements) for each in filter_.filters))
    return _comparison(filter_, dataset.column(filter_.column), elements[filter_.column])


def _comparison(
    comparison: Comparison, compared: Column, element: ColumnElement[Any]
) -> ColumnElement[bool]:
    match comparison:
        case Equals():
            equal: ColumnElement[bool] = element == typed_value(compared, comparison.value)
            return equal
        case OneOf():
            return element.in_([typed_value(compared, each) for each in comparison.values])
        case NoneOf():
            others = element.not_in([typed_value(compared, each) for each in comparison.values])
            return or_(element.is_(None), others) if compared.nullable else others
        case InRange():
            bounds = []
            if comparison.first is not None:
                bounds.append(element >= typed_value(compared, comparison.first))
            if comparison.end is not None:
                bounds.append(element < typed_value(compared, comparison.end))
            return and_(*bounds)
        case IsNull():
            return element.is_(None) if comparison.value else element.is_not(None)


def _selected(
    dataset: Dataset, config: ReportConfig, elements: _Elements
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
    figure: Column, dataset: Dataset, elements: _Elements
) -> Cast[Any] | ColumnElement[Any]:
    """A figure of a group: the sum of a measure; of others the last, of openings the first."""
    element = elements[figure.name]
    if figure.kind is ColumnKind.MEASURE:
        # PostgreSQL sums bigint as numeric; a sum beyond 64 bits is an error, never a wrong figure.
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
    summed = [func.sum(report.c[each.name]).label(each.name) for each in columns if each.is_summed]
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

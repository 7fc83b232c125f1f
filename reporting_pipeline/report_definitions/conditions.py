"""The relation of a dataset and the conditions on its rows, as elements of SQL.

Text of a definition never becomes SQL: columns are looked up among those of the dataset, and every
value is bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    column,
    or_,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, CHAR
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.registry.columns import Column, ColumnType
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.additivity import column_or_none
from reporting_pipeline.report_definitions.balances import ORGANIZATION
from reporting_pipeline.report_definitions.config import ReportConfig
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
    day_of_period,
    typed_value,
)

Query: TypeAlias = Select[*tuple[Any, ...]]
"""A statement that reads rows of some columns."""

Elements: TypeAlias = Mapping[str, ColumnElement[Any]]
"""The columns of a relation, by name; a statement can name no others."""

TYPES: MappingProxyType[ColumnType, TypeEngine[Any]] = MappingProxyType(
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
"""The SQL types of report columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A report that is asked for: a config over its dataset, for an organisation and a period."""

    dataset: Dataset
    config: ReportConfig
    organization_id: UUID
    period: Period

    def relation(self, alias: str) -> FromClause:
        """The dataset's relation under an alias."""
        return table(
            self.dataset.relation,
            *(
                column(each.name, TYPES[each.type])
                for each in self.dataset.columns
                if not each.is_derived
            ),
            schema=self.dataset.schema,
        ).alias(alias)

    def of_owner(self, elements: Elements) -> list[ColumnElement[bool]]:
        """The rows of the organisation; of the period's event, where it covers one.

        Raises:
            DefinitionInvalid: The period covers one event, and the dataset has no events.
        """
        conditions: list[ColumnElement[bool]] = [elements[ORGANIZATION] == self.organization_id]
        if self.period.event_id is not None:
            if column_or_none(self.dataset, "event_id") is None:
                message = (
                    f"period {self.period.token} covers one event; dataset {self.dataset.name} has "
                    "no column event_id"
                )
                raise DefinitionInvalid(message)
            conditions.append(elements["event_id"] == self.period.event_id)
        return conditions

    def in_period(self, elements: Elements) -> list[ColumnElement[bool]]:
        """The rows of the period's days."""
        if self.dataset.day_column is None:
            return []
        day, first = elements[self.dataset.day_column], self.period.first
        return [day < self.period.end, *([] if first is None else [day >= first])]

    def filtered(self, elements: Elements) -> list[ColumnElement[bool]]:
        """The rows that pass the filters of the config."""
        return [self.condition(each, elements) for each in self.config.filters]

    def condition(self, filter_: Filter, elements: Elements) -> ColumnElement[bool]:
        """A filter as a condition on these columns."""
        if isinstance(filter_, AllOf):
            return and_(*(self.condition(each, elements) for each in filter_.filters))
        if isinstance(filter_, AnyOf):
            return or_(*(self.condition(each, elements) for each in filter_.filters))
        return self._comparison(filter_, elements[filter_.column])

    def _comparison(
        self, comparison: Comparison, element: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        compared = self.dataset.column(comparison.column)
        match comparison:
            case Equals():
                equal: ColumnElement[bool] = element == self._value(compared, comparison.value)
                return equal
            case OneOf():
                return element.in_([self._value(compared, each) for each in comparison.values])
            case NoneOf():
                values = [self._value(compared, each) for each in comparison.values]
                others = element.not_in(values)
                return or_(element.is_(None), others) if compared.nullable else others
            case InRange():
                bounds = []
                if comparison.first is not None:
                    bounds.append(element >= self._value(compared, comparison.first))
                if comparison.end is not None:
                    bounds.append(element < self._value(compared, comparison.end))
                return and_(*bounds)
            case IsNull():
                return element.is_(None) if comparison.value else element.is_not(None)

    def _value(self, compared: Column, value: object) -> Any:
        day = day_of_period(compared, value)
        return typed_value(compared, value) if day is None else day.of(self.period)

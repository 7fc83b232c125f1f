"""The rows of a grouped report: sums of measures, balances as of a day, ratios from their parts.

    measure               the sum over the rows of the period
    balance at the end    for each leaf its last row up to the last day, summed over the leaves
    balance at the start  for each leaf its last row before the period, summed likewise
    ratio                 from the group's sums of its numerator and its denominator

A report that is grouped by the day has the balances as of the end and the start of each day on
which a group has a row.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Text,
    and_,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.sql.selectable import FromClause, Subquery

from reporting_pipeline.registry.columns import Column, ColumnKind
from reporting_pipeline.report_definitions.additivity import grouped_columns
from reporting_pipeline.report_definitions.balances import (
    closing_name,
    figures_of,
    is_opening,
    leaf_of,
    parts_of,
    reads_as_of,
    shows_balance,
    shows_each_leaf,
)
from reporting_pipeline.report_definitions.conditions import TYPES, Asked, Elements, Query
from reporting_pipeline.report_definitions.filters import comparisons
from reporting_pipeline.report_definitions.leaves import Leaves
from reporting_pipeline.report_definitions.ratios import quotient

_IN_PERIOD = "is_in_period"
_UNTIL = "until"
_NOTHING = cast(null(), BigInteger())
_ZERO: ColumnElement[Any] = literal_column("0")


def groups(asked: Asked) -> Query:
    """The rows of a grouped report, without an order: its groups, figures and parts of ratios."""
    config, dataset = asked.config, asked.dataset
    names = grouped_columns(config, dataset)
    figures = tuple(each for each in figures_of(config, dataset) if each.name not in names)
    grouping = _Grouping(asked=asked, names=names, figures=figures)
    if not reads_as_of(config, dataset):
        return grouping.of_rows()
    if dataset.day_column not in names:
        return grouping.as_of_the_period()
    return grouping.of_rows() if shows_each_leaf(names, dataset) else grouping.as_of_each_day()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grouping:
    """A grouped report.

    Attributes:
        names: The columns that it is grouped by.
        figures: The figures of a group, parts of ratios among them.
    """

    asked: Asked
    names: tuple[str, ...]
    figures: tuple[Column, ...]

    def of_rows(self) -> Query:
        """Groups of the period's rows; a balance is that of the group's last row."""
        rows = self.asked.relation("rows")
        elements: Elements = dict(rows.c)
        figures = [self._of_rows(each, elements).label(each.name) for each in self.figures]
        return self._in_period(rows, *self._groups(elements), *figures).group_by(
            *self._groups(elements)
        )

    def as_of_the_period(self) -> Query:
        """Sums of the period's rows, beside the balances of all leaves at its end and start."""
        rows = self.asked.relation("rows")
        of_rows = self._in_period(
            rows,
            *self._groups(dict(rows.c)),
            *(rows.c[each.name] for each in self._measures),
            *(_NOTHING.label(each.name) for each in self._balances),
            true().label(_IN_PERIOD),
        )
        parts = union_all(of_rows, self._of_leaves()).subquery("parts")
        return self._standing_groups(parts)

    def as_of_each_day(self) -> Query:
        """Sums of each day's rows, beside the balances of all leaves at its end and start."""
        rows = self.asked.relation("rows")
        elements: Elements = dict(rows.c)
        sums = [_whole(func.sum(rows.c[each.name])).label(each.name) for each in self._measures]
        days = (
            self._in_period(rows, *self._groups(elements), *sums)
            .group_by(*self._groups(elements))
            .subquery("days")
        )
        states = self._states()
        others = [name for name in self.names if name != self._day]
        this_day, since, until = days.c[self._day], states.c[self._day], states.c[_UNTIL]
        is_of_group = _as_one_text(days, others) == _as_one_text(states, others)
        counts = and_(since <= this_day, or_(until.is_(None), until >= this_day))
        at_start, at_end = since < this_day, or_(until.is_(None), until > this_day)
        balances = [
            _whole(
                func.coalesce(func.sum(states.c[closing_name(each)]).filter(at_start), _ZERO)
                if is_opening(each)
                else func.sum(states.c[each.name]).filter(at_end)
            ).label(each.name)
            for each in self._balances
        ]
        of_days = (
            select(*days.c, *balances)
            .select_from(days.join(states, and_(is_of_group, counts)))
            .group_by(*days.c)
            .subquery("of_days")
        )
        found: Elements = dict(of_days.c)
        return select(
            *of_days.c, *(quotient(each, found).label(each.name) for each in self._ratios)
        )

    @property
    def _measures(self) -> list[Column]:
        return [each for each in self.figures if each.kind is ColumnKind.MEASURE]

    @property
    def _balances(self) -> list[Column]:
        return [each for each in self.figures if each.kind is ColumnKind.BALANCE]

    @property
    def _ratios(self) -> list[Column]:
        return [each for each in self.figures if each.kind is ColumnKind.RATIO]

    @property
    def _day(self) -> str:
        return self.asked.dataset.day_column or ""

    @property
    def _columns_of_a_leaf(self) -> tuple[str, ...]:
        """What is read of a leaf's last row: its groups, filtered columns and balances."""
        filtered = [each.column for _, each in comparisons(self.asked.config.filters)]
        balances = [
            closing_name(each) if is_opening(each) else each.name for each in self._balances
        ]
        names = (*self.names, *filtered, *balances, *leaf_of(self.asked.dataset), self._day)
        return tuple(dict.fromkeys(names))

    def _groups(self, elements: Elements) -> list[ColumnElement[Any]]:
        return [elements[name] for name in self.names]

    def _in_period(self, rows: FromClause, *columns: ColumnElement[Any]) -> Query:
        """These columns of the period's rows that pass the filters."""
        elements: Elements = dict(rows.c)
        return select(*columns).where(
            *self.asked.of_owner(elements),
            *self.asked.in_period(elements),
            *self.asked.filtered(elements),
        )

    def _of_rows(self, figure: Column, elements: Elements) -> ColumnElement[Any]:
        element, dataset = elements.get(figure.name), self.asked.dataset
        if figure.kind is ColumnKind.MEASURE:
            return _whole(func.sum(element))
        is_of_sums = parts_of(figure) and not shows_balance(figure, dataset)
        if figure.kind is ColumnKind.RATIO and (is_of_sums or element is None):
            return quotient(figure, {name: func.sum(elements[name]) for name in parts_of(figure)})
        if dataset.day_column is None or element is None:
            return func.max(element)  # a group is one row
        by_day = aggregate_order_by(element, elements[dataset.day_column].desc())
        last: ColumnElement[Any] = func.array_agg(by_day, type_=ARRAY(TYPES[figure.type]))[1]
        return last

    def _of_leaves(self) -> Query:
        """The balances of each leaf that has begun by the end of the period."""
        leaves, period = Leaves.of(self.asked), self.asked.period
        at_end = leaves.last_rows(period.end, self._columns_of_a_leaf, "at_end")
        joined = leaves.cte.join(at_end, true())
        balances: dict[str, ColumnElement[Any]] = {
            each.name: _ZERO if is_opening(each) else at_end.c[each.name] for each in self._balances
        }
        openings = {each.name: closing_name(each) for each in self._balances if is_opening(each)}
        if openings and period.first is not None:
            before = leaves.last_rows(period.first, dict.fromkeys(openings.values()), "before")
            joined = joined.outerjoin(before, true())
            balances |= {name: before.c[closing] for name, closing in openings.items()}
        return (
            select(
                *self._groups(dict(at_end.c)),
                *(_NOTHING.label(each.name) for each in self._measures),
                *(each.label(name) for name, each in balances.items()),
                false().label(_IN_PERIOD),
            )
            .select_from(joined)
            .where(*self.asked.filtered(dict(at_end.c)))
        )

    def _standing_groups(self, parts: Subquery) -> Query:
        """The groups that have a row in the period, or a balance that is not 0.

        Of counts of an event: the groups with an event that has begun.
        """
        sums: dict[str, ColumnElement[Any]] = {
            each.name: func.coalesce(func.sum(parts.c[each.name]), _ZERO)
            if each.kind is ColumnKind.MEASURE or is_opening(each)
            else func.sum(parts.c[each.name])
            for each in (*self._measures, *self._balances)
        }
        names = self._groups(dict(parts.c))
        statement: Query = select(
            *names,
            *(_whole(each).label(name) for name, each in sums.items()),
            *(quotient(each, sums).label(each.name) for each in self._ratios),
        ).group_by(*names)
        if self.asked.dataset.balances == "of_events":
            return statement
        shown = {each.name for each in self.asked.config.columns}
        stands: list[ColumnElement[bool]] = [func.bool_or(parts.c[_IN_PERIOD])]
        stands += [
            func.coalesce(sums[each.name], _ZERO) != _ZERO
            for each in self._balances
            if each.name in shown
        ]
        return statement.having(or_(*stands))

    def _states(self) -> Subquery:
        """Each leaf's rows of the period and the one before it, each with the day of the next.

        A row's balances count from its own day until that of the next one.
        """
        first, columns = self.asked.period.first, self._columns_of_a_leaf
        rows = self.asked.relation("state_rows")
        elements: Elements = dict(rows.c)
        of_period = select(*(elements[name] for name in columns)).where(
            *self.asked.of_owner(elements), *self.asked.in_period(elements)
        )
        found: Subquery = of_period.subquery("found")
        if first is not None:
            leaves = Leaves.of(self.asked)
            before = leaves.last_rows(first, columns, "before")
            of_leaves = select(*before.c).select_from(leaves.cte.join(before, true()))
            both: CompoundSelect[Any] = union_all(of_period, of_leaves)
            found = both.subquery("found")
        next_day = func.lead(found.c[self._day]).over(
            partition_by=[found.c[name] for name in leaf_of(self.asked.dataset)],
            order_by=found.c[self._day],
        )
        states = select(*found.c, next_day.label(_UNTIL)).subquery("all_states")
        return select(*states.c).where(*self.asked.filtered(dict(states.c))).subquery("states")


def _whole(sum_: ColumnElement[Any]) -> ColumnElement[Any]:
    # PostgreSQL sums bigint as numeric; a sum beyond 64 bits is an error, never a wrong figure.
    return cast(sum_, BigInteger())


def _as_one_text(relation: FromClause, names: list[str]) -> ColumnElement[Any]:
    """The values of some columns as one, so that nulls are equal and the join can hash it."""
    return cast(func.row(*(relation.c[name] for name in names)), Text())

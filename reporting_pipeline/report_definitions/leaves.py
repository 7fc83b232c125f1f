"""The leaves of a dataset, and the last row of each before a day, at a cost apart from history.

An index over organisation, leaf and day is walked from leaf to leaf; one look-up more finds the
last row of each (docs/adr/0033). A null in a leaf counts as the id of zeros, because an index
cannot search nulls among other values. The macro `leaf_key` of the dbt project writes the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Label,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.selectable import LateralFromClause

from reporting_pipeline.report_definitions.balances import leaf_of
from reporting_pipeline.report_definitions.conditions import Asked, Elements

_NO_ID: ColumnElement[Any] = literal_column("'00000000-0000-0000-0000-000000000000'::uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """The leaves of a report that is asked for; `cte` has the key of each."""

    asked: Asked
    cte: CTE

    @classmethod
    def of(cls, asked: Asked) -> "Leaves":
        """All leaves of the organisation; those of one event, where the period covers one."""
        rows = asked.relation("first_rows")
        elements: Elements = dict(rows.c)
        keys = _keys(asked, elements)
        first = (
            select(*keys)
            .where(*_of_owner(asked, elements))
            .order_by(*(each.element for each in keys))
            .limit(1)
            .subquery("first_leaf")
        )
        cte = select(*first.c).cte("leaves", recursive=True)
        rows = asked.relation("following_rows")
        elements = dict(rows.c)
        keys = _keys(asked, elements)
        following = (
            select(*keys)
            .where(
                *_of_owner(asked, elements),
                tuple_(*(each.element for each in keys)) > tuple_(*cte.c),
            )
            .order_by(*(each.element for each in keys))
            .limit(1)
            .correlate(cte)
            .lateral("following_leaf")
        )
        step = select(*following.c).select_from(cte.join(following, true()))
        return cls(asked=asked, cte=cte.union_all(step))

    def last_rows(self, end: date, columns: Iterable[str], name: str) -> LateralFromClause:
        """The last row of each leaf before a day, to be joined to the leaves."""
        rows = self.asked.relation(f"rows_{name}")
        elements: Elements = dict(rows.c)
        day = elements[self.asked.dataset.day_column or ""]
        return (
            select(*(elements[each] for each in columns))
            .where(
                *_of_owner(self.asked, elements),
                *(each.element == self.cte.c[each.name] for each in _keys(self.asked, elements)),
                day < end,
            )
            .order_by(day.desc())
            .limit(1)
            .correlate(self.cte)
            .lateral(name)
        )


def _keys(asked: Asked, elements: Elements) -> list[Label[Any]]:
    return [_key(asked, elements, name).label(name) for name in leaf_of(asked.dataset)]


def _key(asked: Asked, elements: Elements, name: str) -> ColumnElement[Any]:
    if asked.dataset.column(name).nullable:
        return func.coalesce(elements[name], _NO_ID)
    return elements[name]


def _of_owner(asked: Asked, elements: Elements) -> list[ColumnElement[bool]]:
    """As `Asked.of_owner`, with the event as the index has it."""
    if asked.period.event_id is None or "event_id" not in leaf_of(asked.dataset):
        return asked.of_owner(elements)
    as_key = {**elements, "event_id": _key(asked, elements, "event_id")}
    return asked.of_owner(as_key)

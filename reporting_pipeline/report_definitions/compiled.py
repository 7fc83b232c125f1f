"""A report as statements: what a definition and a period compile to.

What belongs here: the shape. What does not: compiling (`definitions.compile`) and running.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Select

from reporting_pipeline.registry.columns import Column

Query: TypeAlias = Select[*tuple[Any, ...]]
"""A statement that reads rows of some columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportColumn:
    """One column of a report, in the order of its file.

    Attributes:
        column: What it is; its name is the name in machine formats.
        label: What the definition calls it; None: nothing, the column's own title stands.
        is_summed: Whether totals are given for it: measures only.
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
        """What stands over it in a machine's file: the label if the definition has one."""
        return self.label or self.column.name

    @property
    def header(self) -> str:
        """What stands over it for a person."""
        return self.label or self.column.title


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledReport:
    """The statements of one report: a definition's version, for an organisation and a period.

    Attributes:
        columns: Of the rows, in order.
        key: Names of columns that identify a row among the report's rows, if all of them are shown;
            otherwise empty. Names that follow from an id of the key are not among them.
        currency: The name of the shown column that says in which currency a row's money is; None
            where the report shows no money.
        rows: The columns as typed values, in a total order: the same rows give the same sequence.
        count: One number: how many rows there are.
        totals: One row per currency (null: what is of no currency), ordered by it: `currency`, then
            each summed column by name, as whole `numeric`; money within its currency only. No rows
            where the report has none. None: no shown column may be summed. Whether a reader sees
            them is the definition's `totals`.
        filters: What was asked for, each as a sentence for people.
    """

    columns: tuple[ReportColumn, ...]
    key: tuple[str, ...]
    currency: str | None
    rows: Query
    count: Query
    totals: Query | None
    filters: tuple[str, ...]

"""The report tables, as `dbt_project/models/reports/_reports__models.yml` describes them."""

from dataclasses import dataclass

from reporting_pipeline.errors import UnknownReport
from reporting_pipeline.registry.columns import Column, ColumnKind
from reporting_pipeline.registry.properties import (
    MODELS,
    BalanceSpan,
    ModelProperties,
    column_of,
    read_models,
)

SCHEMA = "reporting"
"""The PostgreSQL schema of the report tables."""

_PROPERTIES = read_models(MODELS / "reports" / "_reports__models.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """One report table of schema `reporting`.

    Attributes:
        title: Its name for people.
        grain: What one row represents.
        description: The source of its rows, and what a reader must know to use them.
        columns: In the order of the YAML. A table that is older than a column has it at its end.
        balances: How long the balances of a row count (`properties.ModelMeta`).
    """

    name: str
    title: str
    grain: str
    description: str
    columns: tuple[Column, ...]
    balances: BalanceSpan = "carried"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row; nulls count as equal."""
        return tuple(each.name for each in self.columns if each.kind is ColumnKind.KEY)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(each.name for each in self.columns)


def report_table(name: str) -> ReportTable:
    """The report table of that name.

    Raises:
        UnknownReport: There is none; the message lists the known ones.
    """
    for table in REPORT_TABLES:
        if table.name == name:
            return table
    known = ", ".join(table.name for table in REPORT_TABLES)
    message = f"no report table is called {name!r}; there are {known}"
    raise UnknownReport(message)


def _report_table(model: ModelProperties) -> ReportTable:
    return ReportTable(
        name=model.name,
        title=model.meta.title,
        grain=model.meta.grain,
        description=model.description,
        columns=tuple(
            column_of(model.name, each, nullable=not each.is_not_null) for each in model.columns
        ),
        balances=model.meta.balances,
    )


REPORT_TABLES: tuple[ReportTable, ...] = tuple(map(_report_table, _PROPERTIES))
"""The daily tables, the balances of sections and events, and the reconciliation breaks."""

LOGIC_VERSION: int = max(model.meta.logic_version for model in _PROPERTIES)
"""The version of what the columns mean: it rises with each entry of "Report numbers" in
CHANGELOG.md, is part of every manifest, and restates reports when it rises."""

RECONCILIATION_BREAKS = report_table("report_reconciliation_breaks")

BREAK_KINDS: tuple[str, ...] = next(
    column.values for column in RECONCILIATION_BREAKS.columns if column.name == "kind"
)
"""The kinds of reconciliation breaks. An order has the first one that applies. The last three are
of transactions, entries and settled orders."""

WARNING_KINDS: tuple[str, ...] = next(
    column.meta.warnings
    for model in _PROPERTIES
    if model.name == RECONCILIATION_BREAKS.name
    for column in model.columns
    if column.name == "kind"
)
"""The kinds that only warn; every other kind fails its check."""

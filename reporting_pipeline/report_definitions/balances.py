"""How a report reads balances: which columns are balances, and of which rows they are read.

A *leaf* is the key of a dataset without the day. A balance of a leaf counts from the day of its row
until the leaf's next row, however many days lie between.
"""

from collections.abc import Iterator

from reporting_pipeline.errors import DefinitionError
from reporting_pipeline.registry.columns import Column, ColumnKind
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.registry.datasets import dataset as registered
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.derived_columns import with_derived_columns
from reporting_pipeline.report_definitions.filters import comparisons

ORGANIZATION = "organization_id"

# Every row of a report has the same organisation, so it counts as grouped.
_SAME_IN_ALL_ROWS = frozenset({ORGANIZATION})


def depends_on_history(config: ReportConfig) -> bool:
    """True if the report shows a balance: its rows then depend on all days up to its last one.

    True for a config that its dataset cannot answer: its report fails when it is read, and does not
    stop the others here.
    """
    return any(map(_rows_depend_on_history, config.parts))


def _rows_depend_on_history(config: ReportConfig) -> bool:
    try:
        dataset = with_derived_columns(registered(config.dataset), config)
        names = (*_shown_names(config), *(each.column for _, each in comparisons(config.filters)))
        shown = [dataset.column(name) for name in names]
    except DefinitionError:
        return True
    sums_history = _carries(dataset) or dataset.balances == "running"
    return sums_history and any(shows_balance(column, dataset) for column in shown)


def reads_as_of(config: ReportConfig, dataset: Dataset) -> bool:
    """True if the balances of a grouped report are read as of a day, over all leaves."""
    is_grouped = bool(config.group_by) and _carries(dataset)
    return is_grouped and any(
        shows_balance(dataset.column(name), dataset) for name in _shown_names(config)
    )


def shows_balance(column: Column, dataset: Dataset) -> bool:
    """True if a column is a balance, or a ratio of balances."""
    if column.kind is ColumnKind.RATIO:
        return any(shows_balance(dataset.column(name), dataset) for name in parts_of(column))
    return column.kind is ColumnKind.BALANCE


def is_opening(column: Column) -> bool:
    """A balance at the start: that of the row before, under the name of its closing."""
    return column.kind is ColumnKind.BALANCE and column.name.startswith("opening_")


def closing_name(opening: Column) -> str:
    """The name of the balance that an opening shows as it was at the start."""
    return opening.name.replace("opening_", "closing_", 1)


def parts_of(ratio: Column) -> tuple[str, ...]:
    """The columns that a ratio is computed from."""
    return (*ratio.numerator, *ratio.denominator)


def leaf_of(dataset: Dataset) -> tuple[str, ...]:
    """The key of a dataset without the day and the organisation."""
    return tuple(
        name for name in dataset.key if name not in {dataset.day_column, *_SAME_IN_ALL_ROWS}
    )


def shows_each_leaf(grouped: tuple[str, ...], dataset: Dataset) -> bool:
    """True if each group has one leaf, so that it has at most one row on each day."""
    return set(leaf_of(dataset)) <= set(grouped)


def figures_of(config: ReportConfig, dataset: Dataset) -> tuple[Column, ...]:
    """The figures that a grouped report shows or sorts by, and the parts of its ratios."""
    names: dict[str, None] = {}
    for name in _shown_names(config):
        names |= dict.fromkeys((name, *parts_of(dataset.column(name))))
    return tuple(each for each in map(dataset.column, names) if each.kind.is_figure)


def _carries(dataset: Dataset) -> bool:
    """True if a balance counts after the day of its row."""
    is_carried = dataset.balances in {"carried", "of_events"}
    return is_carried and dataset.day_column is not None


def _shown_names(config: ReportConfig) -> Iterator[str]:
    yield from (each.name for each in config.columns)
    yield from (each.column for each in config.sort)
    yield from (each.column for _, each in comparisons(config.having, "having"))

"""Balances in a report: which reports show one, and so depend on days before their period."""

from collections.abc import Iterator

from reporting_pipeline.registry.columns import Column, ColumnKind
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.registry.datasets import dataset as registered
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.filters import comparisons


def depends_on_history(config: ReportConfig) -> bool:
    """Whether the report shows a balance: its rows then depend on all days up to its last one.

    Raises:
        UnknownDataset: The config names a dataset or column that does not exist.
    """
    dataset = registered(config.dataset)
    if dataset.balances == "of_rows" or dataset.day_column is None:
        return False  # such a balance is that of its own row
    return any(shows_balance(dataset.column(name), dataset) for name in _used_names(config))


def shows_balance(column: Column, dataset: Dataset) -> bool:
    """Whether a column is a balance, or a ratio of balances."""
    if column.kind is ColumnKind.RATIO:
        parts = (*column.numerator, *column.denominator)
        return any(shows_balance(dataset.column(name), dataset) for name in parts)
    return column.kind is ColumnKind.BALANCE


def _used_names(config: ReportConfig) -> Iterator[str]:
    yield from (each.name for each in config.columns)
    yield from (each.column for each in config.sort)
    for path, filters in (("filters", config.filters), ("having", config.having)):
        yield from (each.column for _, each in comparisons(filters, path))

"""What a report may sum: measures only, and money only within its currency.

    measure   summed over the rows of a group
    balance   the last one of the period, in a report grouped by all of the key but the day; one
              that is called opening stands before its day, so there the first one counts
    ratio     as a balance: the parts that it is computed from are balances
    money     in a report that shows its currency; grouped by it, or filtered to one

What belongs here: these rules, each refusal with its reason. What does not: the sums (`compile`).
"""

from collections.abc import Iterator

from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.filters import pinned, placed
from reporting_pipeline.report_definitions.problems import Problem

# Every row of a report has the same one, so it counts as grouped.
_SAME_IN_ALL_ROWS = frozenset({"organization_id"})


def additivity_problems(config: ReportConfig, dataset: Dataset) -> list[Problem]:
    """What the report would have to sum and may not; all its names must be known."""
    problems = [*_currency_problems(config, dataset), *_totals_problems(config, dataset)]
    if config.group_by:
        problems += _grouping_problems(config, dataset)
    elif config.having:
        problems.append(Problem("having", "is for grouped reports; filters choose other rows"))
    return problems


def grouped_columns(config: ReportConfig, dataset: Dataset) -> tuple[str, ...]:
    """The columns that a grouped report is grouped by.

    A currency that the filters fix and the report shows is one of them, named or not: it adds no
    row.
    """
    currency = currency_column(dataset)
    if currency is None or currency in config.group_by:
        return config.group_by
    is_shown = any(each.name == currency for each in config.columns)
    is_fixed = currency in pinned(config.filters)
    return (*config.group_by, currency) if is_shown and is_fixed else config.group_by


def currency_column(dataset: Dataset) -> str | None:
    """The column with the currency of a row's money; the first where there are several."""
    for column in dataset.columns:
        if column.type is ColumnType.CURRENCY:
            return column.name
    return None


def is_last_of_period(config: ReportConfig, dataset: Dataset) -> bool:
    """Whether a group holds at most one row per day, so that its last row is one row."""
    grouped = {*grouped_columns(config, dataset), *_SAME_IN_ALL_ROWS}
    return set(dataset.key) - {dataset.day_column} <= grouped


def is_opening(column: Column) -> bool:
    """Whether a balance stands before its day, so that the first one of a period counts."""
    return column.kind is ColumnKind.BALANCE and column.name.startswith("opening_")


def _currency_problems(config: ReportConfig, dataset: Dataset) -> Iterator[Problem]:
    money = [each.name for each in config.columns if dataset.column(each.name).unit is Unit.MINOR]
    currency = currency_column(dataset)
    if not money or currency is None:
        return
    if currency not in {each.name for each in config.columns}:
        reason = f"{money[0]} is money, which means nothing without {currency}; show that too"
        yield Problem("columns", reason)
    elif config.group_by and currency not in grouped_columns(config, dataset):
        reason = (
            f"{money[0]} is money, and amounts of different currencies are never added; group by "
            f"{currency}, or filter it to one with ="
        )
        yield Problem("group_by", reason)


def _totals_problems(config: ReportConfig, dataset: Dataset) -> Iterator[Problem]:
    columns = [dataset.column(each.name) for each in config.columns]
    if config.totals and not any(each.kind is ColumnKind.MEASURE for each in columns):
        yield Problem("totals", "no column of the report may be summed: it shows no measure")


def _grouping_problems(config: ReportConfig, dataset: Dataset) -> Iterator[Problem]:
    grouped = grouped_columns(config, dataset)
    for index, each in enumerate(config.columns):
        reason = _reason_not_to_show(dataset.column(each.name), config, dataset)
        if each.name not in grouped and reason is not None:
            yield Problem(f"columns[{index}].name", reason)
    shown = {each.name for each in config.columns} | set(grouped)
    asked = [(f"sort[{index}].column", each.column) for index, each in enumerate(config.sort)]
    asked += [(f"{path}.column", each.column) for path, each in placed(config.having, "having")]
    for field, name in asked:
        if name not in shown:
            reason = f"{name} is neither grouped nor a column of this grouped report"
            yield Problem(field, reason)
    for index, name in enumerate(config.group_by):
        if dataset.column(name).unit is not None:
            yield Problem(f"group_by[{index}]", f"{name} is a figure; rows are grouped by names")


def _reason_not_to_show(column: Column, config: ReportConfig, dataset: Dataset) -> str | None:
    """Why a column that is not grouped cannot stand in a grouped report."""
    match column.kind:
        case ColumnKind.MEASURE:
            return None
        case ColumnKind.BALANCE | ColumnKind.RATIO if is_last_of_period(config, dataset):
            return None
        case ColumnKind.BALANCE | ColumnKind.RATIO:
            missing = [
                name
                for name in dataset.key
                if name not in {*config.group_by, dataset.day_column, *_SAME_IN_ALL_ROWS}
            ]
            return (
                f"{column.name} is a {column.kind}, which is never summed; its last value of the "
                f"period can be had when the report is also grouped by {', '.join(missing)}"
            )
        case _:
            return f"{column.name} is neither grouped nor a measure; add it to group_by"

"""Columns that a definition derives from two figures: shares, and amounts of each thing.

    {name: price_minor, label: Average price, numerator: gross_minor, denominator: sold_count}

The kinds are closed, there are no formulas: money by money and count by count is a share (`_rate`),
money by count is an amount in whole minor units (`_minor`). A divisor of 0 or less gives null.
"""

from collections.abc import Iterator
from dataclasses import replace

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.config import ColumnChoice, ReportConfig
from reporting_pipeline.report_definitions.document import InvalidField


def with_derived_columns(dataset: Dataset, config: ReportConfig) -> Dataset:
    """The dataset with the columns that a valid config derives."""
    derived = [_column(each, dataset) for each in config.columns if _is_derived(each)]
    return replace(dataset, columns=(*dataset.columns, *derived)) if derived else dataset


def invalid_derived_columns(config: ReportConfig, dataset: Dataset) -> list[InvalidField]:
    """The derived columns that the dataset cannot give."""
    return [
        InvalidField(f"columns[{index}].{field}", reason)
        for index, each in enumerate(config.columns)
        if _is_derived(each)
        for field, reason in _faults(each, dataset)
    ]


def _is_derived(choice: ColumnChoice) -> bool:
    return choice.numerator is not None or choice.denominator is not None


def _faults(choice: ColumnChoice, dataset: Dataset) -> Iterator[tuple[str, str]]:
    if choice.name in {each.name for each in dataset.columns}:
        yield "name", f"{choice.name} is a column of {dataset.name}; give the ratio another name"
    parts = (("numerator", choice.numerator), ("denominator", choice.denominator))
    faults = [(field, reason) for field, name in parts if (reason := _part_fault(name, dataset))]
    yield from faults
    if faults:
        return
    unit = _unit(choice, dataset)
    if unit is None:
        yield "denominator", f"{choice.denominator} is money; a count by money is no share"
    elif not choice.name.endswith(f"_{unit}"):
        yield "name", f"{choice.name} does not end in _{unit}, which is the unit of this ratio"


def _part_fault(name: str | None, dataset: Dataset) -> str | None:
    if name is None:
        return "is missing; a ratio has a numerator and a denominator"
    try:
        column = dataset.column(name)
    except UnknownDataset as error:
        return error.message
    if column.kind not in {ColumnKind.MEASURE, ColumnKind.BALANCE}:
        return f"{name} is neither a measure nor a balance"
    return None


def _unit(choice: ColumnChoice, dataset: Dataset) -> Unit | None:
    above, below = (
        dataset.column(name or "").unit for name in (choice.numerator, choice.denominator)
    )
    if above is below:
        return Unit.RATE
    return Unit.MINOR if above is Unit.MINOR else None


def _column(choice: ColumnChoice, dataset: Dataset) -> Column:
    numerator, denominator = choice.numerator or "", choice.denominator or ""
    unit = _unit(choice, dataset)
    return Column(
        name=choice.name,
        type=ColumnType.BIGINT if unit is Unit.MINOR else ColumnType.RATIO,
        kind=ColumnKind.RATIO,
        unit=unit,
        description=f"{numerator} / {denominator}; null where the divisor is not above 0.",
        sources=(f"{dataset.name}.{numerator}", f"{dataset.name}.{denominator}"),
        nullable=True,
        is_derived=True,
        numerator=(numerator,),
        denominator=(denominator,),
    )

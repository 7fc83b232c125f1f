"""The views of schema `reporting_bi`, which BI tools read: what they promise, in `bi_views.csv`.

Each line of the file is a column that a view has, with its type and the version of the views that
brought it. A column never leaves the file. Its meaning is that of the dataset's column of the same
name: BI, definitions and report files use one word for one thing.
"""

import csv
import hashlib
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path

from reporting_pipeline.errors import PropertiesInvalid, UnknownDataset
from reporting_pipeline.registry.columns import Column
from reporting_pipeline.registry.datasets import Dataset, dataset

BI_SCHEMA = "reporting_bi"
"""The PostgreSQL schema of the views that BI tools read."""

_PROMISED = Path(__file__).with_name("bi_views.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedColumn:
    """One line of the file.

    Attributes:
        since: The version of the views that has the column first.
    """

    view: str
    column: str
    type: str
    since: int


@cache
def promised_columns() -> tuple[PromisedColumn, ...]:
    """The lines of the file, in its order, which is the order of the columns."""
    with _PROMISED.open(encoding="utf-8", newline="") as file:
        return tuple(
            PromisedColumn(
                view=line["view"],
                column=line["column"],
                type=line["type"],
                since=int(line["since"]),
            )
            for line in csv.DictReader(file)
        )


@cache
def bi_views() -> tuple[Dataset, ...]:
    """The views: each has the promised columns of the dataset of its name, in the file's order.

    Raises:
        PropertiesInvalid: A dataset lacks a promised column, or has it with another type.
        UnknownDataset: A dataset of the file is not known.
    """
    lines = groupby(promised_columns(), key=lambda each: each.view)
    return tuple(_view(dataset(name), tuple(promised)) for name, promised in lines)


def bi_view(name: str) -> Dataset:
    """The view of that name.

    Raises:
        UnknownDataset: There is none; the message lists the known ones.
    """
    for each in bi_views():
        if each.name == name:
            return each
    known = ", ".join(each.name for each in bi_views())
    message = f"schema {BI_SCHEMA} has no view of a dataset {name!r}; it has {known}"
    raise UnknownDataset(message)


@cache
def bi_version() -> int:
    """The version of the views: it rises with each column that is added."""
    return max(each.since for each in promised_columns())


@cache
def bi_digest() -> str:
    """A digest of everything that the views are made from beside the datasets."""
    described = [
        (view.name, view.description, [(each.name, each.description) for each in view.columns])
        for view in bi_views()
    ]
    return hashlib.sha256(repr(described).encode()).hexdigest()[:16]


def _view(source: Dataset, promised: tuple[PromisedColumn, ...]) -> Dataset:
    columns = {each.name: each for each in source.columns}
    return replace(
        source,
        schema=BI_SCHEMA,
        relation=source.name,
        columns=tuple(_kept(columns, each) for each in promised),
    )


def _kept(columns: dict[str, Column], promised: PromisedColumn) -> Column:
    column = columns.get(promised.column)
    found = "no such column" if column is None else f"the type {column.type}"
    if column is None or column.type != promised.type:
        message = (
            f"{BI_SCHEMA}.{promised.view}.{promised.column} is promised with the type "
            f"{promised.type}, and the dataset {promised.view} has {found}; BI tools read this "
            f"column, so keep it, or give the new meaning a new name ({_PROMISED.name})"
        )
        raise PropertiesInvalid(message)
    return column

"""The datasets that reports are made of, as `datasets/_datasets__models.yml` describes them.

A dataset that shows a report table has all of its columns. Other datasets list their columns and
take those that a report table already describes from there. The names of organisations, events,
venues, ticket types and gates follow each id.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reporting_pipeline.errors import PropertiesInvalid, UnknownDataset
from reporting_pipeline.registry.columns import Column, ColumnKind, Unit
from reporting_pipeline.registry.properties import (
    MODELS,
    BalanceSpan,
    ColumnProperties,
    ModelProperties,
    column_of,
    name_columns,
    read_models,
    read_sources,
    texts_without_id,
)
from reporting_pipeline.registry.report_tables import REPORT_TABLES, report_table

SCHEMA = "datasets"
"""The PostgreSQL schema of the views that dbt makes for datasets."""

_PATH = MODELS / "datasets" / "_datasets__models.yml"
_NAMES = name_columns()
_WITHOUT_ID = texts_without_id()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One relation that reports are made of, with its columns in reading order.

    Every dataset has the key column `organization_id`. Definitions never name it: a report belongs
    to one organisation.

    Attributes:
        name: The name in definitions, such as `sales_daily`.
        title: Its name for people.
        grain: What one row represents.
        description: The source of its rows, and what a reader must know to use them.
        schema: The PostgreSQL schema of its relation.
        relation: The table or view that its rows are read from.
        day_column: The column of type date that a period selects by; None: the rows belong to no
            day and a period does not narrow them.
        depends_on: The report tables whose days its rows depend on. A dataset is reconciled and
            built only if these are.
        balances: How long the balances of a row count (`properties.ModelMeta`).
    """

    name: str
    title: str
    grain: str
    description: str
    schema: str
    relation: str
    columns: tuple[Column, ...]
    depends_on: tuple[str, ...]
    day_column: str | None = "date"
    balances: BalanceSpan = "carried"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row; nulls count as equal."""
        return tuple(each.name for each in self.columns if each.kind is ColumnKind.KEY)

    @property
    def has_money(self) -> bool:
        """True if one of its columns is an amount, whatever a report shows of it."""
        return any(each.unit is Unit.MINOR for each in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            UnknownDataset: There is none; the message lists the known ones.
        """
        for each in self.columns:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.columns)
        message = f"dataset {self.name} has no column {name!r}; it has {known}"
        raise UnknownDataset(message)


def dataset(name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        UnknownDataset: There is none; the message lists the known ones.
    """
    for each in DATASETS:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in DATASETS)
    message = f"no dataset is called {name!r}; there are {known}"
    raise UnknownDataset(message)


def _datasets() -> Iterator[Dataset]:
    described = {table.name: {c.name: c for c in table.columns} for table in REPORT_TABLES}
    for model in read_models(_PATH):
        if model.meta.shows is not None:
            yield _shown(model, described)
            continue
        columns = tuple(_columns(model, described))
        described[model.name] = {column.name: column for column in columns}
        yield _dataset(model, SCHEMA, columns=with_names(columns))
    for schema, tables in read_sources(_PATH).items():
        for model in tables:
            yield _dataset(model, schema, columns=tuple(_columns(model, described)))


def _shown(model: ModelProperties, described: dict[str, dict[str, Column]]) -> Dataset:
    """The dataset of a report table: its columns, then those that only the dataset has."""
    table = report_table(model.meta.shows or "")
    return Dataset(
        name=model.name,
        title=table.title,
        grain=table.grain,
        description=table.description,
        schema=SCHEMA,
        relation=model.name,
        columns=(*with_names(table.columns), *_columns(model, described)),
        depends_on=(table.name,),
        balances=table.balances,
    )


def _dataset(model: ModelProperties, schema: str, *, columns: tuple[Column, ...]) -> Dataset:
    return Dataset(
        name=model.name,
        title=model.meta.title,
        grain=model.meta.grain,
        description=model.description,
        schema=schema,
        relation=model.name,
        columns=columns,
        depends_on=model.meta.depends_on,
        day_column=model.meta.day_column,
        balances=model.meta.balances,
    )


def _columns(model: ModelProperties, described: dict[str, dict[str, Column]]) -> Iterator[Column]:
    own = {entry.name for entry in model.columns}
    for entry in model.columns:
        yield (
            _like(model.name, entry, described) if entry.meta.like else column_of(model.name, entry)
        )
    if model.meta.figures_of is not None:
        for column in report_table(model.meta.figures_of).columns:
            if column.kind is ColumnKind.MEASURE and column.name not in own:
                yield column


def _like(model: str, entry: ColumnProperties, described: dict[str, dict[str, Column]]) -> Column:
    try:
        column = described[entry.meta.like or ""][entry.name]
    except KeyError:
        message = f"{model}.{entry.name} is like {entry.meta.like}, which has no such column"
        raise PropertiesInvalid(message) from None
    return replace(column, kind=entry.meta.kind or column.kind)


def with_names(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns, each id followed by its names."""
    return tuple(named for column in columns for named in (column, *_names_of(column)))


def _names_of(column: Column) -> Iterator[Column]:
    for name in _NAMES.get(column.name, ()):
        if column.nullable and name.name in _WITHOUT_ID:
            described = f"; `{_WITHOUT_ID[name.name]}` where there is none."
            yield replace(name, description=name.description.removesuffix(".") + described)
        else:
            yield name


DATASETS: tuple[Dataset, ...] = tuple(_datasets())
"""The report tables, the rows that they sum, and the control datasets."""

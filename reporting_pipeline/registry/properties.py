"""Reads the YAML that describes the dbt models, without importing dbt.

dbt defines most of the form (`name`, `description`, `data_type`, `constraints`, `data_tests`). The
keys under `meta` are this project's own; `ModelMeta` and `ColumnMeta` define them.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reporting_pipeline import project_file
from reporting_pipeline.errors import PropertiesInvalid
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit

MODELS = project_file("dbt_project") / "models"

BalanceSpan: TypeAlias = Literal["carried", "of_events", "of_rows", "running"]
"""How long the balances of a row count; `ModelMeta` says it."""


class ColumnMeta(BaseModel):
    """The keys under `meta` of a column.

    Attributes:
        like: A report table or dataset; the column is described there, under the same name.
        nullable: For columns of views, which cannot have a `not_null` constraint.
        names: The id column that this column names.
        without: The text of a name whose id is null.
        warnings: The values that warn; every other value is an error.
        not_over: Of a figure: the columns over whose values it is not summed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ColumnKind | None = None
    unit: Unit | None = None
    label: str | None = None
    sources: tuple[str, ...] = ()
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    like: str | None = None
    nullable: bool = False
    names: str | None = None
    without: str | None = None
    warnings: tuple[str, ...] = ()
    not_over: tuple[str, ...] = ()


class ModelMeta(BaseModel):
    """The keys under `meta` of a report table or dataset.

    Attributes:
        logic_version: The version of the reports' figures in which a column last changed.
        shows: A report table; the dataset has all of its columns.
        figures_of: A report table; the dataset has all of its measures, after its own columns.
        depends_on: The report tables whose days the rows depend on.
        day_column: The column of type date that a period selects by.
        balances: How long the balances of a row count: `carried`, until the leaf's next row;
            `of_events`, likewise, and a report has all events that have begun; `of_rows`, only on
            the day of the row; `running`, only in the row, but they sum all rows before it.
        running_sums: Measures of a report table of which `<table>_balances` has the sum up to each
            day, by leaf; `payable_change_minor` gives `payable_closing_minor`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    grain: str = ""
    logic_version: int = 1
    shows: str | None = None
    figures_of: str | None = None
    depends_on: tuple[str, ...] = ()
    day_column: str | None = "date"
    balances: BalanceSpan = "carried"
    running_sums: tuple[str, ...] = ()


class _ColumnConfig(BaseModel):
    meta: ColumnMeta = ColumnMeta()


class _ModelConfig(BaseModel):
    meta: ModelMeta = ModelMeta()


class _Constraint(BaseModel):
    type: str


class ColumnProperties(BaseModel):
    """The YAML entry of one column."""

    name: str
    description: str = ""
    data_type: str = ""
    constraints: tuple[_Constraint, ...] = ()
    data_tests: tuple[str | dict[str, Any], ...] = ()
    config: _ColumnConfig = _ColumnConfig()

    @property
    def meta(self) -> ColumnMeta:
        """The keys under `meta`."""
        return self.config.meta

    @property
    def is_not_null(self) -> bool:
        """True with the constraint `not_null`."""
        return any(each.type == "not_null" for each in self.constraints)

    @property
    def values(self) -> tuple[str, ...]:
        """The values of the test `accepted_values`; empty without one."""
        for test in self.data_tests:
            if isinstance(test, dict) and "accepted_values" in test:
                return tuple(test["accepted_values"]["arguments"]["values"])
        return ()


class ModelProperties(BaseModel):
    """The YAML entry of one model."""

    name: str
    description: str = ""
    config: _ModelConfig = _ModelConfig()
    columns: tuple[ColumnProperties, ...] = ()

    @property
    def meta(self) -> ModelMeta:
        """The keys under `meta`."""
        return self.config.meta


class _SourceProperties(BaseModel):
    name: str
    tables: tuple[ModelProperties, ...] = ()


class _File(BaseModel):
    models: tuple[ModelProperties, ...] = ()
    sources: tuple[_SourceProperties, ...] = Field(default=())


def read_models(path: Path) -> tuple[ModelProperties, ...]:
    """The models of one YAML file, in its order.

    Raises:
        PropertiesInvalid: An entry is not of the form above; the message names file and field.
    """
    return _read(path).models


def read_sources(path: Path) -> dict[str, tuple[ModelProperties, ...]]:
    """The tables of each dbt source of one YAML file, by the source's name.

    Raises:
        PropertiesInvalid: An entry is not of the form above; the message names file and field.
    """
    return {source.name: source.tables for source in _read(path).sources}


def column_of(model: str, entry: ColumnProperties, *, nullable: bool | None = None) -> Column:
    """The column that a YAML entry describes; `nullable` overrides its `meta`.

    Raises:
        PropertiesInvalid: Kind or sources are missing, the type is not one of a report, or the unit
            is not the last word of the name.
    """
    meta, where = entry.meta, f"{model}.{entry.name}"
    if meta.kind is None or not meta.sources or not entry.description:
        message = f"{where} needs a description, and `kind` and `sources` under `config.meta`"
        raise PropertiesInvalid(message)
    if entry.data_type not in set(ColumnType):
        message = f"{where}: data_type is {entry.data_type!r}, not one of {', '.join(ColumnType)}"
        raise PropertiesInvalid(message)
    has_unit = meta.unit is not None
    is_price = meta.kind is ColumnKind.ATTRIBUTE and meta.unit is Unit.MINOR
    if meta.kind.is_figure != has_unit and not is_price:
        reason = "figures have a `unit`, prices among the attributes too, and other columns none"
        raise PropertiesInvalid(f"{where}: {reason}")
    if meta.unit is not None and not entry.name.endswith(f"_{meta.unit}"):
        raise PropertiesInvalid(f"{where}: unit is {meta.unit}, so the name ends in _{meta.unit}")
    return Column(
        name=entry.name,
        type=ColumnType(entry.data_type),
        kind=meta.kind,
        description=entry.description,
        sources=meta.sources,
        unit=meta.unit,
        nullable=meta.nullable if nullable is None else nullable,
        values=entry.values,
        label=meta.label,
        numerator=meta.numerator,
        denominator=meta.denominator,
        names=meta.names,
        not_over=meta.not_over,
    )


def name_columns() -> dict[str, tuple[Column, ...]]:
    """The names that follow each id in a dataset, by the id's column.

    They are the columns of kind `name` of the staging and intermediate models.

    Raises:
        PropertiesInvalid: An entry of such a column is not of the form above.
    """
    found: dict[str, tuple[Column, ...]] = {}
    for model, entry in _name_entries():
        column = column_of(model, entry)
        found[column.names or ""] = (*found.get(column.names or "", ()), column)
    return found


def texts_without_id() -> dict[str, str]:
    """The text that a name column shows where its id is null, by the name column."""
    return {
        entry.name: entry.meta.without
        for _, entry in _name_entries()
        if entry.meta.without is not None
    }


def _name_entries() -> Iterator[tuple[str, ColumnProperties]]:
    for folder in ("staging", "intermediate"):
        for path in sorted((MODELS / folder).rglob("*.yml")):
            for model in _tree(path).get("models") or ():
                for column in model.get("columns") or ():
                    meta = (column.get("config") or {}).get("meta") or {}
                    if meta.get("kind") == ColumnKind.NAME:
                        yield model["name"], _entry(path, column)


def _entry(path: Path, column: dict[str, Any]) -> ColumnProperties:
    try:
        return ColumnProperties.model_validate(column)
    except ValidationError as error:
        raise _invalid(path, error) from error


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(_tree(path))
    except ValidationError as error:
        raise _invalid(path, error) from error


@cache  # several modules read the same files
def _tree(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=yaml.CSafeLoader) or {}


def _invalid(path: Path, error: ValidationError) -> PropertiesInvalid:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return PropertiesInvalid(f"{path.name}: {field}: {first['msg']}, found {first['input']!r}")

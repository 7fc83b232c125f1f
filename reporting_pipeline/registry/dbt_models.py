"""The dbt project as a graph: every model and source table, with the relations that a model reads.

Read from the SQL files and their YAML, without dbt; a test compares the result with dbt's manifest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from reporting_pipeline.errors import PropertiesInvalid
from reporting_pipeline.registry.properties import (
    MODELS,
    ColumnProperties,
    read_models,
    read_sources,
)

# Folder below `models` -> the PostgreSQL schema of its models, as dbt_project.yml says.
_SCHEMAS = {
    "staging": "staging",
    "intermediate": "intermediate",
    "reports": "reporting",
    "datasets": "datasets",
}
_READS = re.compile(r"\b(ref|source)\(\s*'(\w+)'(?:\s*,\s*'(\w+)')?\s*\)")


class Relation(NamedTuple):
    """A table or view of the warehouse."""

    schema: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtModel:
    """One model of the dbt project.

    Attributes:
        layer: The folder below `models`: staging, intermediate, reports or datasets.
        description: What its YAML says; Markdown.
        columns: The columns that its YAML lists. A dataset takes further ones from a report table.
        reads: The relations that its SQL names in `ref` and `source`, sorted.
        sql_path: The file of its SQL.
        yaml_path: The file of its YAML.
    """

    layer: str
    relation: Relation
    description: str
    columns: tuple[ColumnProperties, ...]
    reads: tuple[Relation, ...]
    sql_path: Path
    yaml_path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtSource:
    """One table that the dbt project reads and does not make: a landing table, for example."""

    relation: Relation
    description: str
    columns: tuple[ColumnProperties, ...]


@cache
def dbt_models() -> tuple[DbtModel, ...]:
    """All models, by layer and name.

    Raises:
        PropertiesInvalid: A YAML entry is malformed, has no SQL file, or reads an unknown model.
    """
    described = {
        entry.name: (entry, path)
        for layer in _SCHEMAS
        for path in _yaml_files(layer)
        for entry in read_models(path)
    }
    files = {path.stem: path for layer in _SCHEMAS for path in _sql_files(layer)}
    if files.keys() != described.keys():
        names = ", ".join(sorted(files.keys() ^ described.keys()))
        raise PropertiesInvalid(f"{names}: a model needs a SQL file and an entry in a YAML file")
    relations = {name: Relation(_SCHEMAS[_layer(path)], name) for name, path in files.items()}
    models = (
        DbtModel(
            layer=_layer(files[name]),
            relation=relations[name],
            description=entry.description,
            columns=entry.columns,
            reads=_relations_read(files[name], relations),
            sql_path=files[name],
            yaml_path=path,
        )
        for name, (entry, path) in described.items()
    )
    layers = list(_SCHEMAS)
    return tuple(sorted(models, key=lambda each: (layers.index(each.layer), each.relation)))


@cache
def dbt_sources() -> dict[Relation, DbtSource]:
    """All tables that the project reads and does not make, by their relation."""
    return {
        Relation(schema, table.name): DbtSource(
            relation=Relation(schema, table.name),
            description=table.description,
            columns=table.columns,
        )
        for layer in _SCHEMAS
        for path in _yaml_files(layer)
        for schema, tables in read_sources(path).items()
        for table in tables
    }


def landing_tables_read(names: Iterable[str]) -> frozenset[str]:
    """The tables of the schema `landing` that the models of these names read, on any way."""
    return frozenset(table for name in names for table in _landing_tables_read(name))


@cache
def _landing_tables_read(name: str) -> frozenset[str]:
    reads = {model.relation.name: model.reads for model in dbt_models()}
    found: set[str] = set()
    waiting, seen = [name], set[str]()
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            found.update(each.name for each in reads.get(current, ()) if each.schema == "landing")
            waiting += [each.name for each in reads.get(current, ())]
    return frozenset(found)


def is_model_file(path: Path) -> bool:
    """False for SQL beside a model, such as its touched days: a second dot, as in .dbtignore."""
    return "." not in path.stem


def _yaml_files(layer: str) -> Iterable[Path]:
    return sorted((MODELS / layer).rglob("*.yml"))


def _sql_files(layer: str) -> Iterable[Path]:
    return filter(is_model_file, (MODELS / layer).rglob("*.sql"))


def _layer(path: Path) -> str:
    return path.relative_to(MODELS).parts[0]


def _relations_read(path: Path, relations: dict[str, Relation]) -> tuple[Relation, ...]:
    found = set()
    for kind, name, table in _READS.findall(path.read_text("utf-8")):
        if kind == "source":
            found.add(Relation(name, table))
        elif name in relations:
            found.add(relations[name])
        else:
            raise PropertiesInvalid(f"{path.name}: there is no model {name}")
    return tuple(sorted(found))

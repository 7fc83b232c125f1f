"""Reads a definition from text or a mapping, and reports every field that is not valid.

The checks run in this order, and the first that finds faults ends it: the text, the plain values,
the fields, then the dataset.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions import additivity
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    ReportDefinition,
    Status,
)
from reporting_pipeline.report_definitions.document import (
    InvalidField,
    UnreadableText,
    invalid_values,
    quoted,
    raise_if_invalid,
    read_text,
)

_REASONS = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "model_type": "expected a mapping of fields",
    "model_attributes_type": "expected a mapping of fields",
    "dict_type": "expected a mapping of fields",
}
_WITH_VALUE = frozenset(
    {"string_type", "int_type", "bool_type", "tuple_type", "literal_error", "enum", "uuid_type"}
)

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenDefinition:
    """A definition with the fields that its dataset cannot answer any more."""

    definition: DeclaredDefinition | ReportDefinition
    invalid_fields: tuple[InvalidField, ...]

    def __str__(self) -> str:
        """Slug, organisation and reasons on one line."""
        organization_id = self.definition.organization_id
        of = "" if organization_id is None else f" of organisation {organization_id}"
        return f"{self.definition.slug}{of}: {'; '.join(map(str, self.invalid_fields))}"


def parse_definition_text(text: str | bytes, source: str = "the definition") -> DeclaredDefinition:
    """The definition that a text of YAML or JSON declares.

    Raises:
        DefinitionInvalid: The message begins with `source` and names each invalid field.
    """
    try:
        tree = read_text(text)
    except UnreadableText as error:
        raise_if_invalid([error.fault], source)
        raise
    return parse_definition(tree, source)


def parse_definition(mapping: object, source: str = "the definition") -> DeclaredDefinition:
    """The definition that a mapping of plain values declares.

    Raises:
        DefinitionInvalid: As parse_definition_text.
    """
    declared = _validated(DeclaredDefinition, mapping, source)
    of_config = [each.below("config") for each in invalid_fields(declared.config)]
    raise_if_invalid([*declared.invalid_fields(), *of_config], source)
    return declared


def parse_config(mapping: object, source: str = "the config") -> ReportConfig:
    """The config that a mapping of plain values declares, also where no dataset can answer it.

    Raises:
        DefinitionInvalid: The message names each invalid field.
    """
    return _validated(ReportConfig, mapping, source)


def invalid_fields(config: ReportConfig) -> list[InvalidField]:
    """All fields that the registry's dataset cannot answer; an unknown dataset is one."""
    faults = [_invalid_fields_of_rows(each) for each in config.parts]
    if not config.blocks:
        return faults[0]
    return [
        fault if fault.field.startswith("period") else fault.below(f"blocks[{index}]")
        for index, of_block in enumerate(faults)
        for fault in of_block
    ]


def _invalid_fields_of_rows(config: ReportConfig) -> list[InvalidField]:
    try:
        answering = dataset(config.dataset)
    except UnknownDataset as error:
        return [InvalidField("dataset", error.message)]
    return additivity.invalid_fields(config, answering)


def broken_definitions(
    definitions: Iterable[DeclaredDefinition | ReportDefinition],
) -> list[BrokenDefinition]:
    """The definitions that their datasets cannot answer, in the order given; no archived ones.

    A dataset that loses a column breaks the definitions that use it. `reporting definitions apply`
    looks for them among all stored definitions, the tests among the starter set.
    """
    return [
        BrokenDefinition(definition=each, invalid_fields=tuple(faults))
        for each in definitions
        if each.status is not Status.ARCHIVED and (faults := invalid_fields(each.config))
    ]


def _validated(model: type[_Model], mapping: object, source: str) -> _Model:
    raise_if_invalid(invalid_values(mapping), source)
    if not isinstance(mapping, Mapping):
        found = "nothing" if mapping is None else f"a {type(mapping).__name__}"
        reason = f"expected a mapping of fields, found {found}"
        raise_if_invalid([InvalidField("the text", reason)], source)
    try:
        return model.model_validate(mapping)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise_if_invalid([InvalidField(_path(each), _reason(each)) for each in details], source)
        raise


def _path(error: ErrorDetails) -> str:
    """`config.filters[0].value`; parts in brackets are tags of unions, not fields."""
    path = ""
    for part in error["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("<"):
            path += f".{part}"
    field = _context(error).get("field") or ("operator" if error["type"] == "operator" else None)
    if field is not None:
        path += f".{field}"
    return path.removeprefix(".") or "the definition"


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(_context(error)["error"])
    reason = _REASONS.get(error["type"], error["msg"])
    return f"{reason}, found {quoted(error['input'])}" if error["type"] in _WITH_VALUE else reason


def _context(error: ErrorDetails) -> dict[str, Any]:
    return error.get("ctx") or {}

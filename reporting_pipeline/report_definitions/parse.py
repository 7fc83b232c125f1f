"""From the text or the mapping of a definition to a checked value, or to all that is wrong with it.

What belongs here: the order of the checks, and the words for what pydantic finds. What does not:
the rules themselves (`plain_tree`, `declared`, `config`, `answerable`).
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions.answerable import problems_with
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.declared import DeclaredDefinition
from reporting_pipeline.report_definitions.document_text import Unreadable, read_text
from reporting_pipeline.report_definitions.plain_tree import tree_problems
from reporting_pipeline.report_definitions.problems import Problem, refuse, shown

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "model_type": "expected a mapping of fields",
    "model_attributes_type": "expected a mapping of fields",
    "dict_type": "expected a mapping of fields",
}
_SHOW_WHAT_WAS_FOUND = frozenset(
    {"string_type", "int_type", "bool_type", "tuple_type", "literal_error", "enum", "uuid_type"}
)

_Model = TypeVar("_Model", bound=BaseModel)


def parse_definition_text(text: str | bytes, source: str = "the definition") -> DeclaredDefinition:
    """The definition that a text of YAML or JSON declares.

    Raises:
        DefinitionInvalid: It declares none; the message begins with `source` and names each field.
    """
    try:
        tree = read_text(text)
    except Unreadable as error:
        refuse([error.problem], source)
        raise
    return from_mapping(tree, source)


def from_mapping(mapping: object, source: str = "the definition") -> DeclaredDefinition:
    """The definition that a mapping of plain values declares.

    Raises:
        DefinitionInvalid: As parse_definition_text.
    """
    declared = _validated(DeclaredDefinition, mapping, source)
    problems = [each.below("config") for each in config_problems(declared.config)]
    refuse([*declared.problems(), *problems], source)
    return declared


def config_from(mapping: object, source: str = "the config") -> ReportConfig:
    """The config that a mapping of plain values says, whether a dataset can answer it or not.

    Raises:
        DefinitionInvalid: It is none; the message names each field.
    """
    return _validated(ReportConfig, mapping, source)


def config_problems(config: ReportConfig) -> list[Problem]:
    """What the registry's dataset cannot answer; an unknown dataset is one problem."""
    try:
        answering = dataset(config.dataset)
    except UnknownDataset as error:
        return [Problem("dataset", error.message)]
    return problems_with(config, answering)


def _validated(model: type[_Model], mapping: object, source: str) -> _Model:
    refuse(tree_problems(mapping), source)
    if not isinstance(mapping, Mapping):
        found = "nothing" if mapping is None else f"a {type(mapping).__name__}"
        refuse([Problem("the text", f"expected a mapping of fields, found {found}")], source)
    try:
        return model.model_validate(mapping)
    except ValidationError as error:
        refuse([_problem(each) for each in error.errors(include_url=False)], source)
        raise


def _problem(error: ErrorDetails) -> Problem:
    return Problem(_path(error), _reason(error))


def _path(error: ErrorDetails) -> str:
    """`config.filters[0].value`; the tags of unions, which have brackets, are no fields."""
    path = ""
    for part in error["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("<"):
            path += f".{part}"
    named = _context(error).get("field") or ("operator" if error["type"] == "operator" else None)
    if named is not None:
        path += f".{named}"
    return path.removeprefix(".") or "the definition"


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(_context(error)["error"])
    words = _WORDS.get(error["type"], error["msg"])
    return (
        f"{words}, found {shown(error['input'])}"
        if error["type"] in _SHOW_WHAT_WAS_FOUND
        else words
    )


def _context(error: ErrorDetails) -> dict[str, Any]:
    return error.get("ctx") or {}

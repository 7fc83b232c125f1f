"""Reads a definition from text or a mapping, and reports every field that is not valid.

If the text can be read, all other faults are reported together: of plain values, fields, headings
and the dataset (`all_faults`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions import additivity
from reporting_pipeline.report_definitions.all_faults import AllFaults
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    ReportDefinition,
    Status,
)
from reporting_pipeline.report_definitions.document import (
    InvalidField,
    UnreadableText,
    decoded,
    raise_if_invalid,
    read_text,
)
from reporting_pipeline.report_definitions.headings import invalid_headings
from reporting_pipeline.report_definitions.text_lines import TextLines

AlsoChecked: TypeAlias = Callable[[DeclaredDefinition], Sequence[InvalidField]]
"""A check of a higher layer: the fields of a valid definition that are not valid there."""


def nothing_else(_: DeclaredDefinition) -> Sequence[InvalidField]:
    """No other check."""
    return ()


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


def parse_definition_text(
    text: str | bytes, source: str = "the definition", also: AlsoChecked = nothing_else
) -> DeclaredDefinition:
    """The definition that a text of YAML or JSON declares.

    Args:
        text: The text.
        source: The name of the file, for messages.
        also: Checks a definition that is valid so far: that its formats can hold it, for example.

    Raises:
        DefinitionInvalid: The message has a line for each invalid field, with `source` and the line
            of the text.
    """
    try:
        tree = read_text(text)
    except UnreadableText as error:
        raise_if_invalid([error.fault], source)
        raise
    declared, faults = _all_faults(tree, also)
    if declared is None or faults:
        raise_if_invalid(_with_lines(faults, decoded(text)), source)
        raise AssertionError(source)
    return declared


def parse_definition(
    mapping: object, source: str = "the definition", also: AlsoChecked = nothing_else
) -> DeclaredDefinition:
    """The definition that a mapping of plain values declares.

    Raises:
        DefinitionInvalid: The message begins with `source` and names each invalid field.
    """
    declared, faults = _all_faults(mapping, also)
    raise_if_invalid(faults, source)
    assert declared is not None  # noqa: S101 - it is valid, or there are faults
    return declared


def parse_config(mapping: object, source: str = "the config") -> ReportConfig:
    """The config that a mapping of plain values declares, also where no dataset can answer it.

    Raises:
        DefinitionInvalid: The message names each invalid field.
    """
    config, faults = AllFaults(ReportConfig).of(mapping)
    raise_if_invalid(faults, source)
    assert config is not None  # noqa: S101 - it is valid, or there are faults
    return config


def _all_faults(
    tree: object, also: AlsoChecked
) -> tuple[DeclaredDefinition | None, list[InvalidField]]:
    def of_schedule(
        declared: DeclaredDefinition, stand_ins: frozenset[str]
    ) -> Sequence[InvalidField]:
        is_known = stand_ins.isdisjoint({"category", "schedule", "config.period"})
        return declared.invalid_fields() if is_known else ()

    def of_dataset(declared: DeclaredDefinition, _: frozenset[str]) -> Sequence[InvalidField]:
        return [each.below("config") for each in invalid_fields(declared.config)]

    def of_headings(declared: DeclaredDefinition, _: frozenset[str]) -> Sequence[InvalidField]:
        return [each.below("config") for each in invalid_headings(declared.config)]

    def of_others(declared: DeclaredDefinition, _: frozenset[str]) -> Sequence[InvalidField]:
        return () if invalid_fields(declared.config) else also(declared)

    checks = (of_schedule, of_dataset, of_headings, of_others)
    return AllFaults(DeclaredDefinition, checks).of(tree)


def _with_lines(faults: Sequence[InvalidField], text: str) -> list[InvalidField]:
    """The faults with the lines of their fields, in the order of the lines."""
    lines = TextLines.of(text)
    found = [replace(each, line=lines.line(each.place)) for each in faults]
    return sorted(found, key=lambda each: each.line or 0)


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

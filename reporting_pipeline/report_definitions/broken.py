"""Definitions that the datasets cannot answer any more: the contract between the two.

A dataset that loses a column, or changes what one is, breaks the definitions that use it. The tests
ask this of the starter set, `reporting definitions apply` of everything stored.

What belongs here: the question. What does not: what a dataset can answer (`answerable`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reporting_pipeline.report_definitions.declared import DeclaredDefinition
from reporting_pipeline.report_definitions.definition import ReportDefinition, Status
from reporting_pipeline.report_definitions.parse import config_problems
from reporting_pipeline.report_definitions.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenDefinition:
    """A definition, and what of it cannot be answered."""

    definition: DeclaredDefinition | ReportDefinition
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        """On one line, as a person reads it."""
        of = self.definition.organization_id
        whose = "" if of is None else f" of organisation {of}"
        return f"{self.definition.slug}{whose}: {'; '.join(map(str, self.problems))}"


def broken_definitions(
    definitions: Iterable[DeclaredDefinition | ReportDefinition],
) -> list[BrokenDefinition]:
    """Those that cannot be answered, in the order given; archived ones are nobody's matter."""
    return [
        BrokenDefinition(definition=each, problems=tuple(problems))
        for each in definitions
        if each.status is not Status.ARCHIVED and (problems := config_problems(each.config))
    ]

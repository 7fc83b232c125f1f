"""The formats that a definition can be written in, whatever its rows are.

Each format has its own rule, which its writer uses too (`Format.refuse_columns`).
"""

from collections.abc import Iterator

from reporting_pipeline.errors import FormatCannotHold
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions.compile import report_columns
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    ReportDefinition,
    Status,
)
from reporting_pipeline.report_definitions.document import InvalidField
from reporting_pipeline.report_definitions.wording import columns_in_language


def invalid_formats(definition: DeclaredDefinition | ReportDefinition) -> list[InvalidField]:
    """The formats in which no report of a definition can be written, unless it has no rows.

    None of an archived definition. The datasets of the definition must be able to answer it.
    """
    return [] if definition.status is Status.ARCHIVED else list(_faults(definition))


def _faults(definition: DeclaredDefinition | ReportDefinition) -> Iterator[InvalidField]:
    config = definition.config
    titles = [each.title for each in config.blocks] or [definition.name]
    parts = [
        (title, columns_in_language(report_columns(dataset(part.dataset), part), definition))
        for title, part in zip(titles, config.parts, strict=True)
    ]
    for index, name in enumerate(definition.formats):
        for title, columns in parts:
            try:
                FORMATS[name].refuse_columns(title, columns, config.locale)
            except FormatCannotHold as error:
                yield InvalidField(f"formats[{index}]", f"{name}: {error.message}")

"""The texts of a definition in the language of its reports.

A definition has its own words, which stay as they are, except in the definitions that ship: their
words are in the catalogue of each language. The title of a column that has no heading in the
definition is always in the language of the report, and so are the values that are words of ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reporting_pipeline.languages import ENGLISH, language_of, translated, words_of
from reporting_pipeline.registry.columns import Column, ColumnType
from reporting_pipeline.report_definitions.compile import CompiledReport, ReportColumn
from reporting_pipeline.report_definitions.definition import DeclaredDefinition, ReportDefinition
from reporting_pipeline.report_definitions.files import STARTER_SET

_SHIPPED = frozenset(path.stem for path in STARTER_SET.glob("*.yaml"))


def shown_text(text: str, definition: DeclaredDefinition | ReportDefinition) -> str:
    """A text of a definition in the language of its reports."""
    if definition.slug not in _SHIPPED:
        return text
    return translated(text, definition.config.locale)


def words_of_column(column: Column, locale: str) -> Mapping[str, str]:
    """The words that people read in place of a column's values; none in English."""
    if column.type is ColumnType.BOOLEAN and language_of(locale) != ENGLISH:
        return {"true": translated("yes", locale), "false": translated("no", locale)}
    return words_of(column.name, locale) if column.type is ColumnType.TEXT else {}


def in_language(report: CompiledReport, definition: ReportDefinition) -> CompiledReport:
    """A report whose headings, and values that are words of ours, are in its language."""
    return replace(report, columns=columns_in_language(report.columns, definition))


def columns_in_language(
    columns: Iterable[ReportColumn], definition: DeclaredDefinition | ReportDefinition
) -> tuple[ReportColumn, ...]:
    """Columns with their headings, and the words of their values, in the language of the report."""
    locale = definition.config.locale
    return tuple(
        replace(
            each,
            heading=translated(each.column.title, locale)
            if each.label is None
            else shown_text(each.label, definition),
            words=words_of_column(each.column, locale),
        )
        for each in columns
    )

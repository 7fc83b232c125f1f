"""The words of shipped definitions in the language of the report; other definitions keep theirs."""

from datetime import date
from uuid import UUID

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.report_definitions.wording import in_language, shown_text

ORGANIZATION = UUID(int=2)
PERIOD = Period(first=date(2026, 10, 1), end=date(2026, 11, 1), event_id=None)


def definition(slug: str, locale: str) -> ReportDefinition:
    """The shipped definition of daily sales under a slug, with a locale."""
    [shipped] = [each for each in read_folder(STARTER_SET) if each.slug == "daily-sales"]
    return ReportDefinition(
        id=UUID(int=1),
        organization_id=ORGANIZATION,
        slug=slug,
        name=shipped.name,
        category=shipped.category,
        schedule=shipped.schedule,
        status=shipped.status,
        formats=shipped.formats,
        version=1,
        config=shipped.config.model_copy(update={"locale": locale}),
    )


def headings(asked: ReportDefinition) -> list[str]:
    """The headings of a report, in its language."""
    report = compile_report(asked.config, ORGANIZATION, PERIOD)
    return [each.header for each in in_language(report, asked).columns]


@pytest.mark.parametrize(
    ("slug", "locale", "first", "currency", "name"),
    [
        ("daily-sales", "de_AT", "Tag", "Währung", "Tagesverkäufe"),
        ("daily-sales", "en_GB", "Day", "Currency", "Daily sales"),
        ("daily-sales", "ja_JP", "Day", "Currency", "Daily sales"),
        ("our-sales", "de_DE", "Day", "Währung", "Daily sales"),
    ],
)
def test_a_german_report_has_german_titles_and_the_words_of_its_own_definition(
    slug: str, locale: str, first: str, currency: str, name: str
) -> None:
    asked = definition(slug, locale)

    found = headings(asked)

    assert found[0] == first
    assert found[4] == currency
    assert shown_text(asked.name, asked) == name


def test_programs_find_the_same_headers_in_every_language() -> None:
    asked = definition("daily-sales", "de_DE")
    report = in_language(compile_report(asked.config, ORGANIZATION, PERIOD), asked)

    assert [each.machine_header for each in report.columns][:3] == ["Day", "Event", "Starts"]

"""Books that do not tie, and a day that runs: no category of a report makes them final."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import openpyxl
import pypdfium2
import pytest

from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.publishing.generate import Outcome
from reporting_pipeline.report_definitions.definition import Category, ReportDefinition
from reporting_pipeline.report_definitions.files import (
    STARTER_SET,
    for_organizations,
    read_folder,
)
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    NOW,
    ReportGenerator,
    define,
    one_day,
)

_CASE = CASES / "wrong_books_in_any_category"
_ORGANIZATION = UUID("791f8965-a116-43a8-9bfc-4228da3fa609")
# The order's total is 100.00 EUR, and the ledger's sale 150.00 EUR.
_BROKEN = date(2026, 9, 1)
_RUNNING = date(2026, 11, 27)
_LANDED_THROUGH = "2026-11-27 12:00+00"


@dataclass(frozen=True, kw_only=True)
class _WrongBooks:
    generator: ReportGenerator
    by_category: Mapping[str, ReportDefinition]

    def outcomes(
        self, category: str, day: date, *, is_provisional_allowed: bool = False
    ) -> list[Outcome]:
        """The report of a category over one day, in all its formats."""
        return self.generator.generate(
            self.by_category[category],
            one_day(day),
            is_provisional_allowed=is_provisional_allowed,
        )


@pytest.fixture(scope="module")
def wrong(shared_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> _WrongBooks:
    """The books, landed until noon of the running day, built and sealed."""
    load_dump(_CASE / "dump", shared_pipeline.sources)
    shared_pipeline.land()
    shared_pipeline.build_all()
    shared_pipeline.seal_all()
    generator = ReportGenerator(
        warehouse=shared_pipeline.warehouse,
        store=open_store(str(tmp_path_factory.mktemp("store"))),
    )
    generator.query("update landing.source_reads set complete_through = %s", _LANDED_THROUGH)
    declared = for_organizations(read_folder(_CASE / "definitions"), [_ORGANIZATION])
    with warehouse_connection(shared_pipeline.warehouse) as connection:
        applied = apply_definitions(connection, declared, NOW)
    return _WrongBooks(
        generator=generator,
        by_category={each.definition.category: each.definition for each in applied},
    )


@pytest.mark.parametrize("category", list(Category))
def test_amounts_that_do_not_tie_are_held_in_every_category(
    wrong: _WrongBooks, category: Category
) -> None:
    outcomes = wrong.outcomes(category, _BROKEN)

    assert {each.report.status for each in outcomes} == {"held"}
    for each in outcomes:
        assert "Ticketing 100.00 EUR, ledger 150.00 EUR" in str(each.report.failure_message)


@pytest.mark.parametrize("category", list(Category))
def test_amounts_that_do_not_tie_are_stamped_where_they_are_requested(
    wrong: _WrongBooks, category: Category
) -> None:
    outcomes = wrong.outcomes(category, _BROKEN, is_provisional_allowed=True)

    _assert_stamped(outcomes)


def test_a_financial_report_of_the_running_day_is_held(wrong: _WrongBooks) -> None:
    outcomes = wrong.outcomes(Category.FINANCIAL, _RUNNING)

    assert {each.report.status for each in outcomes} == {"held"}


@pytest.mark.parametrize("category", [Category.SALES, Category.OPERATIONAL])
def test_other_amounts_of_the_running_day_are_stamped(
    wrong: _WrongBooks, category: Category
) -> None:
    _assert_stamped(wrong.outcomes(category, _RUNNING))


def test_the_daily_sales_of_the_running_day_are_stamped(wrong: _WrongBooks) -> None:
    declared = for_organizations(read_folder(STARTER_SET), [_ORGANIZATION])
    with warehouse_connection(wrong.generator.warehouse) as connection:
        applied = apply_definitions(connection, declared, NOW)
    [sales] = [each.definition for each in applied if each.definition.slug == "daily-sales"]

    _assert_stamped(wrong.generator.generate(sales, one_day(_RUNNING)))


def test_a_report_without_amounts_is_final_beside_books_that_do_not_tie(
    wrong: _WrongBooks,
) -> None:
    attendance = define(wrong.generator.warehouse, ATTENDANCE, _ORGANIZATION)

    over_break = wrong.generator.generate_one(attendance, one_day(_BROKEN))
    over_running = wrong.generator.generate_one(attendance, one_day(_RUNNING))

    assert (over_break.status, over_break.is_provisional) == ("ready", False)
    assert (over_running.status, over_running.is_provisional) == ("ready", True)


def _assert_stamped(outcomes: list[Outcome]) -> None:
    assert outcomes
    for each in outcomes:
        assert (each.report.status, each.report.is_provisional) == ("ready", True)
        path = Path(each.location or "")
        assert path.stem.endswith("_PROVISIONAL")
        if path.suffix == ".xlsx":
            control = openpyxl.load_workbook(path)["Control"]
            status = {str(row[0]): row[1] for row in control.iter_rows(values_only=True)}
            assert status["Status"] == "PROVISIONAL"
        if path.suffix == ".pdf":
            with pypdfium2.PdfDocument(path) as document:
                assert "PROVISIONAL" in document[0].get_textpage().get_text_range()

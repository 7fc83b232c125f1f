"""A paper that does not tie with the ledger is held, with both figures, and is no proven file."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import ReportGenerator, define

SEPTEMBER = Period(first=date(2025, 9, 1), end=date(2025, 10, 1))


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


def statement(generator: ReportGenerator, slug: str = "payout-statement") -> GeneratedReport:
    [declared] = [each for each in read_folder(STARTER_SET) if each.slug == slug]
    shipped: Mapping[str, object] = declared.model_dump(mode="json", exclude_none=True)
    definition = define(generator.warehouse, {**shipped, "formats": ["csv"]})
    return generator.generate_one(definition, SEPTEMBER)


def tamper(generator: ReportGenerator, statement: str) -> None:
    with warehouse_connection(generator.warehouse) as connection:
        assert connection.execute(statement.encode()).rowcount > 0


def test_a_balance_that_differs_from_the_ledger_holds_the_paper_with_both_figures(
    generator: ReportGenerator,
) -> None:
    assert statement(generator).status == "ready"
    tamper(
        generator,
        "update reporting.report_revenue_daily_balances as balances"
        " set payable_closing_minor = payable_closing_minor + 1"
        " where date < '2025-09-01' and payable_change_minor <> 0",
    )

    held = statement(generator)

    assert held.status == "held"
    assert held.failure_message is not None
    assert "sum of opening_minor = start of organizer_payable by the ledger: expected" in (
        held.failure_message
    )
    assert "found 14546.51 USD" in held.failure_message


def test_taxes_that_differ_from_the_revenue_hold_the_paper(generator: ReportGenerator) -> None:
    assert statement(generator, "tax").status == "ready"
    tamper(
        generator,
        "update reporting.report_tax_daily set tax_minor = tax_minor + 1,"
        " net_tax_minor = net_tax_minor + 1 where date = '2025-09-10'",
    )

    held = statement(generator, "tax")

    assert held.status == "held"
    assert "sum of tax_minor = tax_minor of the revenue: expected" in (held.failure_message or "")


def test_an_account_that_differs_from_the_ledger_holds_the_trial_balance(
    generator: ReportGenerator,
) -> None:
    assert statement(generator, "trial-balance").status == "ready"
    tamper(
        generator,
        "update reporting.report_account_movements_daily_balances"
        " set closing_minor = closing_minor + 1"
        " where account_kind = 'tax_payable' and date < '2025-09-01'",
    )

    held = statement(generator, "trial-balance")

    assert held.status == "held"
    assert "opening_minor by the ledger of tax_payable: expected" in (held.failure_message or "")


def test_debits_that_are_not_the_credits_hold_the_trial_balance(generator: ReportGenerator) -> None:
    tamper(
        generator,
        "update reporting.report_account_movements_daily set debit_minor = debit_minor + 1"
        " where date = '2025-09-10'",
    )

    held = statement(generator, "trial-balance")

    assert held.status == "held"
    assert "sum of debits = sum of credits: expected" in (held.failure_message or "")


def test_a_file_whose_paper_does_not_tie_any_more_is_reported_by_verify(
    generator: ReportGenerator,
) -> None:
    report = statement(generator)
    path = Path(generator.store.location(report.storage_path or ""))
    offline = verify_file(path)
    assert verify_against_warehouse(generator.warehouse, path, offline).differences == ()

    tamper(
        generator,
        "update reporting.report_account_movements_daily set change_minor = change_minor + 1"
        " where account_kind = 'organizer_payable' and date = '2025-09-10'",
    )

    found = verify_against_warehouse(generator.warehouse, path, offline).differences
    assert any("closing_minor = end of organizer_payable" in each.message for each in found)

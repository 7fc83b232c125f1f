"""The bundled season is complete: every table of the contract, and every expected report table."""

from reporting_pipeline.samples.season import SEASON
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.contract.columns import is_optional


def test_the_season_has_a_file_for_every_table_of_version_1_0_of_the_contract() -> None:
    names = {path.name for path in SEASON.glob("*.csv")}

    assert names == {f"{table.key}.csv" for table in TABLES if not is_optional(table)}


def test_the_season_has_the_five_expected_report_tables() -> None:
    names = {path.stem for path in (SEASON / "expected").glob("*.csv")}

    assert names == {
        "report_attendance_daily",
        "report_event_summary",
        "report_reconciliation_breaks",
        "report_revenue_daily",
        "report_sales_daily",
    }

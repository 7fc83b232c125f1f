"""The bundled season is complete: every table of the contract, and every expected report table."""

from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.samples.season import SEASON
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.contract.columns import is_optional


def test_the_season_has_a_file_for_every_table_of_version_1_0_of_the_contract() -> None:
    names = {path.name for path in SEASON.glob("*.csv")}

    assert names == {f"{table.key}.csv" for table in TABLES if not is_optional(table)}


def test_the_season_has_every_expected_report_table() -> None:
    names = {path.stem for path in (SEASON / "expected").glob("*.csv")}

    assert names == {table.name for table in REPORT_TABLES}

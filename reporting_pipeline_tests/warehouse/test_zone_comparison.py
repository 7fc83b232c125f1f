"""Zones that PostgreSQL and Python know differently are found, with the first instant."""

from pathlib import Path

from sqlalchemy import URL

from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.zone_comparison import (
    ZoneDifference,
    compare_zones_in_use,
    compare_zones_of_files,
)
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.another_zone_table import another_zone_table
from reporting_pipeline_tests.sample_reports import NOW


def test_zones_with_the_same_rules_are_counted(season_pipeline: Pipeline) -> None:
    with warehouse_connection(season_pipeline.warehouse) as connection:
        assert compare_zones_in_use(connection) == (3, [])


def test_a_zone_that_differs_later_is_named_with_that_instant(
    season_pipeline: Pipeline, tmp_path: Path
) -> None:
    # Tunis has the time of Berlin in winter.
    with (
        warehouse_connection(season_pipeline.warehouse) as connection,
        another_zone_table(tmp_path, Berlin="Africa/Tunis"),
    ):
        [difference] = compare_zones_in_use(connection)[1]

    assert str(difference) == (
        "Europe/Berlin from 2025-03-30 01:00 UTC: PostgreSQL +02:00, Python +01:00"
    )


def test_the_files_of_a_local_server_are_compared_around_now(tmp_path: Path) -> None:
    folder = tmp_path / "of the server"
    (folder / "Europe").mkdir(parents=True)
    with another_zone_table(folder, Berlin="Europe/Berlin", Oslo="Europe/Lisbon"):
        pass

    count, differences = compare_zones_of_files(folder, NOW)

    assert count == 2
    assert differences == [
        ZoneDifference("Europe/Oslo", differences[0].since, 0, 3600),
    ]


def test_a_warehouse_without_the_schema_uses_no_zones(empty_database_url: URL) -> None:
    with warehouse_connection(empty_database_url) as connection:
        assert compare_zones_in_use(connection) == (0, [])

"""Which of the season's reports the demo generates."""

from reporting_pipeline.cli.demo_reports import apply_starter_set, deliveries
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.acceptance.given import Pipeline


def test_last_days_with_sales_their_weeks_and_months_and_all_events(
    shared_season_pipeline: Pipeline,
) -> None:
    settings = settings_of(shared_season_pipeline)

    found = list(deliveries(settings, ["event 1", "event 2", "event 3"]))

    assert [(each.job_name, each.first, each.last) for each in found] == [
        ("daily_build", "2025-05-06", "2025-05-06"),
        ("daily_build", "2025-10-28", "2025-10-28"),
        ("deliver_weekly_reports", "2025-05-05", "2025-05-05"),
        ("deliver_weekly_reports", "2025-10-27", "2025-10-27"),
        ("deliver_monthly_reports", "2025-05-01", "2025-05-01"),
        ("deliver_monthly_reports", "2025-10-01", "2025-10-01"),
        ("deliver_event_reports", "event 1", "event 3"),
    ]


def test_every_organisation_gets_the_starter_set_and_gets_it_once(
    shared_season_pipeline: Pipeline,
) -> None:
    settings = settings_of(shared_season_pipeline)

    assert [apply_starter_set(settings), apply_starter_set(settings)] == [20, 20]


def settings_of(pipeline: Pipeline) -> Settings:
    address = pipeline.warehouse.render_as_string(hide_password=False)
    return Settings.model_validate({"database_url": address})

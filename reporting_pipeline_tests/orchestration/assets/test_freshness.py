"""The freshness policies of tables and files."""

from datetime import timedelta

import dagster as dg
import pytest

from reporting_pipeline.orchestration.assets.landing import landing_freshness
from reporting_pipeline.orchestration.assets.lineage import SEALS, landing_key, report_key
from reporting_pipeline.orchestration.assets.reports import nightly_freshness
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.settings import Settings


def test_tables_are_fresh_by_the_settings_and_files_have_deadlines_of_their_own() -> None:
    settings = Settings(source_stale_seconds=600)

    graph = build_definitions(settings).resolve_asset_graph()

    policies = {key: graph.get(key).freshness_policy for key in graph.get_all_asset_keys()}
    assert policies[landing_key("ledger", "entries")] == dg.FreshnessPolicy.time_window(
        fail_window=timedelta(minutes=10), warn_window=timedelta(minutes=5)
    )
    nightly = nightly_freshness(settings)
    assert policies[report_key("report_sales_daily")] == policies[SEALS] == nightly
    assert policies[dg.AssetKey("daily_reports")] is None


def test_the_shortest_time_has_no_warning_before_it() -> None:
    assert landing_freshness(Settings(source_stale_seconds=60)) == dg.FreshnessPolicy.time_window(
        fail_window=timedelta(minutes=1)
    )


@pytest.mark.parametrize(
    ("nightly_at", "deadline_hours", "deadline", "since"),
    [
        ("02:15", 12, "0 12 * * *", timedelta(hours=9, minutes=45)),
        ("23:30", 6, "0 6 * * *", timedelta(hours=6, minutes=30)),
        ("02:00", 26, "0 2 * * *", timedelta(days=1)),
    ],
)
def test_a_nightly_table_is_built_between_its_run_and_the_deadline(
    nightly_at: str, deadline_hours: int, deadline: str, since: timedelta
) -> None:
    settings = Settings.model_validate(
        {
            "nightly_at": nightly_at,
            "daily_deadline_hours": deadline_hours,
            "schedule_zone": "Europe/Berlin",
        }
    )

    assert nightly_freshness(settings) == dg.FreshnessPolicy.cron(
        deadline_cron=deadline, lower_bound_delta=since, timezone="Europe/Berlin"
    )

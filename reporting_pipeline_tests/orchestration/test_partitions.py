"""The days that exist: from the first to the one that has begun somewhere."""

from datetime import UTC, date, datetime

from reporting_pipeline.orchestration.partitions import report_days


def test_days_run_from_the_first_to_tomorrow_in_utc() -> None:
    days = report_days(date(2025, 1, 1))

    keys = days.get_partition_keys(current_time=datetime(2025, 1, 3, 12, tzinfo=UTC))

    assert keys == ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"]

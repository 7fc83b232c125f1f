"""Which reports show a balance, and so depend on days before their period."""

import pytest

from reporting_pipeline.report_definitions.balances import depends_on_history
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder


def _config(dataset: str, *columns: str, **fields: object) -> ReportConfig:
    return ReportConfig.model_validate(
        {"dataset": dataset, "columns": list(columns), "period": "month", **fields}
    )


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (_config("event_summary", "event_id", "capacity_count"), True),
        (_config("event_summary", "event_id", "sell_through_rate"), True),
        (_config("event_summary", "event_id", "sold_today_count"), False),
        (_config("payable_statement", "currency", "opening_minor"), True),
        (_config("payable_statement", "currency", "organizer_share_minor"), False),
        (_config("sales_daily", "currency", "gross_minor"), False),
        (_config("freshness", "table_name", "waiting_day_count"), False),
        (
            _config(
                "event_summary",
                "event_id",
                "sold_today_count",
                filters=[{"column": "capacity_count", "operator": "range", "from": 1}],
            ),
            True,
        ),
        (_config("event_summary", "event_id", sort=["no_show_count"]), True),
    ],
)
def test_a_report_that_uses_a_balance_depends_on_the_days_before_its_period(
    config: ReportConfig, expected: bool
) -> None:
    assert depends_on_history(config) is expected


def test_these_of_the_starter_set_show_a_balance() -> None:
    shown = [each.slug for each in read_folder(STARTER_SET) if depends_on_history(each.config)]
    assert shown == [
        "attendance",
        "event-audit",
        "gift-cards",
        "occupancy",
        "payout-statement",
        "receivables",
        "reserve-statement",
        "trial-balance",
        "weekly-occupancy",
    ]

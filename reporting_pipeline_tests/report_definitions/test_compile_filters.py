"""Filters, run on the warehouse: which rows pass, and the sentence for people."""

from datetime import date
from typing import Any

import psycopg
import pytest

from reporting_pipeline.report_definitions.compile import compile_over
from reporting_pipeline_tests.report_definitions.sample_definitions import (
    FEBRUARY,
    config,
    dataset_of_table,
    found,
    sales,
    sell,
)
from reporting_pipeline_tests.report_rows import EVENT, ORGANIZATION, insert_row

BREAKS = dataset_of_table("report_reconciliation_breaks")
Connection = psycopg.Connection[Any]


@pytest.mark.parametrize(
    ("filters", "passing", "sentences"),
    [
        ([{"column": "channel", "operator": "=", "value": "web"}], [1, 2], ("Channel is web",)),
        (
            [{"column": "channel", "operator": "in", "values": ["api", "kiosk"]}],
            [3, 4],
            ("Channel is one of api, kiosk",),
        ),
        (
            [{"column": "channel", "operator": "not_in", "values": ["api", "kiosk"]}],
            [1, 2],
            ("Channel is none of api, kiosk",),
        ),
        (
            [{"column": "net_count", "operator": "range", "from": 2, "to": 4}],
            [2, 3],
            ("Net is at least 2 and less than 4",),
        ),
        (
            [{"column": "date", "operator": "range", "to": "2026-02-28"}],
            [2],
            ("Date is before 2026-02-28",),
        ),
        (
            [{"column": "is_admission", "operator": "=", "value": False}],
            [4],
            ("Admission ticket is no",),
        ),
        (
            [{"column": "ticket_type_id", "operator": "is_null", "value": False}],
            [1, 2, 3, 4],
            ("Ticket type is not empty",),
        ),
        (
            [
                {
                    "or": [
                        {"column": "net_count", "operator": "=", "value": 1},
                        {
                            "and": [
                                {"column": "channel", "operator": "=", "value": "web"},
                                {"column": "gross_minor", "operator": "range", "from": 0},
                            ]
                        },
                    ]
                }
            ],
            [1, 2],
            ("Net is 1 or (Channel is web and Gross (minor units) is at least 0)",),
        ),
        (
            [
                {"column": "channel", "operator": "=", "value": "web"},
                {"column": "net_count", "operator": "=", "value": 3},
            ],
            [],
            ("Channel is web", "Net is 3"),
        ),
    ],
)
def test_filters_pass_these_rows(
    rolled_back: Connection, filters: list[Any], passing: list[int], sentences: tuple[str, ...]
) -> None:
    sell(rolled_back, channel="web", net_count=1)
    sell(rolled_back, channel="web", net_count=2, date=date(2026, 2, 27))
    sell(rolled_back, channel="api", net_count=3)
    sell(rolled_back, channel="kiosk", net_count=4, is_admission=False)

    report = sales(columns=["net_count"], filters=filters, sort=["net_count"])

    assert [count for (count,) in found(rolled_back, report.rows)] == passing
    assert report.filters == sentences


def test_rows_without_a_value_pass_a_not_in(rolled_back: Connection) -> None:
    for event, kind in ((None, "amount"), (EVENT, "timing")):
        insert_row(
            rolled_back,
            "report_reconciliation_breaks",
            event_id=event,
            kind=kind,
            proof_ids=[],
            **dict.fromkeys(("order_id", "transaction_id", "entry_id")),
        )
    others = {"column": "event_id", "operator": "not_in", "values": [str(EVENT)]}
    chosen = config(dataset="reconciliation_breaks", columns=["kind"], filters=[others])

    report = compile_over(BREAKS, chosen, ORGANIZATION, FEBRUARY)

    assert found(rolled_back, report.rows) == [("amount",)]


def test_having_filters_groups_by_their_sums_and_totals_follow(rolled_back: Connection) -> None:
    sell(rolled_back, channel="web", net_count=1)
    sell(rolled_back, channel="web", net_count=2, date=date(2026, 2, 27))
    sell(rolled_back, channel="api", net_count=2)
    sell(rolled_back, channel="kiosk", net_count=0)

    report = sales(
        columns=["channel", "net_count"],
        group_by=["channel"],
        having=[
            {"column": "net_count", "operator": "not_in", "values": [0]},
            {"column": "net_count", "operator": "range", "from": 3},
        ],
    )

    assert found(rolled_back, report.rows) == [("web", 3)]
    assert found(rolled_back, report.totals) == [(None, 3)]
    assert found(rolled_back, report.count) == [(1,)]
    assert report.filters == (
        "Rows of which Net is not 0",
        "Rows of which Net is at least 3",
    )


def test_the_longest_list_of_values_is_bound(rolled_back: Connection) -> None:
    sell(rolled_back, net_count=999)
    report = sales(
        columns=["net_count"],
        filters=[{"column": "net_count", "operator": "in", "values": list(range(1_000))}],
    )
    assert found(rolled_back, report.rows) == [(999,)]
    assert report.filters[0].endswith(", 18, 19, 980 more")

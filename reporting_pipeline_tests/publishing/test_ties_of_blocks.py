"""Each block of a shipped paper is checked by its own identities: over the bundled organisation."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from reporting_pipeline.domain.period import Period
from reporting_pipeline.publishing.ties import broken_ties
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_CONFIGS = {each.slug: each.config for each in read_folder(STARTER_SET)}
_MONEY = (
    *("bridge", "event-settlement", "gift-cards", "payout-statement", "receivables"),
    *("reserve-statement", "tax", "trial-balance", "weekly-revenue"),
)
_EVENT = "Seewiesen Open Air 2025"
_OF_RULES = {
    "month": Period.of_token("2025-09"),
    "previous_week": Period(first=date(2025, 9, 15), end=date(2025, 9, 22)),
}


@pytest.fixture
def connection(organizer: Pipeline) -> Iterator[Connection[Any]]:
    """A connection whose changes are taken back."""
    with (
        warehouse_connection(organizer.warehouse) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection


def _broken(connection: Connection[Any], slug: str) -> list[str]:
    """The identities that the report of a month or of an event does not keep."""
    statement = "select organization_id, id from landing.ticketing_events where name = %s"
    [(organization, event)] = connection.execute(statement, (_EVENT,)).fetchall()
    assert isinstance(organization, UUID)
    of_event = Period(first=None, end=date(2025, 12, 1), event_id=event)
    period = _OF_RULES.get(_CONFIGS[slug].period.rule, of_event)
    found = broken_ties(connection, _CONFIGS[slug], organization, period)
    return [each.identity for each in found]


@pytest.mark.parametrize("slug", _MONEY)
def test_a_clean_paper_ties(connection: Connection[Any], slug: str) -> None:
    assert _broken(connection, slug) == []


@pytest.mark.parametrize(
    ("slug", "change", "identities"),
    [
        pytest.param(
            "event-settlement",
            "update landing.ticketing_order_line_movements set fee_minor = fee_minor + 1"
            " where quantity > 0",
            [
                "sum of gross_minor = gross_minor of the sales",
                "sum of net_gross_minor = net_gross_minor of the sales",
            ],
            id="tickets",
        ),
        pytest.param(
            "event-settlement",
            "update reporting.report_revenue_daily set refund_minor = refund_minor + 1"
            " where refund_minor > 0",
            ["line 05 = its terms"],
            id="money",
        ),
        pytest.param(
            "event-settlement",
            "update landing.ledger_payout_items set amount_minor = amount_minor - 1",
            [
                "sum of paid_out_minor = payout_minor - payout_reversal_minor of the revenue",
                "sum of paid_out_minor = payout_minor - payout_reversal_minor + reserve_held_minor"
                " - reserve_released_minor of the revenue",
            ],
            id="payouts",
        ),
        pytest.param(
            "payout-statement",
            "update reporting.report_revenue_daily set payout_minor = payout_minor + 1"
            " where payout_minor > 0",
            ["sum of paid_out_minor = payout_minor - payout_reversal_minor of the revenue"],
            id="payouts of a month",
        ),
        pytest.param(
            "bridge",
            "update reporting.report_revenue_daily set net_revenue_minor = net_revenue_minor + 1"
            " where net_revenue_minor > 0",
            [
                "charged_minor - charged_gift_card_minor - chargeback_minor"
                " + chargeback_reversal_minor = net_revenue_minor",
                "sum of residue_minor = net_revenue_minor + gift_card_sold_minor"
                " - gift_card_returned_minor - receivable_change_minor - collected_minor"
                " + repaid_minor of the revenue",
            ],
            id="residues",
        ),
        pytest.param(
            "tax",
            "update reporting.report_revenue_daily set donation_minor = donation_minor + 1"
            " where donation_minor > 0",
            [
                "face_value_minor + addon_minor + donation_minor + service_fee_minor"
                " + facility_fee_minor + shipping_fee_minor + cancellation_fee_minor + tax_minor"
                " = gross_minor"
            ],
            id="gross",
        ),
        pytest.param(
            "tax",
            "update reporting.report_tax_daily set tax_minor = tax_minor + 1,"
            " net_tax_minor = net_tax_minor + 1 where tax_minor > 0",
            ["sum of tax_minor = tax_minor of the revenue"] * 2,
            id="tax by jurisdiction and by event",
        ),
    ],
)
def test_a_change_in_one_block_breaks_its_identities(
    connection: Connection[Any], slug: str, change: str, identities: list[str]
) -> None:
    assert connection.execute(change.encode()).rowcount > 0
    assert _broken(connection, slug) == identities

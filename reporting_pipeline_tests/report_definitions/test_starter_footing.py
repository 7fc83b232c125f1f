"""Shipped reports show no total beside some of its parts: the parts are complete, or have an other.

The identities are those of the contract. `other` columns take what has no column of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder


@dataclass(frozen=True)
class Family:
    """A total and its parts; a minus subtracts."""

    total: str
    parts: tuple[str, ...]


def family(total: str, parts: str) -> Family:
    return Family(total, tuple(parts.split()))


_MOVEMENTS = "organizer_share_minor -platform_fee_minor -processing_fee_minor"
FAMILIES: Mapping[str, tuple[Family, ...]] = {
    "attendance_daily": (
        family("accepted_count", "admission_count reentry_count exit_count other_accepted_count"),
        family("scan_count", "accepted_count rejected_count"),
        family(
            "rejected_count",
            "rejected_already_used_count rejected_unknown_count rejected_cancelled_count"
            " rejected_unpaid_count rejected_wrong_gate_count rejected_wrong_time_count"
            " rejected_blocked_count rejected_error_count",
        ),
    ),
    "attendance_inside": (),
    "order_movements": (
        family("net_count", "sold_and_exchanged_count comped_count -returned_count"),
        family("gross_minor", "face_value_minor fee_minor tax_minor"),
        family("net_gross_minor", "gross_minor -returned_gross_minor"),
    ),
    "event_summary": (
        family(
            "capacity_count",
            "sold_to_date_count comped_to_date_count hold_count kill_count unsold_count",
        ),
    ),
    "occupancy_daily": (
        family("capacity_count", "hold_count kill_count sellable_count"),
        family("sellable_count", "ticket_count unsold_count"),
    ),
    "revenue_daily": (
        family(
            "gross_minor",
            "face_value_minor addon_minor donation_minor service_fee_minor facility_fee_minor"
            " shipping_fee_minor cancellation_fee_minor tax_minor",
        ),
        family(
            "net_revenue_minor",
            "gross_minor -refund_minor -chargeback_minor chargeback_reversal_minor",
        ),
        family(
            "payable_change_minor",
            "net_revenue_minor -platform_fee_minor -processing_fee_minor"
            " payable_other_change_minor",
        ),
    ),
    "tax_daily": (
        family(
            "net_tax_minor",
            "tax_minor -refund_tax_minor -chargeback_tax_minor chargeback_reversal_tax_minor",
        ),
    ),
    "payable_statement": (
        family(
            "closing_minor",
            f"opening_minor {_MOVEMENTS} -chargeback_fee_minor adjustment_minor"
            " -reserve_held_minor reserve_released_minor -payout_minor payout_reversal_minor",
        ),
    ),
    "reserve_statement": (
        family("closing_minor", "opening_minor held_minor -released_minor other_change_minor"),
    ),
    "gift_card_statement": (
        family(
            "closing_minor",
            "opening_minor gift_card_sold_minor -gift_card_returned_minor"
            " -collected_gift_card_minor repaid_gift_card_minor other_change_minor",
        ),
    ),
    "account_statement": (family("closing_minor", "opening_minor debit_minor credit_minor"),),
    "bridge": (
        family("charged_minor", "booked_minor -not_charged_minor"),
        family(
            "net_revenue_minor",
            "charged_minor -charged_gift_card_minor -chargeback_minor chargeback_reversal_minor",
        ),
        family(
            "organizer_share_minor",
            "net_revenue_minor -not_organizers_tax_minor -not_organizers_other_minor",
        ),
        family("organizer_share_minor", "payable_change_minor paid_out_minor costs_minor"),
    ),
    "reconciliation_breaks": (family("difference_minor", "ticketing_minor -ledger_minor"),),
    # Lists: their columns are no parts of each other.
    **dict.fromkeys(
        ("bridge_residues", "payouts", "settlement_lines", "unallocated_payouts", "scans"), ()
    ),
    # Admitted tickets that are no longer valid are in no total.
    "tickets": (),
}
_SHOWN = [
    (f"{each.slug}.{number}", part)
    for each in read_folder(STARTER_SET)
    for number, part in enumerate(each.config.parts, start=1)
]


@pytest.mark.parametrize(("name", "part"), _SHOWN, ids=[name for name, _ in _SHOWN])
def test_a_total_beside_two_of_its_parts_is_beside_all_of_them(name: str, part: object) -> None:
    shown = {column.name for column in part.columns}  # type: ignore[attr-defined]

    for each in FAMILIES[part.dataset]:  # type: ignore[attr-defined]
        parts = {column.removeprefix("-") for column in each.parts}
        if each.total in shown and len(parts & shown) > 1:
            assert parts <= shown, f"{name}: {each.total} lacks {sorted(parts - shown)}"


def test_reports_of_events_and_venues_are_not_published_without_rows() -> None:
    skipped = {each.slug for each in read_folder(STARTER_SET) if each.config.skip_empty}

    assert skipped == {"attendance", "event-audit", "no-shows", "occupancy", "weekly-occupancy"}

"""The expected rows of the starter reports, each block of them as a query.

The queries are written by hand from the contract of the report tables. They read these tables and
landing, and use no definition, no dataset view and no compiler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.domain.period import Period

Row: TypeAlias = tuple[Any, ...]

_QUERIES = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterReport:
    """The columns of a starter report, or of a block of it.

    Attributes:
        headings: The headings of the columns for people, in order; `+` marks a column with a total,
            `$` a column with money, `%` a share, `#` a count without a total, `?` yes or no.
        shares: For each share that has a total, the headings whose totals it divides: `-` before
            one subtracts it.
        query: The name of its query, if it is not its own.
        columns: The columns of the query that it shows; empty: all.
    """

    headings: Sequence[str]
    shares: Mapping[str, tuple[str, str]]
    query: str = ""
    columns: Sequence[int] = ()

    @property
    def plain_headings(self) -> list[str]:
        """The headings without marks."""
        return [each.rstrip("+$%#?") for each in self.headings]

    def has_money(self, index: int) -> bool:
        """True if a column has money."""
        return "$" in self.headings[index]

    def is_share(self, index: int) -> bool:
        """True if a column has shares."""
        return "%" in self.headings[index]

    def is_whole(self, index: int) -> bool:
        """True if a column has whole numbers, summed or not."""
        return "#" in self.headings[index] or self.is_summed(index)

    def is_yes_or_no(self, index: int) -> bool:
        """True if a column says yes or no."""
        return "?" in self.headings[index]

    def is_summed(self, index: int) -> bool:
        """True if a column has totals that are sums."""
        return "+" in self.headings[index]


def _report(
    headings: str,
    shares: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    *,
    query: str = "",
    columns: Sequence[int] = (),
) -> StarterReport:
    return StarterReport(headings=headings.split("|"), shares=shares, query=query, columns=columns)


_OF_SECTIONS = (
    "Capacity+|Holds+|Kills+|Sellable+|Tickets+|Of these comps+|Unsold+|Tickets of sellable%"
    "|Admitted+|Admitted of capacity%"
)
_SHARES_OF_SECTIONS = {
    "Tickets of sellable": ("Tickets", "Sellable"),
    "Admitted of capacity": ("Admitted", "Capacity"),
}

STARTER_REPORTS: Mapping[str, StarterReport] = MappingProxyType(
    {
        "daily-sales": _report(
            "Day|Event|Starts|Ticket type|Currency|New orders+|Sold+|Comps+|Returned+|Net units+"
            "|Gross$+|Gross returned$+|Gross less returned$+",
        ),
        "event-audit": _report(
            "Day|Event|Venue|Status|Currency|Sold today+|Sold+|Of these unpaid+|Comps+|Holds+"
            "|Kills+|Unsold+|Capacity+|Sell-through%|House%|Gross$+|Net$+",
            shares={
                "Sell-through": ("Sold", "Capacity|-Holds|-Kills"),
                "House": ("Sold|Comps", "Capacity"),
            },
        ),
        "weekly-revenue": _report(
            "Event|Starts|Currency|Transactions+|Gross$+|Refunds$+|Chargebacks$+|Won back$+"
            "|Net revenue$+|Platform fees$+|Processing fees$+|Other changes$+"
            "|Change of payable$+",
        ),
        "tax.by-jurisdiction": _report(
            "Jurisdiction|Rate|Currency|Taxable$|Tax charged$+|Tax refunded$+|Tax charged back$+"
            "|Tax won back$+|Net tax$+|Net taxable$|Entries without taxable amount+",
        ),
        "tax.by-event": _report(
            "Event|Country|Currency|Tax charged$+|Tax refunded$+|Tax charged back$+"
            "|Tax won back$+|Net tax$+",
        ),
        "tax.footing": _report(
            "Currency|Face value$|Add-ons$|Donations$|Service fees$|Facility fees$|Shipping fees$"
            "|Cancellation fees$|Tax charged$|Gross$|Tax refunded$|Tax charged back$|Tax won back$",
        ),
        "comps": _report(
            "Date|Event|Day of the event|Venue|Ticket type|Channel|Currency|Comps+|List price$+"
            "|Order"
        ),
        "attendance.gates": _report(
            "Date|Gate|Admitted+|Came back+|Exits+|Other accepted scans+|Accepted scans+"
            "|Rejected scans+|Scans+|Of these visits+|Of these offline+|Uploaded late+",
        ),
        "attendance.quarter-hours": _report(
            "From (local time)|Gate|Entries+|Exits+|Inside the event#|Peak of the day"
        ),
        "attendance.rejections": _report("Date|Gate|Reason|Rejected scans+"),
        "occupancy": _report(
            f"Section|{_OF_SECTIONS}",
            shares=_SHARES_OF_SECTIONS,
            query="sections",
            columns=range(4, 15),
        ),
        "weekly-occupancy": _report(
            f"Day|Event|Venue|Status|Section|{_OF_SECTIONS}",
            shares=_SHARES_OF_SECTIONS,
            query="sections",
        ),
        "no-shows": _report(
            "Ticket type|Channel|Free of charge?|Valid tickets+|Admitted+|No-shows+"
            "|No-shows of valid%",
            shares={"No-shows of valid": ("No-shows", "Valid tickets")},
        ),
        "breaks": _report(
            "Day|Kind|Event|Currency|Ticketing$|Ledger$|Difference$|Order|Transaction|Entry",
        ),
        "event-settlement.tickets": _report(
            "Ticket type|Unit price$|Currency|Sold+|Returned+|Comps+|Face value$+|Fees$+|Tax$+"
            "|Gross$+|Gross returned$+|Gross less returned$+",
        ),
        "event-settlement.money": _report("No.|Part|Line|Currency|Amount$"),
        "event-settlement.payouts": _report("Day|Kind|Reference|Currency|Amount$+"),
        "event-settlement.unallocated-payouts": _report("Kind|Currency|Amount$+"),
        "payout-statement.by-event": _report(
            "Event|Currency|Opening$+|Organiser's share$+|Platform fees$+|Processing fees$+"
            "|Chargeback fees$+|Adjustments$+|Held back$+|Released$+|Paid out$+|Came back$+"
            "|Closing$+",
        ),
        "payout-statement.payouts": _report(
            "Day|Kind|Reference|Event|Currency|Amount$+|Payout in all$"
        ),
        "reserve-statement": _report(
            "Event|Currency|Opening$+|Held back$+|Released$+|Other$+|Closing$+",
        ),
        "gift-cards": _report(
            "Event|Currency|Opening$+|Sold$+|Returned$+|Redeemed$+|Given as credit$+|Other$+"
            "|Closing$+",
        ),
        "receivables": _report("Event|Currency|Opening$+|Charged$+|Paid$+|Closing$+"),
        "trial-balance": _report("Account|Currency|Opening$|Debits$+|Credits$+|Closing$"),
        "bridge.sales-to-revenue": _report(
            "Event|Currency|Booked$+|Not charged$+|Charged$+|Gift cards charged$+|Chargebacks$+"
            "|Won back$+|Net revenue$+",
            query="bridge",
            columns=range(9),
        ),
        "bridge.revenue-to-cash": _report(
            "Event|Currency|Net revenue$+|Gift cards sold$+|Gift cards returned$+"
            "|Change of receivables$+|Residue$+|Collected by payment provider$+"
            "|Collected by bank$+|Paid by gift card$+|Repaid by payment provider$+"
            "|Repaid by bank$+|Repaid to gift card$+",
            query="bridge",
            columns=(0, 1, *range(8, 19)),
        ),
        "bridge.revenue-to-payout": _report(
            "Event|Currency|Net revenue$+|Taxes not the organiser's$+|Other not the organiser's$+"
            "|Organiser's share$+|Costs$+|Change of payable$+|Paid out and held back$+",
            query="bridge",
            columns=(0, 1, 8, *range(19, 25)),
        ),
        "bridge.residues": _report("Day|Event|Kind|Reference|Currency|Residue$+|Transaction"),
    }
)
"""Slug, or slug and block (`tax.by-event`) -> expected columns."""


def parts_of(slug: str) -> list[str]:
    """The names of a report's blocks above, in order; of a report without blocks its slug."""
    return [each for each in STARTER_REPORTS if each.partition(".")[0] == slug]


def figures_of(
    connection: Connection[Any], name: str, organization_id: UUID, period: Period
) -> list[Row]:
    """The expected rows of a report or a block: money in minor units, ids as text."""
    bound = {
        "organization_id": organization_id,
        "first": period.first,
        "end": period.end,
        "event_id": period.event_id,
    }
    report = STARTER_REPORTS[name]
    statement = (_QUERIES / f"{report.query or name}.sql").read_text(encoding="utf-8")
    found = connection.execute(statement.encode(), bound).fetchall()
    return [
        tuple(_plain(row[index]) for index in report.columns or range(len(row))) for row in found
    ]


def _plain(value: Any) -> Any:
    # A sum of bigint is numeric, but whole.
    return int(value) if isinstance(value, Decimal) and value == int(value) else value

"""The expected rows of the ten starter reports, each as a query.

The queries are written by hand from the contract of the report tables. They read these tables and
landing, and use no definition, no dataset view and no compiler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """The columns of a starter report.

    Attributes:
        headings: The headings of the columns for people, in order; `+` marks a column with a total,
            `$` a column with money.
    """

    headings: Sequence[str]

    @property
    def plain_headings(self) -> list[str]:
        """The headings without marks."""
        return [each.rstrip("+$") for each in self.headings]

    def has_money(self, index: int) -> bool:
        """True if a column has money."""
        return "$" in self.headings[index]

    def is_summed(self, index: int) -> bool:
        """True if a column has totals."""
        return "+" in self.headings[index]


def _report(headings: str) -> StarterReport:
    return StarterReport(headings=headings.split("|"))


STARTER_REPORTS: Mapping[str, StarterReport] = MappingProxyType(
    {
        "daily-sales": _report(
            "Date|Event|Ticket type|Currency|Orders+|Sold+|Comps+|Net units+|Gross$+|Returned$+"
            "|Net$+|Event id",
        ),
        "weekly-revenue": _report(
            "Event|Currency|Transactions+|Gross$+|Refunds$+|Chargebacks$+|Won back$+|Net revenue$+"
            "|Platform fees$+|Processing fees$+|Change of payable$+|Event id",
        ),
        "tax": _report(
            "Event|Currency|Face value$+|Add-ons$+|Service fees$+|Facility fees$+|Gross with tax$+"
            "|Tax charged$+|Refunds with tax$+|Tax refunded$+|Event id",
        ),
        "comps": _report("Date|Event|Ticket type|Channel|Order|Currency|Comps+|List price$+"),
        "attendance-by-gate": _report(
            "Date|Gate|Admitted+|Came back+|Exits+|Scans+|Rejected+|Used before+|Unknown+"
            "|Wrong gate+|Offline+|Uploaded late+",
        ),
        "no-shows": _report(
            "Ticket type|Channel|Free of charge|Valid tickets+|Admitted+|No-shows+"
        ),
        "breaks": _report(
            "Date|Kind|Event|Currency|Ticketing$|Ledger$|Difference$|Order|Transaction|Entry",
        ),
        "event-settlement": _report(
            "Date|Currency|Net revenue$+|Organiser's share$+|Platform fees$+|Processing fees$+"
            "|Chargeback fees$+|Adjustments$+|Held back$+|Released$+|Paid out$+|Still owed$+",
        ),
        "bridge": _report(
            "Event|Currency|Booked$+|Not charged$+|Charged$+|Net revenue$+|Owed by buyers$+"
            "|Not collected$+|Collected$+|Not the organiser's$+|Organiser's share$+"
            "|Change of payable$+|Paid out$+",
        ),
        "payout-statement": _report(
            "Event|Currency|Opening$|Organiser's share$+|Platform fees$+|Processing fees$+"
            "|Chargeback fees$+|Adjustments$+|Held back$+|Released$+|Paid out$+|Came back$+"
            "|Closing$",
        ),
    }
)
"""Slug -> expected columns."""


def figures_of(
    connection: Connection[Any], slug: str, organization_id: UUID, period: Period
) -> list[Row]:
    """The expected rows of a starter report: money in minor units, ids as text."""
    bound = {
        "organization_id": organization_id,
        "first": period.first,
        "end": period.end,
        "event_id": period.event_id,
    }
    statement = (_QUERIES / f"{slug}.sql").read_text(encoding="utf-8")
    found = connection.execute(statement.encode(), bound).fetchall()
    return [tuple(map(_plain, row)) for row in found]


def _plain(value: Any) -> Any:
    # A sum of bigint is numeric, but whole.
    return int(value) if type(value).__name__ == "Decimal" else value

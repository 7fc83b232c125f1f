"""Pages of the generated reports of one organisation: the newest period first."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.catalogue.report_keys import select_statement

# A page reads along the index of an organisation's reports; what follows is compared as one value.
_PAGE = """
    where
        keyed.organization_id = %(organization_id)s
        and (%(slug)s::text is null or definition.slug = %(slug)s)
        and (%(format)s::text is null or keyed.format = %(format)s)
        and (%(status)s::text is null or keyed.status = %(status)s)
        and (%(event_id)s::uuid is null or keyed.event_id = %(event_id)s)
        and (%(first)s::date is null or keyed.period_end > %(first)s)
        and (%(last)s::date is null or keyed.period_end <= %(last)s::date + 1)
        and (
            %(after_end)s::date is null
            or (keyed.period_end, keyed.id) < (%(after_end)s, %(after_id)s)
        )
    order by keyed.period_end desc, keyed.id desc
    limit %(limit)s
"""
_SELECT = select_statement(GeneratedReport, "catalogue.generated_reports")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """Which reports a list has; None leaves a condition out.

    Attributes:
        first: The period ends on this report day or later.
        last: The period ends on this report day or earlier.
    """

    slug: str | None = None
    format: str | None = None
    status: str | None = None
    event_id: UUID | None = None
    first: date | None = None
    last: date | None = None


def report_page(
    connection: Connection[Any],
    organization_id: UUID,
    chosen: ReportFilter,
    *,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[GeneratedReport]:
    """The reports of an organisation that follow a position, the newest period first.

    Args:
        connection: To the warehouse.
        organization_id: The organisation.
        chosen: Which reports.
        after: `period_end` and id of the last report of the page before.
        limit: The most reports.
    """
    after_end, after_id = after or (None, None)
    bound = {
        "organization_id": organization_id,
        "slug": chosen.slug,
        "format": chosen.format,
        "status": chosen.status,
        "event_id": chosen.event_id,
        "first": chosen.first,
        "last": chosen.last,
        "after_end": after_end,
        "after_id": after_id,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(GeneratedReport)) as cursor:
        return cursor.execute(_SELECT + _PAGE, bound).fetchall()

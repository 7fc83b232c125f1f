"""The organisations of which no report is expected, although nobody has said so.

What is expected begins with the organisations: each has an active definition, or it is retired. An
organisation without one would be due nothing, missing nothing and alarming nobody.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.domain.names import beside_id

# An organisation whose own row is set aside has an alert for that row.
_UNCOVERED = """
    with of_events as (
        select organization_id, count(*) as event_count
        from landing.ticketing_events
        group by organization_id
    ),

    seen as (
        select id as organization_id, name, true as is_landed from landing.ticketing_organizations
        union all
        select organization_id, null, false
        from of_events
        where
            not exists (
                select from landing.ticketing_organizations as organization
                where organization.id = of_events.organization_id
            )
            and not exists (
                select from landing.row_findings as finding
                where
                    finding.domain = 'ticketing' and finding.table_name = 'organizations'
                    and finding.row_id = of_events.organization_id
            )
    )

    select
        seen.organization_id, seen.name, seen.is_landed,
        coalesce(of_events.event_count, 0) as event_count,
        (
            select count(*) from catalogue.report_definitions as definition
            where definition.organization_id = seen.organization_id
        ) as definition_count
    from seen
    left join of_events on of_events.organization_id = seen.organization_id
    left join catalogue.organizations as known on known.organization_id = seen.organization_id
    where
        known.retired_at is null
        and not exists (
            select from catalogue.report_definitions as definition
            where
                definition.organization_id = seen.organization_id and definition.status = 'active'
        )
    order by seen.organization_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncoveredOrganization:
    """An organisation without any active report definition.

    Attributes:
        name: None if its own row has not landed.
        is_landed: Its own row has landed; otherwise only events name it.
        definition_count: Definitions that are not active.
    """

    organization_id: UUID
    name: str | None
    is_landed: bool
    event_count: int
    definition_count: int

    def __str__(self) -> str:
        """The state, and the next step, in one sentence."""
        which = f"organisation {beside_id(self.name, self.organization_id)}"
        if not self.is_landed:
            return (
                f"{which} has {self.event_count} events and no row of its own, so no report can be "
                "defined for it: upstream must add the row, which the next landing takes up"
            )
        retire = f"`reporting definitions retire {self.organization_id}` if it gets no reports"
        if self.definition_count:
            return (
                f"{which} has landed and none of its {self.definition_count} report definitions is "
                f"active: activate one, or run {retire}"
            )
        return (
            f"{which} has landed and no report is defined for it: run "
            f"`reporting definitions apply` for templates, or {retire}"
        )


def uncovered_organizations(connection: Connection[Any]) -> list[UncoveredOrganization]:
    """The organisations that are not retired and have no active definition, by id."""
    with connection.cursor(row_factory=class_row(UncoveredOrganization)) as cursor:
        return cursor.execute(_UNCOVERED).fetchall()

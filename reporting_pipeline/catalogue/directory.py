"""The organisations and events that are known, and which of them a person means by a name or an id.

An organisation is known when its row or one of its events has landed, when it has a report
definition, or when a report table or a finding about its rows names it.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.domain.names import beside_id, comparable, name_or_id
from reporting_pipeline.errors import UnknownName
from reporting_pipeline.guards.shown_text import on_one_line
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA

_MAX_CANDIDATES = 10
_MAX_NEAREST = 3
# Comparing a text with very many names takes seconds.
_MAX_COMPARED = 20_000

_ORGANIZATIONS = """
    with seen as (
        select id from landing.ticketing_organizations
        union
        select organization_id from landing.ticketing_events
        union
        select organization_id from catalogue.report_definitions
    )

    select
        seen.id,
        organization.name,
        organization.timezone,
        cast(organization.currency as text) as currency,
        (
            select count(*) from landing.ticketing_events as event
            where event.organization_id = seen.id
        ) as event_count,
        (
            select count(*) from catalogue.report_definitions as definition
            where definition.organization_id = seen.id and definition.status = 'active'
        ) as report_count,
        known.retired_at is not null as is_retired
    from seen
    left join landing.ticketing_organizations as organization on organization.id = seen.id
    left join catalogue.organizations as known on known.organization_id = seen.id
    order by organization.name collate "C" nulls last, seen.id
"""
_NAMED_EVENTS = """
    select
        named.event_id as id,
        named.event_name as name,
        named.organization_id,
        organization.name as organization,
        named.event_timezone as timezone,
        named.event_start as starts,
        named.event_end as ends,
        named.event_status as status,
        named.venue_name as venue
    from intermediate.int_ticketing__named_events as named
    left join landing.ticketing_organizations as organization
        on organization.id = named.organization_id
"""
_EVENTS = f"""
    {_NAMED_EVENTS}
    where
        (%(organization_id)s::uuid is null or named.organization_id = %(organization_id)s)
        and (%(event_ids)s::uuid[] is null or named.event_id = any(%(event_ids)s))
        and (%(first)s::date is null or named.event_end_day >= %(first)s)
        and (%(last)s::date is null or named.event_start_day <= %(last)s)
    order by named.event_start desc, named.event_id
    limit %(limit)s
"""
# The start is text, whose order is that of its bytes; the index of an organisation's events bounds
# what is read.
_EVENT_PAGE = f"""
    {_NAMED_EVENTS}
    where
        named.organization_id = %(organization_id)s
        and (%(first)s::date is null or named.event_end_day >= %(first)s)
        and (%(last)s::date is null or named.event_start_day <= %(last)s)
        and (
            %(after_start)s::text is null
            or (named.event_start collate "C", named.event_id) < (%(after_start)s, %(after_id)s)
        )
    order by named.event_start collate "C" desc, named.event_id desc
    limit %(limit)s
"""
_IS_KNOWN_ORGANIZATION = """
    select
        exists (select from landing.ticketing_organizations where id = %(id)s)
        or exists (select from landing.ticketing_events where organization_id = %(id)s)
        or exists (select from catalogue.report_definitions where organization_id = %(id)s)
        or exists (select from landing.row_findings where organization_id = %(id)s)
        or exists (select from reporting.accepted_breaks where organization_id = %(id)s)
        or exists (select from reporting.device_findings where organization_id = %(id)s)
"""
_IS_KNOWN_EVENT = """
    select
        exists (select from landing.ticketing_events where id = %(id)s)
        or exists (select from reporting.device_findings where event_id = %(id)s)
"""
_IN_REPORT_TABLES = " or ".join(
    f"exists (select from {SCHEMA}.{table.name} where organization_id = %(id)s)"
    for table in REPORT_TABLES
)
_EVENT_NAMES = """
    select id, name from landing.ticketing_events
    where %(organization_id)s::uuid is null or organization_id = %(organization_id)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrganization:
    """An organisation, as landed last.

    Attributes:
        name: None, like time zone and currency, if its own row has not landed.
        event_count: Its events that have landed.
        report_count: Its active report definitions.
        is_retired: No reports are expected of it.
    """

    id: UUID
    name: str | None
    timezone: str | None
    currency: str | None
    event_count: int
    report_count: int
    is_retired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEvent:
    """An event, as landed last.

    Attributes:
        organization: The organisation's name; None if its own row has not landed.
        timezone: The event's own zone.
        starts: Date and time of the start in that zone.
        ends: Date and time of the end in that zone.
    """

    id: UUID
    name: str
    organization_id: UUID
    organization: str | None
    timezone: str
    starts: str
    ends: str
    status: str
    venue: str | None


def known_organizations(connection: Connection[Any]) -> list[KnownOrganization]:
    """The known organisations by name; those without a name come last."""
    with connection.cursor(row_factory=class_row(KnownOrganization)) as cursor:
        return cursor.execute(_ORGANIZATIONS).fetchall()


def has_landed(connection: Connection[Any], organization_id: UUID) -> bool:
    """True if the organisation's own row has landed."""
    found = connection.execute(
        "select 1 from landing.ticketing_organizations where id = %s", (organization_id,)
    )
    return found.fetchone() is not None


def is_known_organization(connection: Connection[Any], organization_id: UUID) -> bool:
    """True if the organisation has landed, or something of the warehouse is about it."""
    conditions = (_IS_KNOWN_ORGANIZATION, f"select {_IN_REPORT_TABLES}")
    return any(_is_true(connection, each, organization_id) for each in conditions)


def known_events(
    connection: Connection[Any],
    organization_id: UUID | None = None,
    *,
    event_ids: Sequence[UUID] | None = None,
    first: date | None = None,
    last: date | None = None,
    limit: int | None = None,
) -> list[KnownEvent]:
    """The events that have landed; the latest start comes first.

    Args:
        connection: To the warehouse.
        organization_id: Only of this organisation.
        event_ids: Only these events.
        first: Only events that take place on this report day or later.
        last: Only events that take place on this report day or earlier.
        limit: At most so many.
    """
    bound = {
        "organization_id": organization_id,
        "event_ids": None if event_ids is None else list(event_ids),
        "first": first,
        "last": last,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(KnownEvent)) as cursor:
        return cursor.execute(_EVENTS, bound).fetchall()


def event_page(
    connection: Connection[Any],
    organization_id: UUID,
    days: tuple[date | None, date | None],
    *,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[KnownEvent]:
    """The events of an organisation that follow a place; the latest start comes first.

    Args:
        connection: To the warehouse.
        organization_id: The organisation.
        days: Only events that take place on the first report day or later, and on the last or
            earlier; None leaves a condition out.
        after: `starts` and id of the last event of the page before.
        limit: The most events.
    """
    (first, last), (after_start, after_id) = days, after or (None, None)
    bound = {
        "organization_id": organization_id,
        "first": first,
        "last": last,
        "after_start": after_start,
        "after_id": after_id,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(KnownEvent)) as cursor:
        return cursor.execute(_EVENT_PAGE, bound).fetchall()


def organization_called(
    connection: Connection[Any], text: str, *, may_land_later: bool = False
) -> UUID:
    """The organisation with this id or name; upper and lower case are the same in names.

    Args:
        connection: To the warehouse.
        text: The id or the name.
        may_land_later: An id is taken as it is, also one that is not known yet.

    Raises:
        UnknownName: None has it, or several have the name; the message lists candidates.
    """
    given = _id_of(text)
    if given is not None and (may_land_later or is_known_organization(connection, given)):
        return given
    names = [
        (row_id, name)
        for row_id, name in connection.execute(
            "select id, name from landing.ticketing_organizations order by id"
        )
    ]
    found = _called(text, names)
    if len(found) == 1:
        return found[0]
    candidates = [beside_id(name, row_id) for row_id, name in names if row_id in set(found)]
    if found:
        raise UnknownName(_several("organisations", text, candidates))
    near = [beside_id(name, row_id) for row_id, name in _nearest(text, names)]
    raise UnknownName(
        _none("organisation", text, near, "`reporting organizations` lists them", bool(names))
    )


def event_called(
    connection: Connection[Any], text: str, organization_id: UUID | None = None
) -> UUID:
    """The event with this id or name; upper and lower case are the same in names.

    Args:
        connection: To the warehouse.
        text: The id or the name.
        organization_id: Only an event of this organisation may be meant by a name.

    Raises:
        UnknownName: None has it, or several have the name; the message lists candidates.
    """
    given = _id_of(text)
    if given is not None and _is_true(connection, _IS_KNOWN_EVENT, given):
        return given
    bound = {"organization_id": organization_id}
    names = connection.execute(_EVENT_NAMES, bound).fetchall()
    found = _called(text, names)
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownName(_several("events", text, _described_events(connection, found)))
    near = [row_id for row_id, _ in _nearest(text, names)]
    candidates = _described_events(connection, near)
    raise UnknownName(
        _none("event", text, candidates, "`reporting events` lists them", bool(names))
    )


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _is_true(connection: Connection[Any], query: str, row_id: UUID) -> bool:
    row = connection.execute(query.encode(), {"id": row_id}).fetchone()
    return bool(row and row[0])


def _called(text: str, names: Iterable[tuple[UUID, str]]) -> list[UUID]:
    """The ids with this name: the very same one, or else the same but for its case."""
    wanted = comparable(text)
    same = [(row_id, name) for row_id, name in names if comparable(name) == wanted]
    exact = [row_id for row_id, name in same if name == text]
    return exact or [row_id for row_id, _ in same]


def _nearest(text: str, names: Sequence[tuple[UUID, str]]) -> Iterator[tuple[UUID, str]]:
    """The names that contain the text, or are spelt almost like it."""
    wanted = comparable(text)
    compared = [(comparable(name), row_id, name) for row_id, name in names[:_MAX_COMPARED]]
    near = [(row_id, name) for known, row_id, name in compared if wanted and wanted in known]
    if not near:
        close = difflib.get_close_matches(wanted, {known for known, _, _ in compared}, _MAX_NEAREST)
        near = [(row_id, name) for known, row_id, name in compared if known in close]
    return islice(near, _MAX_NEAREST)


def _described_events(connection: Connection[Any], event_ids: Sequence[UUID]) -> list[str]:
    """Each event with its organisation and its first day, since names of events repeat."""
    return [
        f"{on_one_line(each.name)} of {name_or_id(each.organization, each.organization_id)}, "
        f"{each.starts[:10]} ({each.id})"
        for each in known_events(connection, event_ids=event_ids)
    ]


def _several(things: str, text: str, candidates: Sequence[str]) -> str:
    more = len(candidates) - _MAX_CANDIDATES
    listed = "; ".join(candidates[:_MAX_CANDIDATES])
    rest = f"; and {more} more" if more > 0 else ""
    return (
        f"{len(candidates)} {things} are called {_quoted(text)}: name one by its id: {listed}{rest}"
    )


def _none(thing: str, text: str, near: Sequence[str], where: str, has_landed: bool) -> str:
    if not has_landed:
        return (
            f"no {thing} is called {_quoted(text)}, or has it as its id: none has landed yet; run "
            "`reporting land`"
        )
    nearest = f"; the nearest are: {'; '.join(near)}" if near else ""
    return f"no {thing} is called {_quoted(text)}, or has it as its id{nearest}; {where}"


def _quoted(text: str) -> str:
    return f'"{on_one_line(text)}"'

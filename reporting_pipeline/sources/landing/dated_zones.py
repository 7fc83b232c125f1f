"""Notices that the database has got other rules of time zones since rows got their report days.

An update of PostgreSQL, or of the zones of its system, can change the rules of a zone. The report
days of landed rows followed the former rules; the local times that reports show follow the new
ones. So the landing that first meets the new rules gives the rows of the zone their days again, as
it does when an event moves to another zone.
"""

import psycopg
from psycopg import sql

from reporting_pipeline.sources.contract import ticketing
from reporting_pipeline.sources.landing.incoming import columns, incoming, landed

_OFFSETS = """
    create temporary table zones_now on commit drop as
    select
        known.zone,
        md5(
            string_agg(
                concat(extract(epoch from clock.since)::bigint, ' ', clock.offset_seconds),
                ',' order by clock.since nulls first
            )
        ) as offsets_digest
    from (
        select timezone as zone from landing.ticketing_events
        union
        select timezone from landing.ticketing_organizations
        union
        select timezone from incoming_ticketing_events
        union
        select timezone from incoming_ticketing_organizations
    ) as known
    cross join lateral landing.zone_offsets(
        known.zone, '1999-12-31 00:00Z', '2038-01-01 00:00Z'
    ) as clock
    group by known.zone
"""
_CHANGED = """
    create temporary table changed_zones on commit drop as
    select zones_now.zone
    from zones_now
    inner join landing.dated_zones as dated on zones_now.zone = dated.zone
    where zones_now.offsets_digest <> dated.offsets_digest
"""
# A row that lands again brings its event, with its zone, to all that is counted by it.
_LAND_AGAIN = """
    insert into {incoming} ({columns})
    select {columns} from {landed} as landed
    where
        landed.timezone in (select zone from changed_zones)
        and not exists (select from {incoming} as incoming where incoming.id = landed.id)
"""
_RECORD = """
    insert into landing.dated_zones (zone, offsets_digest)
    select zone, offsets_digest from zones_now
    on conflict (zone) do update set
        offsets_digest = excluded.offsets_digest,
        dated_at = excluded.dated_at
    where dated_zones.offsets_digest <> excluded.offsets_digest
"""


def note_changed_zones(warehouse: psycopg.Connection) -> bool:
    """Find the zones whose rules have changed, and let their events and organisations land again.

    Creates the temporary table `changed_zones`; `incoming_...` tables must exist.

    Returns:
        Whether there are any.
    """
    warehouse.execute(_OFFSETS)
    warehouse.execute(_CHANGED)
    warehouse.execute(_RECORD)
    for table in (ticketing.ORGANIZATIONS, ticketing.EVENTS):
        names = {"incoming": incoming(table), "landed": landed(table), "columns": columns(table)}
        warehouse.execute(sql.SQL(_LAND_AGAIN).format(**names))
    found = warehouse.execute("select count(*) from changed_zones").fetchone()
    return found != (0,)

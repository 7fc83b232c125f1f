-- Local times in the zones of the events, by the rules of the warehouse: each day of their years, and the
-- seconds around each change of a clock. An engine with other rules would date rows otherwise.
with years as (
    select
        date_trunc('year', greatest(min(event.starts_at), '1990-01-01 00:00Z'), 'UTC') - interval '2 years'
            as begin_at,
        date_trunc('year', least(max(event.ends_at), '2036-01-01 00:00Z'), 'UTC') + interval '2 years'
            as end_at
    from landing.ticketing_events as event
),

zones as (
    select distinct event.timezone as zone -- noqa: RF04
    from landing.ticketing_events as event
),

samples as (
    select
        zones.zone,
        sample.instant
    from zones
    cross join years
    cross join lateral generate_series(years.begin_at, years.end_at, interval '1 day') as sample (instant)
    union
    select
        zones.zone,
        clock_change.since + second_around.shift as instant
    from zones
    cross join years
    cross join lateral landing.zone_offsets(zones.zone, years.begin_at, years.end_at) as clock_change
    cross join (values (interval '0 seconds'), (interval '-1 second')) as second_around (shift)
    where clock_change.since is not null
)

select
    samples.zone,
    samples.instant,
    samples.instant at time zone samples.zone as local_time
from samples

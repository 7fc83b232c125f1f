-- The rules of time zones, as the database knows them: report days and local times both follow them.

create function landing.utc_offset_seconds(instant timestamptz, zone text) returns integer
    language sql stable parallel safe
    return extract(epoch from (instant at time zone zone) - (instant at time zone 'UTC'))::integer;
comment on function landing.utc_offset_seconds is 'The offset of a zone''s clock from UTC at an instant.';

-- The offsets from UTC of a zone's clock between two instants: the one at the first instant (since null),
-- and each one that follows, with its first second. No zone has changed its clock twice within five days.
create function landing.zone_offsets(zone text, first timestamptz, last timestamptz)
    returns table (since timestamptz, offset_seconds integer)
    language sql stable parallel safe
as $$
    with recursive sample as (
        select
            instant.at,
            landing.utc_offset_seconds(instant.at, zone_offsets.zone) as seconds
        from (
            select generate_series(zone_offsets.first, zone_offsets.last, interval '5 days') as at
            union
            select zone_offsets.last as at
        ) as instant
    ),

    step as (
        select
            lag(sample.at) over (order by sample.at) as low,
            sample.at as high,
            lag(sample.seconds) over (order by sample.at) as seconds_before,
            sample.seconds as seconds_after
        from sample
    ),

    halved as (
        select
            step.low,
            step.high,
            step.seconds_before,
            step.seconds_after
        from step
        where step.seconds_before <> step.seconds_after
        union all
        select
            case when middle.seconds = former.seconds_before then half.at else former.low end as low,
            case when middle.seconds = former.seconds_before then former.high else half.at end as high,
            former.seconds_before,
            case when middle.seconds = former.seconds_before then former.seconds_after else middle.seconds end
                as seconds_after
        from halved as former
        cross join
            lateral (select date_trunc('second', former.low + (former.high - former.low) / 2) as at) as half
        cross join
            lateral (select landing.utc_offset_seconds(half.at, zone_offsets.zone) as seconds) as middle
        where former.high - former.low > interval '1 second' and half.at > former.low
    )

    select
        null::timestamptz as since,
        sample.seconds as offset_seconds
    from sample
    where sample.at = zone_offsets.first
    union all
    select
        halved.high as since,
        halved.seconds_after as offset_seconds
    from halved
    where
        halved.high - halved.low <= interval '1 second'
        or date_trunc('second', halved.low + (halved.high - halved.low) / 2) <= halved.low;
$$;
comment on function landing.zone_offsets is
    'The offsets from UTC of a zone''s clock between two instants, by the rules of this database.';

-- An update of the database can bring other rules. Landing then gives the rows of these zones their days again.
create table landing.dated_zones (
    zone           text        not null primary key,
    offsets_digest text        not null,
    dated_at       timestamptz not null default now()
);
comment on table landing.dated_zones is 'The zones of landed rows, with the rules that gave the rows their report days.';
comment on column landing.dated_zones.offsets_digest is 'MD5 of the offsets of the zone''s clock from 1970 to 2037';

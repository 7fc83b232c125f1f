-- Grain: one row per event, with what people call it and where and when it takes place; times are local.
select
    events.event_id,
    events.organization_id,
    events.event_name,
    events.event_timezone,
    venues.venue_name,
    venues.venue_city,
    cast(venues.venue_country as text) as venue_country,
    series.series_name as event_series_name,
    series.organization_id as series_organization_id,
    events.status as event_status,
    {{ local_time('events.starts_at', 'events.event_timezone') }} as event_start,
    {{ local_time('events.ends_at', 'events.event_timezone') }} as event_end,
    events.start_day as event_start_day,
    events.end_day as event_end_day,
    {{ local_time('events.rescheduled_from', 'events.event_timezone') }} as event_rescheduled_from
from {{ ref('stg_ticketing__events') }} as events
left join {{ ref('stg_seating__venues') }} as venues on events.venue_id = venues.venue_id
left join {{ ref('stg_ticketing__event_series') }} as series on events.series_id = series.series_id

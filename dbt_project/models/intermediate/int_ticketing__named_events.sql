-- Grain: one row per event, with the names that a reader knows it by; venue null where not known.
select
    events.event_id,
    events.event_name,
    events.event_timezone,
    venues.venue_name
from {{ ref('stg_ticketing__events') }} as events
left join {{ ref('stg_seating__venues') }} as venues on events.venue_id = venues.venue_id

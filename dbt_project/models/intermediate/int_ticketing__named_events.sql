-- Grain: one row per event, with the names of the event and its venue; venue null where unknown.
select
    events.event_id,
    events.event_name,
    events.event_timezone,
    venues.venue_name
from {{ ref('stg_ticketing__events') }} as events
left join {{ ref('stg_seating__venues') }} as venues on events.venue_id = venues.venue_id

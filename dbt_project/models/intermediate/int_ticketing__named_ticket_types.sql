-- Grain: one row per ticket type of a known event, with the organisation that holds the event.
select
    ticket_types.ticket_type_id,
    ticket_types.event_id,
    events.organization_id,
    ticket_types.ticket_type_name
from {{ ref('stg_ticketing__ticket_types') }} as ticket_types
inner join {{ ref('stg_ticketing__events') }} as events on ticket_types.event_id = events.event_id

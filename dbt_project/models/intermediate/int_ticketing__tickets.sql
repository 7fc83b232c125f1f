-- Grain: one row per ticket, with the report days of its issue and its end in its event's time zone;
-- `invalidated_day` is null while it is valid.
select
    tickets.ticket_id,
    tickets.event_id,
    tickets.section_id,
    tickets.is_comp,
    tickets.issued_at,
    tickets.invalidated_at,
    ticket_types.is_admission,
    {{ report_day('tickets.issued_at', 'events.event_timezone', 'events.day_cutoff') }} as issued_day,
    {{ report_day('tickets.invalidated_at', 'events.event_timezone', 'events.day_cutoff') }}
        as invalidated_day
from {{ ref('stg_ticketing__tickets') }} as tickets
inner join {{ ref('stg_ticketing__events') }} as events on tickets.event_id = events.event_id
inner join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on tickets.ticket_type_id = ticket_types.ticket_type_id

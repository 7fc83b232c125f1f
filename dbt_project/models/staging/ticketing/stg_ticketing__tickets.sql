-- Grain: one row per ticket.
select
    id as ticket_id,
    order_id,
    event_id,
    ticket_type_id,
    section_id,
    is_comp,
    status,
    issued_at,
    invalidated_at
from {{ source('landing', 'ticketing_tickets') }}

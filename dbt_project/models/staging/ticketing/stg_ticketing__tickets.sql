-- Grain: one row per ticket.
select
    id as ticket_id,
    ticket_type_id
from {{ source('landing', 'ticketing_tickets') }}

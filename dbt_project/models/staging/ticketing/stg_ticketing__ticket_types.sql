-- Grain: one row per ticket type.
select
    id as ticket_type_id,
    event_id,
    name as ticket_type_name,
    is_admission
from {{ source('landing', 'ticketing_ticket_types') }}

-- Grain: one row per ticket type.
select
    id as ticket_type_id,
    is_admission
from {{ source('landing', 'ticketing_ticket_types') }}

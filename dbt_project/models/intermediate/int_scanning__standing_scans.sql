-- Grain: one row per scan that stands: of repeated uploads the one received first, then the least id.
-- `is_revert`: the row takes another scan back. Ticket type and admission are null where the ticket
-- is not known.
select
    {{ scan_columns('scans') }},
    {{ is_revert('scans') }} as is_revert,
    tickets.ticket_type_id,
    ticket_types.ticket_type_name,
    ticket_types.is_admission
from {{ ref('stg_scanning__scans') }} as scans
left join {{ ref('stg_ticketing__tickets') }} as tickets on scans.ticket_id = tickets.ticket_id
left join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on tickets.ticket_type_id = ticket_types.ticket_type_id
where {{ is_received_first('scans') }}

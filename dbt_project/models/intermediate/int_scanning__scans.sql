-- Grain: one row per scan; of repeated uploads, the copy received first, then the one with the least id.
-- Ticket type and admission are null where the ticket is unknown.
select
    scans.scan_id,
    scans.event_id,
    scans.gate_id,
    scans.device_id,
    scans.device_sequence,
    scans.ticket_id,
    tickets.ticket_type_id,
    ticket_types.is_admission,
    scans.direction,
    scans.outcome,
    scans.reject_reason,
    scans.is_offline,
    scans.scanned_at,
    scans.received_at,
    scans.reverts_scan_id,
    scans.is_revert,
    scans.report_day
from {{ ref('stg_scanning__scans') }} as scans
left join {{ ref('stg_ticketing__tickets') }} as tickets on scans.ticket_id = tickets.ticket_id
left join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on tickets.ticket_type_id = ticket_types.ticket_type_id
where
    not exists (
        select 1
        from {{ ref('stg_scanning__scans') }} as earlier
        where
            {{ same_scan('earlier', 'scans') }}
            and (earlier.received_at, earlier.scan_id) < (scans.received_at, scans.scan_id)
    )

-- Grain: one row per scan that is an entry: accepted, direction entry, with an admission ticket, and not
-- reverted. A ticket's first entry is its admission. Read it by ticket.
select
    scans.scan_id,
    scans.event_id,
    scans.gate_id,
    scans.ticket_id,
    scans.scanned_at,
    scans.received_at,
    scans.report_day
from {{ ref('int_scanning__scans') }} as scans
where
    scans.outcome = 'accepted'
    and scans.direction = 'entry'
    and scans.is_admission
    and not scans.is_revert
    -- A revert may name any copy of the upload.
    and not exists (
        select 1
        from {{ ref('int_scanning__uploads') }} as uploads
        where
            {{ same_scan('uploads', 'scans') }}
            and uploads.is_reverted
    )

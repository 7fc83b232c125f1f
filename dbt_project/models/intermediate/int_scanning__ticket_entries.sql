-- Grain: one row per accepted entry of a known ticket of an admission type, not taken back. The first
-- of a ticket is its admission, the others are re-entries.
select
    scans.scan_id,
    scans.ticket_id,
    scans.event_id,
    scans.report_day,
    scans.scanned_at,
    scans.received_at
from {{ ref('int_scanning__standing_scans') }} as scans
where
    scans.outcome = 'accepted'
    and scans.direction = 'entry'
    and scans.is_admission
    and not scans.is_revert
    and not exists (
        select 1
        from {{ ref('int_scanning__uploads_taken_back') }} as taken_back
        where
            taken_back.device_id = scans.device_id
            and taken_back.device_sequence = scans.device_sequence
    )

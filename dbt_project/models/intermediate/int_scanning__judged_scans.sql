-- Grain: one row per scan that stands, with what it counts as. To be read by ticket, by event or by day:
-- whether a scan is taken back is looked up by upload, and only where it is asked for.
with scans as (
    select
        standing_scans.scan_id,
        standing_scans.event_id,
        standing_scans.gate_id,
        standing_scans.device_id,
        standing_scans.device_sequence,
        standing_scans.ticket_id,
        standing_scans.ticket_type_id,
        standing_scans.ticket_type_name,
        standing_scans.is_admission,
        standing_scans.direction,
        standing_scans.outcome,
        standing_scans.reject_reason,
        standing_scans.is_offline,
        standing_scans.scanned_at,
        standing_scans.received_at,
        standing_scans.reverts_scan_id,
        standing_scans.report_day,
        standing_scans.is_revert,
        standing_scans.outcome = 'accepted'
        and not standing_scans.is_revert
        and exists (
            select 1
            from {{ ref('int_scanning__uploads_taken_back') }} as uploads
            where
                uploads.device_id = standing_scans.device_id
                and uploads.device_sequence = standing_scans.device_sequence
        ) as is_taken_back
    from {{ ref('int_scanning__standing_scans') }} as standing_scans
)

select
    scan_id,
    event_id,
    gate_id,
    device_id,
    device_sequence,
    ticket_id,
    ticket_type_id,
    ticket_type_name,
    is_admission,
    direction,
    outcome,
    reject_reason,
    is_offline,
    scanned_at,
    received_at,
    reverts_scan_id,
    report_day,
    is_revert,
    is_taken_back,
    {{ scan_judgement() }}
from scans

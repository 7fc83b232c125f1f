-- Grain: one row per scan that stands, with what it counts as. To be read by ticket, by event or by day:
-- the copies of its upload are looked up, once for a scan, and not at all where nothing of them is asked
-- for: a join to one row of aggregates falls away where none of it is read.
with scans as (
    select
        events.organization_id,
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
        uploads.copy_count,
        standing_scans.outcome = 'accepted'
        and not standing_scans.is_revert
        and uploads.reverted_count > 0 as is_taken_back
    from {{ ref('int_scanning__standing_scans') }} as standing_scans
    inner join {{ ref('stg_ticketing__events') }} as events on standing_scans.event_id = events.event_id
    left join lateral (
        select
            count(*) as copy_count,
            {{ sum_where('1', 'copies.is_reverted') }} as reverted_count
        from {{ ref('int_scanning__copies') }} as copies
        where
            copies.device_id = standing_scans.device_id
            and copies.device_sequence = standing_scans.device_sequence
    ) as uploads on true
)

select
    organization_id,
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
    copy_count,
    is_taken_back,
    {{ scan_judgement() }}
from scans

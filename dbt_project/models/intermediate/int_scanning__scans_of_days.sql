-- Grain: one row per scan on the days to rebuild, with the amount that it adds to each figure of
-- attendance. Like int_scanning__scan_figures, but for all scans of the days at once, without lookups.
{{ config(materialized='ephemeral') }}
with scans as (
    select *
    from {{ ref('int_scanning__scans') }}
    where {{ in_days('report_day') }}
),

uploads as (
    select
        scans.scan_id,
        count(*) as upload_count,
        count(*) filter (where copies.is_reverted) as revert_count
    from scans
    inner join {{ ref('int_scanning__uploads') }} as copies on {{ same_scan('copies', 'scans') }}
    group by scans.scan_id
),

-- A ticket's first entry may be on any day.
tickets as (
    select distinct ticket_id
    from scans
    where outcome = 'accepted' and direction = 'entry' and ticket_id is not null
),

entries as (
    select
        entries.scan_id,
        row_number() over (
            partition by entries.ticket_id
            order by entries.scanned_at, entries.received_at, entries.scan_id
        ) as entry_number,
        row_number() over (
            partition by entries.ticket_id, entries.report_day
            order by entries.scanned_at, entries.received_at, entries.scan_id
        ) as day_entry_number
    from tickets
    inner join {{ ref('int_scanning__entries') }} as entries on tickets.ticket_id = entries.ticket_id
),

described_scans as (
    select
        scans.event_id,
        scans.gate_id,
        scans.ticket_type_id,
        scans.report_day,
        scans.direction,
        scans.outcome,
        scans.reject_reason,
        scans.is_offline,
        scans.scanned_at,
        scans.received_at,
        scans.is_revert,
        uploads.upload_count,
        scans.outcome = 'accepted' and not scans.is_revert and uploads.revert_count > 0 as is_taken_back,
        entries.entry_number,
        entries.day_entry_number
    from scans
    inner join uploads on scans.scan_id = uploads.scan_id
    left join entries on scans.scan_id = entries.scan_id
)

select
    event_id,
    gate_id,
    ticket_type_id,
    report_day,
    scanned_at,
    {{ scan_figures() }}
from described_scans

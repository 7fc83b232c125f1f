-- Grain: one row per scan, with the amount that it adds to each figure of attendance. The copies of its
-- upload and the entries of its ticket are looked up once per scan, and only if a query needs them:
-- PostgreSQL drops a join to one row of aggregates if none of its columns is read.
with described_scans as (
    select
        scans.*,
        uploads.upload_count,
        scans.outcome = 'accepted' and not scans.is_revert and uploads.revert_count > 0 as is_taken_back,
        cast(array_position(entries.scan_ids, scans.scan_id) as bigint) as entry_number,
        cast(array_position(entries.scan_ids_of_day, scans.scan_id) as bigint) as day_entry_number
    from {{ ref('int_scanning__scans') }} as scans
    left join lateral (
        select
            count(*) as upload_count,
            count(*) filter (where copies.is_reverted) as revert_count
        from {{ ref('int_scanning__uploads') }} as copies
        where {{ same_scan('copies', 'scans') }}
    ) as uploads on true
    left join lateral (
        select
            array_agg(entries.scan_id order by entries.scanned_at, entries.received_at, entries.scan_id)
                as scan_ids,
            array_agg(entries.scan_id order by entries.scanned_at, entries.received_at, entries.scan_id)
            filter (where entries.report_day = scans.report_day)
                as scan_ids_of_day
        from {{ ref('int_scanning__entries') }} as entries
        where
            entries.ticket_id = scans.ticket_id
            and scans.outcome = 'accepted'
            and scans.direction = 'entry'
    ) as entries on true
)

select
    scan_id,
    event_id,
    gate_id,
    device_id,
    device_sequence,
    ticket_id,
    ticket_type_id,
    direction,
    outcome,
    reject_reason,
    scanned_at,
    received_at,
    is_revert,
    reverts_scan_id,
    report_day,
    {{ scan_figures() }}
from described_scans

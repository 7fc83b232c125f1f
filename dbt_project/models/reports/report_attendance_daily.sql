-- Grain: organization_id, event_id, date, gate_id, ticket_type_id (null: ticket unknown). Counts of
-- scans. Source: the scans that stand.
with scans as (
    select *
    from {{ ref('int_scanning__standing_scans') }}
    where {{ in_days('report_day') }}
),

copies as (
    select
        scans.scan_id,
        count(*) - 1 as repeated_upload_count
    from scans
    inner join {{ ref('stg_scanning__scans') }} as uploads
        on scans.device_id = uploads.device_id and scans.device_sequence = uploads.device_sequence
    group by scans.scan_id
),

taken_back as (
    select scans.scan_id
    from scans
    where
        scans.outcome = 'accepted'
        and not scans.is_revert
        and exists (
            select 1
            from {{ ref('int_scanning__uploads_taken_back') }} as uploads
            where
                uploads.device_id = scans.device_id
                and uploads.device_sequence = scans.device_sequence
        )
),

tickets as (
    select distinct ticket_id
    from scans
    where ticket_id is not null
),

ranked_entries as (
    select
        entries.scan_id,
        row_number() over (
            partition by entries.ticket_id
            order by entries.scanned_at, entries.received_at, entries.scan_id
        ) as entry_number
    from {{ ref('int_scanning__ticket_entries') }} as entries
    inner join tickets on entries.ticket_id = tickets.ticket_id
),

counted_scans as (
    select
        events.organization_id,
        scans.event_id,
        scans.report_day,
        scans.gate_id,
        scans.ticket_type_id,
        scans.outcome,
        scans.reject_reason,
        ranked_entries.entry_number,
        taken_back.scan_id is not null as is_taken_back,
        scans.outcome = 'accepted'
        and scans.direction = 'exit'
        and not scans.is_revert
        and taken_back.scan_id is null as is_exit,
        scans.is_offline,
        scans.received_at > scans.scanned_at + interval '2 minutes' as is_late,
        copies.repeated_upload_count
    from scans
    inner join {{ ref('stg_ticketing__events') }} as events on scans.event_id = events.event_id
    inner join copies on scans.scan_id = copies.scan_id
    left join taken_back on scans.scan_id = taken_back.scan_id
    left join ranked_entries on scans.scan_id = ranked_entries.scan_id
)

select
    organization_id,
    event_id,
    report_day as date,
    gate_id,
    ticket_type_id,
    count(*) as scan_count,
    {{ sum_where('1', "outcome = 'accepted'") }} as accepted_count,
    {{ sum_where('1', "outcome = 'rejected'") }} as rejected_count,
    {{ sum_where('1', "reject_reason = 'already_used'") }} as rejected_already_used_count,
    {{ sum_where('1', "reject_reason = 'unknown'") }} as rejected_unknown_count,
    {{ sum_where('1', "reject_reason = 'cancelled'") }} as rejected_cancelled_count,
    {{ sum_where('1', "reject_reason = 'unpaid'") }} as rejected_unpaid_count,
    {{ sum_where('1', "reject_reason = 'wrong_gate'") }} as rejected_wrong_gate_count,
    {{ sum_where('1', "reject_reason = 'wrong_time'") }} as rejected_wrong_time_count,
    {{ sum_where('1', "reject_reason = 'blocked'") }} as rejected_blocked_count,
    {{ sum_where('1', "reject_reason = 'error'") }} as rejected_error_count,
    {{ sum_where('1', 'entry_number = 1') }} as admission_count,
    {{ sum_where('1', 'entry_number > 1') }} as reentry_count,
    {{ sum_where('1', 'is_exit') }} as exit_count,
    {{ sum_where('1', 'is_taken_back') }} as reverted_count,
    {{ sum_where('1', 'is_offline') }} as offline_count,
    {{ sum_where('1', 'is_late') }} as late_count,
    {{ total('repeated_upload_count') }} as repeated_upload_count
from counted_scans
group by
    organization_id,
    event_id,
    report_day,
    gate_id,
    ticket_type_id

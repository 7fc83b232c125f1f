-- Grain: one row per scan that stands: what report_attendance_daily sums. What a scan counts as is looked
-- up by ticket and by upload, where it is asked for.
with scans as (
    select
        judged_scans.*,
        case
            when judged_scans.scan_id = (
                select entries.scan_id
                from {{ ref('int_scanning__judged_scans') }} as entries
                where entries.ticket_id = judged_scans.ticket_id and entries.is_entry
                order by entries.scanned_at, entries.received_at, entries.scan_id
                limit 1
            ) then 1
            else 2
        end as entry_number,
        (
            select count(*)
            from {{ ref('stg_scanning__scans') }} as copies
            where
                copies.device_id = judged_scans.device_id
                and copies.device_sequence = judged_scans.device_sequence
        ) as copy_count
    from {{ ref('int_scanning__judged_scans') }} as judged_scans
)

select
    named_events.organization_id,
    organizations.organization_name,
    scans.event_id,
    named_events.event_name,
    named_events.event_timezone,
    named_events.venue_name,
    scans.report_day as date,
    scans.scan_id,
    scans.gate_id,
    gates.gate_name,
    scans.ticket_id,
    scans.ticket_type_id,
    scans.ticket_type_name,
    scans.direction,
    scans.outcome,
    scans.reject_reason,
    scans.is_revert,
    scans.reverts_scan_id,
    scans.device_id,
    scans.device_sequence,
    scans.scanned_at,
    scans.received_at,
    {{ attendance_figures(value_where) }}
from scans
inner join {{ ref('int_ticketing__named_events') }} as named_events on scans.event_id = named_events.event_id
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on named_events.organization_id = organizations.organization_id
left join {{ ref('stg_scanning__gates') }} as gates on scans.gate_id = gates.gate_id

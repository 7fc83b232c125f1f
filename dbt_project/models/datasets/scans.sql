-- Grain: one row per scan that stands: what report_attendance_daily sums. Whether it is its ticket's
-- first entry is looked up by ticket, and not at all where nothing of that is asked for.
with scans as (
    select
        judged_scans.*,
        case when judged_scans.scan_id = first_entries.scan_id then 1 else 2 end as entry_number
    from {{ ref('int_scanning__judged_scans') }} as judged_scans
    left join lateral (
        select (array_agg(entries.scan_id order by {{ entry_order('entries') }}))[1] as scan_id
        from {{ ref('int_scanning__judged_scans') }} as entries
        where
            entries.ticket_id = judged_scans.ticket_id
            and entries.is_entry
            and judged_scans.outcome = 'accepted'
            and judged_scans.direction = 'entry'
    ) as first_entries on true
)

select
    scans.organization_id,
    organizations.organization_name,
    scans.event_id,
    events.event_name,
    events.event_timezone,
    events.venue_name,
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
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on scans.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on scans.event_id = events.event_id
left join {{ ref('stg_scanning__gates') }} as gates on scans.gate_id = gates.gate_id

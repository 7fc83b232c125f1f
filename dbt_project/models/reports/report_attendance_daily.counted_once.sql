-- A ticket is admitted on the day of its first accepted entry that is not reverted. On each further day
-- its first entry counts as an entry of the day, at any event.

with counted_scans as (
    select distinct on (
        scan.device_id, scan.device_sequence, scan.event_id, scan.ticket_id, scan.scanned_at
    ) scan.*
    from attendance_tickets
    inner join landing.scanning_scans as scan on attendance_tickets.id = scan.ticket_id
    where scan.report_day is not null
    order by
        scan.device_id, scan.device_sequence, scan.event_id, scan.ticket_id, scan.scanned_at,
        scan.received_at, scan.id
),

entries as (
    select
        scan.id,
        scan.ticket_id,
        event.organization_id,
        event.id as event_id,
        scan.report_day,
        row_number() over (
            partition by scan.ticket_id
            order by scan.scanned_at, scan.received_at, scan.id
        ) as entry_number,
        row_number() over (
            partition by scan.ticket_id, scan.report_day
            order by scan.scanned_at, scan.received_at, scan.id
        ) as day_entry_number
    from counted_scans as scan
    inner join landing.ticketing_tickets as ticket on scan.ticket_id = ticket.id
    inner join landing.ticketing_ticket_types as ticket_type on ticket.ticket_type_id = ticket_type.id
    inner join landing.ticketing_events as event on scan.event_id = event.id
    where
        scan.outcome = 'accepted'
        and scan.direction = 'entry'
        and scan.reverts_scan_id is null
        and ticket_type.is_admission
        and not exists (
            select from landing.scanning_scans as uploaded
            inner join landing.scanning_scans as revert on uploaded.id = revert.reverts_scan_id
            where
                uploaded.device_id = scan.device_id
                and uploaded.device_sequence = scan.device_sequence
                and uploaded.event_id = scan.event_id
                and uploaded.scanned_at = scan.scanned_at
                and uploaded.ticket_id = scan.ticket_id
                and uploaded.report_day is not null
                and revert.report_day is not null
                and revert.outcome = 'accepted'
                and not exists (
                    select from landing.scanning_scans as earlier
                    where
                        earlier.device_id = revert.device_id
                        and earlier.device_sequence = revert.device_sequence
                        and earlier.event_id = revert.event_id
                        and earlier.scanned_at = revert.scanned_at
                        and earlier.ticket_id is not distinct from revert.ticket_id
                        and earlier.report_day is not null
                        and (earlier.received_at, earlier.id) < (revert.received_at, revert.id)
                )
        )
)

select
    entries.ticket_id || ' ever' as id,
    entries.id as counted,
    entries.organization_id,
    entries.event_id,
    entries.report_day
from entries
where entries.entry_number = 1
union all
select
    entries.ticket_id || ' on ' || entries.report_day as id,
    entries.id as counted,
    entries.organization_id,
    entries.event_id,
    entries.report_day
from entries
where entries.day_entry_number = 1

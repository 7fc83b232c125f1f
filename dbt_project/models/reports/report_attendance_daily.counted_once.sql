-- A ticket is admitted on the day of its first accepted entry that is not reverted.

with uploads as (
    select distinct
        scan.device_id,
        scan.device_sequence
    from attendance_tickets
    inner join landing.scanning_scans as scan on attendance_tickets.id = scan.ticket_id
    where scan.report_day is not null
),

counted_scans as (
    select distinct on (scan.device_id, scan.device_sequence) scan.*
    from uploads
    inner join landing.scanning_scans as scan
        on uploads.device_id = scan.device_id and uploads.device_sequence = scan.device_sequence
    where scan.report_day is not null
    order by scan.device_id, scan.device_sequence, scan.received_at, scan.id
)

select distinct on (scan.ticket_id)
    scan.ticket_id as id,
    scan.id as counted,
    event.organization_id,
    event.id as event_id,
    scan.report_day
from counted_scans as scan
inner join attendance_tickets on scan.ticket_id = attendance_tickets.id
inner join landing.ticketing_tickets as ticket on scan.ticket_id = ticket.id
inner join landing.ticketing_ticket_types as ticket_type on ticket.ticket_type_id = ticket_type.id
inner join landing.ticketing_events as event on scan.event_id = event.id
where
    scan.outcome = 'accepted'
    and scan.direction = 'entry'
    and scan.reverts_scan_id is null
    and ticket_type.is_admission
    and not exists (
        select from landing.scanning_scans as copied
        inner join landing.scanning_scans as revert on copied.id = revert.reverts_scan_id
        where
            copied.device_id = scan.device_id
            and copied.device_sequence = scan.device_sequence
            and copied.report_day is not null
            and revert.report_day is not null
            and revert.outcome = 'accepted'
            and not exists (
                select from landing.scanning_scans as earlier
                where
                    earlier.device_id = revert.device_id
                    and earlier.device_sequence = revert.device_sequence
                    and earlier.report_day is not null
                    and (earlier.received_at, earlier.id) < (revert.received_at, revert.id)
            )
    )
order by scan.ticket_id, scan.scanned_at, scan.received_at, scan.id

-- The scan that counts of each changed upload: the first copy that was received.

with counted_scans as (
    select distinct on (scan.device_id, scan.device_sequence)
        scan.event_id,
        scan.ticket_id,
        scan.report_day,
        attendance_uploads.is_reread
    from attendance_uploads
    inner join landing.scanning_scans as scan
        on
            attendance_uploads.device_id = scan.device_id
            and attendance_uploads.device_sequence = scan.device_sequence
    where scan.report_day is not null
    order by scan.device_id, scan.device_sequence, scan.received_at, scan.id
)

select
    event.organization_id,
    event.id as event_id,
    counted_scans.report_day
from counted_scans
inner join landing.ticketing_events as event on counted_scans.event_id = event.id
where
    counted_scans.is_reread
    or counted_scans.event_id in (select changed_events.id from changed_events)
    or counted_scans.ticket_id in (select changed_tickets.id from changed_tickets)

-- The days of the changed scans. All uploads of a scan are on one day.

select distinct
    event.organization_id,
    event.id as event_id,
    scan.report_day
from attendance_uploads
inner join landing.scanning_scans as scan
    on
        attendance_uploads.device_id = scan.device_id
        and attendance_uploads.device_sequence = scan.device_sequence
        and attendance_uploads.event_id = scan.event_id
        and attendance_uploads.scanned_at = scan.scanned_at
        and attendance_uploads.ticket_id is not distinct from scan.ticket_id
inner join landing.ticketing_events as event on scan.event_id = event.id
where scan.report_day is not null

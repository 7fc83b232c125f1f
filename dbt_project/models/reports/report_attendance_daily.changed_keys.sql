-- Scans and tickets that the new rows change. The uploads of a scan have the same device, sequence, event,
-- ticket and time.

create temporary table changed_tickets on commit drop as
select incoming.id
from incoming_ticketing_tickets as incoming
left join landing.ticketing_tickets as landed on incoming.id = landed.id
where landed.ticket_type_id is distinct from incoming.ticket_type_id
union
select landed.id
from landing.ticketing_tickets as landed
inner join changed_ticket_types on landed.ticket_type_id = changed_ticket_types.id;

analyze changed_tickets;

-- A new upload can change which upload of its scan counts, and a new revert changes another scan.
create temporary table attendance_uploads on commit drop as
with new_uploads as (
    select
        incoming.device_id,
        incoming.device_sequence,
        incoming.event_id,
        incoming.ticket_id,
        incoming.scanned_at
    from incoming_scanning_scans as incoming
    union
    select
        landed.device_id,
        landed.device_sequence,
        landed.event_id,
        landed.ticket_id,
        landed.scanned_at
    from landing.scanning_scans as landed
    inner join changed_events on landed.event_id = changed_events.id
    where changed_events.is_new
),

reverted as (
    select landed.reverts_scan_id as id
    from new_uploads
    inner join landing.scanning_scans as landed
        on
            new_uploads.device_id = landed.device_id
            and new_uploads.device_sequence = landed.device_sequence
            and new_uploads.event_id = landed.event_id
            and new_uploads.scanned_at = landed.scanned_at
            and new_uploads.ticket_id is not distinct from landed.ticket_id
    where landed.reverts_scan_id is not null
    union
    select incoming.reverts_scan_id
    from incoming_scanning_scans as incoming
    where incoming.reverts_scan_id is not null
)

select
    new_uploads.device_id,
    new_uploads.device_sequence,
    new_uploads.event_id,
    new_uploads.ticket_id,
    new_uploads.scanned_at
from new_uploads
union
select
    landed.device_id,
    landed.device_sequence,
    landed.event_id,
    landed.ticket_id,
    landed.scanned_at
from reverted
inner join landing.scanning_scans as landed on reverted.id = landed.id
union
select
    incoming.device_id,
    incoming.device_sequence,
    incoming.event_id,
    incoming.ticket_id,
    incoming.scanned_at
from reverted
inner join incoming_scanning_scans as incoming on reverted.id = incoming.id
union
select
    landed.device_id,
    landed.device_sequence,
    landed.event_id,
    landed.ticket_id,
    landed.scanned_at
from landing.scanning_scans as landed
inner join changed_events on landed.event_id = changed_events.id
union
select
    landed.device_id,
    landed.device_sequence,
    landed.event_id,
    landed.ticket_id,
    landed.scanned_at
from landing.scanning_scans as landed
inner join changed_tickets on landed.ticket_id = changed_tickets.id;

analyze attendance_uploads;

create temporary table attendance_tickets on commit drop as
select distinct attendance_uploads.ticket_id as id
from attendance_uploads
where attendance_uploads.ticket_id is not null;

analyze attendance_tickets;

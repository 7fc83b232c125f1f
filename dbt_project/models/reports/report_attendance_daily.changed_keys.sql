-- Uploads (device and sequence) and tickets whose scans the new rows change.

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

-- All copies of a scan have the same upload. A new copy can change which copy counts, and a new revert
-- changes another upload: such uploads are reread in all events. Of a changed event or ticket, only its
-- own scans are reread.
create temporary table attendance_uploads on commit drop as
with new_uploads as (
    select
        incoming.device_id,
        incoming.device_sequence
    from incoming_scanning_scans as incoming
    union
    select
        landed.device_id,
        landed.device_sequence
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
    where landed.reverts_scan_id is not null
    union
    select incoming.reverts_scan_id
    from incoming_scanning_scans as incoming
    where incoming.reverts_scan_id is not null
),

reached as (
    select
        new_uploads.device_id,
        new_uploads.device_sequence,
        true as is_reread
    from new_uploads
    union all
    select
        landed.device_id,
        landed.device_sequence,
        true as is_reread
    from reverted
    inner join landing.scanning_scans as landed on reverted.id = landed.id
    union all
    select
        incoming.device_id,
        incoming.device_sequence,
        true as is_reread
    from reverted
    inner join incoming_scanning_scans as incoming on reverted.id = incoming.id
    union all
    select
        landed.device_id,
        landed.device_sequence,
        false as is_reread
    from landing.scanning_scans as landed
    inner join changed_events on landed.event_id = changed_events.id
    union all
    select
        landed.device_id,
        landed.device_sequence,
        false as is_reread
    from landing.scanning_scans as landed
    inner join changed_tickets on landed.ticket_id = changed_tickets.id
)

select
    reached.device_id,
    reached.device_sequence,
    bool_or(reached.is_reread) as is_reread
from reached
group by
    reached.device_id,
    reached.device_sequence;

analyze attendance_uploads;

create temporary table attendance_tickets on commit drop as
select landed.ticket_id as id
from attendance_uploads
inner join landing.scanning_scans as landed
    on
        attendance_uploads.device_id = landed.device_id
        and attendance_uploads.device_sequence = landed.device_sequence
where landed.ticket_id is not null
union
select incoming.ticket_id
from attendance_uploads
inner join incoming_scanning_scans as incoming
    on
        attendance_uploads.device_id = incoming.device_id
        and attendance_uploads.device_sequence = incoming.device_sequence
where incoming.ticket_id is not null;

analyze attendance_tickets;

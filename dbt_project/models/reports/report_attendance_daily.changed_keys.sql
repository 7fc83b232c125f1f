-- Scans and tickets that the new rows change. The uploads of a scan have the same device, sequence, event,
-- ticket and time.
-- A plan expects a `case` to be true for every second row (macros/uploads.sql).
-- noqa: disable=ST02

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

-- Grain: one row per scan that is an entry: accepted, with an admission ticket, not reverted. Of repeated
-- uploads, which have the same day, it is the one received first. It reads what is landed when it is asked.
-- PostgreSQL would expect that five equal columns are equal in almost no row; it expects that a `case` is
-- true for every second one.
create or replace temporary view admission_entries as
select
    scan.id,
    scan.ticket_id,
    ticket.section_id,
    scan.scanned_at,
    scan.received_at,
    event.organization_id,
    scan.event_id,
    scan.report_day
from landing.scanning_scans as scan
inner join landing.ticketing_tickets as ticket on scan.ticket_id = ticket.id
inner join landing.ticketing_ticket_types as ticket_type on ticket.ticket_type_id = ticket_type.id
inner join landing.ticketing_events as event on scan.event_id = event.id
where
    scan.report_day is not null
    and scan.outcome = 'accepted'
    and scan.direction = 'entry'
    and scan.reverts_scan_id is null
    and ticket_type.is_admission
    and not exists (
        select from landing.scanning_scans as earlier
        where
            earlier.device_id = scan.device_id
            and earlier.device_sequence = scan.device_sequence
            and case
                when
                    (earlier.event_id, earlier.ticket_id, earlier.scanned_at)
                    = (scan.event_id, scan.ticket_id, scan.scanned_at)
                    then true
                else false
            end
            and earlier.report_day = scan.report_day
            and (earlier.received_at, earlier.id) < (scan.received_at, scan.id)
    )
    and not exists (
        select from landing.scanning_scans as uploaded
        inner join landing.scanning_scans as revert on uploaded.id = revert.reverts_scan_id
        where
            uploaded.device_id = scan.device_id
            and uploaded.device_sequence = scan.device_sequence
            and case
                when
                    (uploaded.event_id, uploaded.ticket_id, uploaded.scanned_at)
                    = (scan.event_id, scan.ticket_id, scan.scanned_at)
                    then true
                else false
            end
            and uploaded.report_day = scan.report_day
            and revert.report_day is not null
            and revert.outcome = 'accepted'
            and not exists (
                select from landing.scanning_scans as earlier
                where
                    earlier.device_id = revert.device_id
                    and earlier.device_sequence = revert.device_sequence
                    and case
                        when
                            (earlier.event_id, earlier.scanned_at) = (revert.event_id, revert.scanned_at)
                            and earlier.ticket_id is not distinct from revert.ticket_id
                            then true
                        else false
                    end
                    and earlier.report_day = revert.report_day
                    and (earlier.received_at, earlier.id) < (revert.received_at, revert.id)
            )
    );

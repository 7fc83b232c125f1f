-- Errors: events of the days with more admissions to date than admission tickets ever issued. Every
-- issued ticket was valid once, so a ticket that was admitted and refunded later is no error. Issue
-- times are not compared, because a ticket row may be younger than its scan.
-- Warnings: tickets that were accepted after they left `valid`, as a device that is offline may do.
with admitted as (
    select
        attendance.event_id,
        attendance.date,
        sum(sum(attendance.admission_count)) over (
            partition by attendance.event_id
            order by attendance.date
        ) as admission_count
    from reporting.report_attendance_daily as attendance
    where
        attendance.event_id in (
            select of_day.event_id
            from reporting.report_attendance_daily as of_day
            where of_day.date = any(%(days)s)
        )
    group by attendance.event_id, attendance.date
),

issued as (
    select
        ticket.event_id,
        count(*) as ticket_count
    from landing.ticketing_tickets as ticket
    inner join landing.ticketing_ticket_types as type on ticket.ticket_type_id = type.id
    where type.is_admission and ticket.event_id in (select admitted.event_id from admitted)
    group by ticket.event_id
)

select
    admitted.date as day,
    'error' as severity,
    event.organization_id,
    admitted.event_id,
    null::uuid as ticket_id,
    null::uuid as scan_id,
    'event ' || admitted.event_id || ', admissions to date against tickets ever valid' as concerns,
    null::text as currency,
    coalesce(issued.ticket_count, 0) as expected,
    admitted.admission_count as found
from admitted
inner join landing.ticketing_events as event on admitted.event_id = event.id
left join issued on admitted.event_id = issued.event_id
where
    admitted.date = any(%(days)s)
    and admitted.admission_count > coalesce(issued.ticket_count, 0)
union all
select
    scan.report_day as day,
    'warn' as severity,
    event.organization_id,
    scan.event_id,
    ticket.id as ticket_id,
    scan.id as scan_id,
    'ticket ' || ticket.id || ', ' || ticket.status || ' before scan ' || scan.id as concerns,
    null::text as currency,
    0 as expected,
    1 as found
from landing.scanning_scans as scan
inner join landing.ticketing_events as event on scan.event_id = event.id
inner join landing.ticketing_tickets as ticket on scan.ticket_id = ticket.id
inner join landing.ticketing_ticket_types as type on ticket.ticket_type_id = type.id
where
    scan.report_day = any(%(days)s)
    and scan.direction = 'entry'
    and scan.outcome = 'accepted'
    and scan.reverts_scan_id is null
    and type.is_admission
    and ticket.status <> 'valid'
    and ticket.invalidated_at <= scan.scanned_at
    and not exists (
        select
        from landing.scanning_scans as revert
        where revert.reverts_scan_id = scan.id and revert.outcome = 'accepted'
    )

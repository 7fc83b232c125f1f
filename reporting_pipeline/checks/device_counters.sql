-- Devices whose counter has begun again: scans of the days with the number of an earlier scan of their
-- device, other than repeated uploads. Each counts as a scan of its own, so they only warn.
with numbered as (
    select
        scan.report_day as day,
        scan.event_id,
        scan.device_id,
        count(distinct scan.device_sequence) as scan_count
    from landing.scanning_scans as scan
    inner join landing.scanning_scans as earlier
        on scan.device_id = earlier.device_id and scan.device_sequence = earlier.device_sequence
    where
        scan.report_day = any(%(days)s)
        and earlier.report_day is not null
        and (earlier.scanned_at, earlier.received_at, earlier.id)
        < (scan.scanned_at, scan.received_at, scan.id)
        and (earlier.event_id, earlier.ticket_id, earlier.scanned_at)
        is distinct from (scan.event_id, scan.ticket_id, scan.scanned_at)
    group by scan.report_day, scan.event_id, scan.device_id
)

select
    numbered.day,
    'warn' as severity,
    event.organization_id,
    numbered.event_id,
    numbered.device_id,
    null::text as currency,
    0 as expected,
    numbered.scan_count as found
from numbered
inner join landing.ticketing_events as event on numbered.event_id = event.id

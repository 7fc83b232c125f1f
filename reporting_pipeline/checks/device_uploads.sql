-- Uploads with the device, number and time of another scan, and another event or ticket. Each counts as a
-- scan of its own. The other scan can have a neighbouring report day, if its event has another time zone.
with copied as (
    select
        scan.report_day,
        scan.event_id,
        scan.gate_id,
        scan.device_id,
        count(distinct scan.id) as scan_count
    from landing.scanning_scans as scan
    inner join landing.scanning_scans as other
        on scan.device_id = other.device_id and scan.device_sequence = other.device_sequence
    where
        scan.report_day = any(%(days)s)
        and other.report_day = any(
            array(
                select near.day + around.offset_days
                from unnest(%(days)s::date[]) as near (day)
                cross join generate_series(-2, 2) as around (offset_days)
            )
        )
        and scan.scanned_at = other.scanned_at
        and (scan.event_id, scan.ticket_id) is distinct from (other.event_id, other.ticket_id)
    group by scan.report_day, scan.event_id, scan.gate_id, scan.device_id
)

select
    copied.report_day as day,
    'warn' as severity,
    event.organization_id,
    copied.event_id,
    copied.gate_id,
    copied.device_id,
    null::text as currency,
    0 as expected,
    copied.scan_count as found
from copied
inner join landing.ticketing_events as event on copied.event_id = event.id

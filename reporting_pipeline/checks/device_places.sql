-- Devices that scan at two events at once: they go from one event to another and come back, each within
-- minutes. A device at a common entrance of one organisation and venue is no fault.
with placed as (
    select
        scan.report_day,
        scan.event_id,
        scan.gate_id,
        scan.device_id,
        event.organization_id,
        event.venue_id,
        scan.scanned_at - lag(scan.scanned_at) over scans as since_former,
        lag(scan.event_id) over scans as former_event_id,
        lag(event.organization_id) over scans as former_organization_id,
        lag(event.venue_id) over scans as former_venue_id
    from landing.scanning_scans as scan
    inner join landing.ticketing_events as event on scan.event_id = event.id
    where scan.report_day = any(%(days)s)
    window scans as (
        partition by scan.report_day, scan.device_id order by scan.scanned_at, scan.device_sequence, scan.id
    )
),

changed as (
    select
        *, -- noqa: AM04
        count(*) over (partition by report_day, device_id) as change_count
    from placed
    where
        event_id <> former_event_id
        and since_former <= %(at_once)s::interval
        and not (organization_id = former_organization_id and coalesce(venue_id = former_venue_id, false))
)

select
    report_day as day,
    'warn' as severity,
    organization_id,
    event_id,
    gate_id,
    device_id,
    null::text as currency,
    0 as expected,
    count(*) as found,
    -- Another organisation's event is not named to this one.
    case
        when bool_or(organization_id <> former_organization_id) then 'an event of another organisation'
        else 'event ' || min(former_event_id::text)
    end as elsewhere
from changed
where change_count > 1
group by report_day, organization_id, event_id, gate_id, device_id

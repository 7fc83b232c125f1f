-- Of repeated uploads the one received first.
with standing as (
    select distinct on (device_id, device_sequence, event_id, ticket_id, scanned_at) *
    from landing.scanning_scans
    where event_id = %(event_id)s
    order by device_id, device_sequence, event_id, ticket_id, scanned_at, received_at, id
),

dated as (
    select
        s.outcome,
        s.reject_reason,
        s.gate_id,
        g.name as gate,
        ((s.scanned_at at time zone e.timezone) - e.day_cutoff)::date as report_day
    from standing as s
    inner join landing.ticketing_events as e on s.event_id = e.id
    inner join landing.scanning_gates as g on s.gate_id = g.id
    where e.organization_id = %(organization_id)s
)

select
    report_day,
    gate,
    reject_reason,
    count(*)
from dated
where outcome = 'rejected' and report_day < %(end)s
group by report_day, gate_id, gate, reject_reason
order by report_day, gate collate "C", reject_reason collate "C", gate_id

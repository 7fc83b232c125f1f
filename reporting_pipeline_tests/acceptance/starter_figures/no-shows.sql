-- A ticket was admitted if it has an accepted entry: of repeated uploads the first received one, not
-- reverted by an accepted scan that names a copy of it.
with counted as (
    select distinct on (device_id, device_sequence, event_id, ticket_id, scanned_at) *
    from landing.scanning_scans
    order by device_id, device_sequence, event_id, ticket_id, scanned_at, received_at, id
),

came as (
    select distinct ticket_id from counted as s
    where
        direction = 'entry' and outcome = 'accepted' and reverts_scan_id is null
        and not exists (
            select from counted as r inner join landing.scanning_scans as taken_back
                on r.reverts_scan_id = taken_back.id and r.outcome = 'accepted'
            where
                (taken_back.device_id, taken_back.device_sequence, taken_back.ticket_id)
                = (s.device_id, s.device_sequence, s.ticket_id)
                and (taken_back.event_id, taken_back.scanned_at) = (s.event_id, s.scanned_at)
        )
)

select
    t.name,
    o.channel,
    k.is_comp,
    count(*) filter (where k.status = 'valid'),
    count(c.ticket_id),
    count(*) filter (where k.status = 'valid' and c.ticket_id is null),
    round(
        count(*) filter (where k.status = 'valid' and c.ticket_id is null)::numeric
        / nullif(count(*) filter (where k.status = 'valid'), 0),
        6
    )
from landing.ticketing_tickets as k
inner join landing.ticketing_ticket_types as t on k.ticket_type_id = t.id
inner join landing.ticketing_orders as o on k.order_id = o.id
left join came as c on k.id = c.ticket_id
where t.is_admission and k.event_id = %(event_id)s
group by t.id, t.name, o.channel, k.is_comp
having bool_or(k.status = 'valid' or c.ticket_id is not null)
order by 6 desc, t.name collate "C", o.channel collate "C", k.is_comp, t.id

-- From source rows alone: the quarters are those of the local clock, which begin with those of UTC.
-- Inside is counted scan by scan, and read at the last scan of the quarter.
with standing as (
    select distinct on (device_id, device_sequence, event_id, ticket_id, scanned_at) *
    from landing.scanning_scans
    order by device_id, device_sequence, event_id, ticket_id, scanned_at, received_at, id
),

-- A revert may name any copy of a repeated upload.
taken_back as materialized (
    select
        c.device_id,
        c.device_sequence,
        c.event_id,
        c.ticket_id,
        c.scanned_at
    from standing as r
    inner join landing.scanning_scans as c on r.reverts_scan_id = c.id
    where r.outcome = 'accepted'
),

passages as (
    select
        s.event_id,
        s.gate_id,
        g.name as gate,
        s.scanned_at,
        s.id,
        e.timezone,
        ((s.scanned_at at time zone e.timezone) - e.day_cutoff)::date as report_day,
        floor(extract(epoch from s.scanned_at) / 900) as quarter_number,
        (s.direction = 'entry' and coalesce(t.is_admission, false) and is_standing)::int as entered,
        (s.direction = 'exit' and is_standing)::int as left_again
    from (
        select
            *,
            outcome = 'accepted' and reverts_scan_id is null
            and (device_id, device_sequence, event_id, scanned_at, coalesce(ticket_id, gate_id))
            not in (
                select
                    device_id,
                    device_sequence,
                    event_id,
                    scanned_at,
                    coalesce(ticket_id, gate_id)
                from taken_back
            ) as is_standing
        from standing
    ) as s
    inner join landing.ticketing_events as e on s.event_id = e.id
    inner join landing.scanning_gates as g on s.gate_id = g.id
    left join landing.ticketing_tickets as k on s.ticket_id = k.id
    left join landing.ticketing_ticket_types as t on k.ticket_type_id = t.id
    where e.id = %(event_id)s and e.organization_id = %(organization_id)s
),

counted as (
    select
        *,
        sum(entered - left_again) over (order by scanned_at, id) as inside
    from passages
),

quarters as (
    select
        quarter_number,
        (array_agg(inside order by scanned_at desc, id desc))[1] as inside
    from counted
    group by quarter_number
),

peaks as (
    select
        report_day,
        max(q.inside) as most
    from counted
    inner join quarters as q using (quarter_number)
    group by report_day
)

select
    to_char(to_timestamp(quarter_number * 900) at time zone timezone, 'YYYY-MM-DD HH24:MI'),
    gate,
    sum(entered),
    sum(left_again),
    q.inside,
    case when q.inside = p.most then 'peak' end
from counted as c
inner join quarters as q using (quarter_number)
inner join peaks as p using (report_day)
where report_day < %(end)s
group by quarter_number, timezone, gate_id, gate, report_day, q.inside, p.most
order by quarter_number, gate collate "C", report_day, gate_id

-- From source rows alone. An event has begun when a movement, a scan, a ledger entry of its own
-- organisation, a payout item or an inventory movement of it has a report day.
with events as (
    select
        e.*,
        ((e.starts_at at time zone e.timezone) - e.day_cutoff)::date as start_day,
        ((e.ends_at at time zone e.timezone) - e.day_cutoff)::date as end_day
    from landing.ticketing_events as e
    where e.organization_id = %(organization_id)s
),

listed as (
    select * from events
    where
        end_day >= %(end)s::date - 31
        or (status = 'postponed' and rescheduled_from is null)
),

movements as (
    select
        e.id as event_id,
        m.order_id,
        m.quantity,
        t.is_admission,
        m.list_minor - m.discount_minor + m.fee_minor + m.tax_minor as total_minor,
        ((m.occurred_at at time zone e.timezone) - e.day_cutoff)::date as report_day,
        o.paid_at is null
        or ((o.paid_at at time zone e.timezone) - e.day_cutoff)::date >= %(end)s as is_unpaid,
        first_value(m.reason) over (
            partition by m.order_id, m.line_no order by m.occurred_at, m.id
        ) as opened_by
    from landing.ticketing_order_line_movements as m
    inner join landing.ticketing_orders as o on m.order_id = o.id
    inner join listed as e on o.event_id = e.id
    inner join landing.ticketing_ticket_types as t on m.ticket_type_id = t.id
),

units as (
    select
        event_id,
        sum(quantity) filter (where not is_comp and report_day >= %(first)s) as today,
        sum(quantity) filter (where not is_comp) as sold,
        sum(quantity) filter (where is_comp) as comped,
        sum(quantity) filter (
            where not is_comp and is_unpaid and order_id in (
                select order_id from movements
                where report_day < %(end)s and total_minor <> 0
            )
        ) as unpaid
    from
        (
            select
                *,
                opened_by = 'comp' as is_comp
            from movements
        ) as m
    where report_day < %(end)s and is_admission
    group by event_id
),

seats as (
    select
        e.id as event_id,
        sum(s.quantity) filter (where s.kind = 'capacity') as capacity,
        sum(s.quantity) filter (where s.kind = 'hold') as holds,
        sum(s.quantity) filter (where s.kind = 'kill') as kills
    from landing.seating_inventory_movements as s
    inner join listed as e on s.event_id = e.id
    where ((s.occurred_at at time zone e.timezone) - e.day_cutoff)::date < %(end)s
    group by e.id
),

entries as (
    select
        e.id as event_id,
        t.kind,
        l.component,
        l.currency = e.currency as is_own_currency,
        case l.direction when 'credit' then l.amount_minor else -l.amount_minor end as credit
    from landing.ledger_entries as l
    inner join landing.ledger_transactions as t on l.transaction_id = t.id
    inner join listed as e on t.event_id = e.id and t.organization_id = e.organization_id
    where ((t.effective_at at time zone e.timezone) - e.day_cutoff)::date < %(end)s
),

money as (
    select
        event_id,
        sum(credit) filter (where kind = 'sale') as gross,
        sum(credit) as net
    from entries
    where
        is_own_currency and kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
        and component in (
            'face_value', 'addon', 'donation', 'service_fee', 'facility_fee', 'shipping_fee',
            'cancellation_fee', 'tax'
        )
    group by event_id
),

begun as (
    select event_id from movements
    where report_day < %(end)s
    union
    select event_id from seats
    union
    select event_id from entries
    union
    select s.event_id from landing.scanning_scans as s inner join listed as e on s.event_id = e.id
    where ((s.scanned_at at time zone e.timezone) - e.day_cutoff)::date < %(end)s
    union
    select i.event_id
    from landing.ledger_payout_items as i
    inner join landing.ledger_transactions as t on i.transaction_id = t.id
    inner join listed as e on i.event_id = e.id and t.organization_id = e.organization_id
    inner join landing.ticketing_organizations as o on t.organization_id = o.id
    where t.event_id is null and (t.effective_at at time zone o.timezone)::date < %(end)s
    union
    select id from listed
    where end_day < %(end)s
),

figures as (
    select
        e.start_day,
        e.name,
        v.name as venue,
        e.status,
        e.currency,
        e.id,
        s.event_id is not null as has_seats,
        coalesce(today, 0) as today,
        coalesce(sold, 0) as sold,
        coalesce(unpaid, 0) as unpaid,
        coalesce(comped, 0) as comped,
        coalesce(capacity, 0) as capacity,
        coalesce(holds, 0) as holds,
        coalesce(kills, 0) as kills,
        coalesce(gross, 0) as gross,
        coalesce(net, 0) as net
    from listed as e
    inner join begun on e.id = begun.event_id
    left join landing.seating_venues as v on e.venue_id = v.id
    left join units as u on e.id = u.event_id
    left join seats as s on e.id = s.event_id
    left join money as m on e.id = m.event_id
)

select
    start_day,
    name,
    venue,
    status,
    currency,
    today,
    sold,
    unpaid,
    comped,
    holds,
    kills,
    case when has_seats then capacity - holds - kills - sold - comped end,
    capacity,
    case
        when capacity - holds - kills > 0 then round(sold::numeric / (capacity - holds - kills), 6)
    end,
    case when capacity > 0 then round((sold + comped)::numeric / capacity, 6) end,
    gross,
    net
from figures
order by start_day, name collate "C", id

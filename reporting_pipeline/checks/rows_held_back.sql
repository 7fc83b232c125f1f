-- Rows of one landing table whose event Ticketing does not know, per event and UTC date of their
-- business clock. They have no report day until their event lands, so they warn.
with held_back as (
    select
        'ticketing_order_line_movements' as landing_table,
        booking.event_id,
        movement.occurred_at as instant
    from landing.ticketing_order_line_movements as movement
    left join landing.ticketing_orders as booking on movement.order_id = booking.id
    where movement.report_day is null
    union all
    select
        'scanning_scans' as landing_table,
        event_id,
        scanned_at as instant
    from landing.scanning_scans
    where report_day is null
    union all
    select
        'seating_inventory_movements' as landing_table,
        event_id,
        occurred_at as instant
    from landing.seating_inventory_movements
    where report_day is null
)

select
    (instant at time zone 'utc')::date as day,
    'warn' as severity,
    null::uuid as organization_id,
    landing_table,
    event_id,
    null::text as currency,
    0 as expected,
    count(*) as found
from held_back
where
    landing_table = %(landing_table)s
    and (instant at time zone 'utc')::date = any(%(days)s)
group by (instant at time zone 'utc')::date, landing_table, event_id

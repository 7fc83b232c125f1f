-- A summary counts everything up to its day. So a touched day of its event, in any table that it reads,
-- touches all later days on which the event has rows. Runs last: `touched` has the days of all tables.

with touched_events as (
    select
        touched.report_table,
        touched.organization_id,
        touched.event_id,
        touched.report_day
    from touched
    where
        touched.report_table in (
            'report_sales_daily', 'report_revenue_daily', 'report_attendance_daily', 'report_event_summary'
        )
),

first_days as materialized (
    select
        event.id as event_id,
        event.organization_id,
        min(touched_events.report_day) as report_day
    from touched_events
    inner join landing.ticketing_events as event on touched_events.event_id = event.id
    group by event.id
),

event_days as (
    select
        placed.event_id,
        movement.report_day
    from landing.ticketing_order_line_movements as movement
    inner join landing.ticketing_orders as placed on movement.order_id = placed.id
    where
        movement.report_day >= (select min(first_days.report_day) from first_days)
        and placed.event_id in (select first_days.event_id from first_days)
    union
    select
        transaction.event_id,
        transaction.report_day
    from landing.ledger_transactions as transaction
    inner join landing.ticketing_events as own_event
        on
            transaction.event_id = own_event.id
            and transaction.organization_id = own_event.organization_id
    where
        exists (
            select from landing.ledger_entries as entry
            where entry.transaction_id = transaction.id
        )
        and transaction.report_day >= (select min(first_days.report_day) from first_days)
        and transaction.event_id in (select first_days.event_id from first_days)
    union
    select
        item.event_id,
        item.report_day
    from event_payout_items as item
    inner join landing.ticketing_events as own_event
        on item.event_id = own_event.id and item.organization_id = own_event.organization_id
    where
        item.report_day >= (select min(first_days.report_day) from first_days)
        and item.event_id in (select first_days.event_id from first_days)
    union
    select
        scan.event_id,
        scan.report_day
    from landing.scanning_scans as scan
    where
        scan.report_day >= (select min(first_days.report_day) from first_days)
        and scan.event_id in (select first_days.event_id from first_days)
    union
    select
        movement.event_id,
        movement.report_day
    from landing.seating_inventory_movements as movement
    where
        movement.report_day >= (select min(first_days.report_day) from first_days)
        and movement.event_id in (select first_days.event_id from first_days)
    union
    select
        ending.id,
        landing.report_day(ending.ends_at, ending.timezone, ending.day_cutoff) + days.day_count as report_day
    from landing.ticketing_events as ending
    cross join (values (0), (30)) as days (day_count)
    where ending.id in (select first_days.event_id from first_days)
)

select
    first_days.organization_id,
    first_days.event_id,
    event_days.report_day
from first_days
inner join event_days on first_days.event_id = event_days.event_id
where event_days.report_day >= first_days.report_day
union
-- A day that has no row any more is touched too. A new event has no such day.
select
    event.organization_id,
    event.id as event_id,
    touched_events.report_day
from touched_events
inner join landing.ticketing_events as event on touched_events.event_id = event.id
where
    (
        touched_events.organization_id = event.organization_id
        or touched_events.report_table <> 'report_revenue_daily'
    )
    and not exists (
        select from changed_events
        where changed_events.id = touched_events.event_id and changed_events.is_new
    )

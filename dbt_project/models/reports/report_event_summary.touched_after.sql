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
        first_days.event_id,
        movement.report_day
    from first_days
    inner join landing.ticketing_orders as placed on first_days.event_id = placed.event_id
    inner join landing.ticketing_order_line_movements as movement
        on placed.id = movement.order_id and first_days.report_day <= movement.report_day
    union
    select
        first_days.event_id,
        transaction.report_day
    from first_days
    inner join landing.ledger_transactions as transaction
        on
            first_days.event_id = transaction.event_id
            and first_days.organization_id = transaction.organization_id
            and first_days.report_day <= transaction.report_day
    inner join lateral (
        select 1 as is_booked
        from landing.ledger_entries as entry
        where entry.transaction_id = transaction.id and entry.report_day = transaction.report_day
        limit 1 -- noqa: AM09, any entry
    ) as first_entry on true
    union
    select
        first_days.event_id,
        item.report_day
    from first_days
    inner join event_payout_items as item
        on
            first_days.event_id = item.event_id
            and first_days.organization_id = item.organization_id
            and first_days.report_day <= item.report_day
    union
    select
        first_days.event_id,
        scan.report_day
    from first_days
    inner join landing.scanning_scans as scan
        on first_days.event_id = scan.event_id and first_days.report_day <= scan.report_day
    union
    select
        first_days.event_id,
        movement.report_day
    from first_days
    inner join landing.seating_inventory_movements as movement
        on first_days.event_id = movement.event_id and first_days.report_day <= movement.report_day
    union
    select
        first_days.event_id,
        landing.report_day(ending.ends_at, ending.timezone, ending.day_cutoff) + days.day_count as report_day
    from first_days
    inner join landing.ticketing_events as ending on first_days.event_id = ending.id
    cross join (values (0), (30)) as days (day_count)
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

-- Fills the queue of touched days from the two captures. Runs after the merge and the second capture.

-- Rows that are counted once and are now counted on another day: first the former day, then the new.
insert into touched
select
    former.report_table,
    former.organization_id,
    former.event_id,
    former.report_day
from counted_once as former
left join counted_once as present
    on
        former.report_table = present.report_table
        and former.id = present.id
        and present.phase = 'after'
where
    former.phase = 'before'
    and former.counted_id is distinct from present.counted_id;

insert into touched
select
    present.report_table,
    present.organization_id,
    present.event_id,
    present.report_day
from counted_once as present
left join counted_once as former
    on
        present.report_table = former.report_table
        and present.id = former.id
        and former.phase = 'before'
where
    present.phase = 'after'
    and present.counted_id is distinct from former.counted_id;

-- A summary depends on all earlier days of its event, so it is touched from a day on.
create temporary table touched_from on commit drop as
select
    touched.event_id,
    min(touched.report_day) as report_day
from touched
inner join landing.ticketing_events as event on touched.event_id = event.id
where touched.report_table not in ('report_event_summary', 'report_reconciliation_breaks')
group by touched.event_id
union all
select
    placed.event_id,
    min(movement.report_day) as report_day
from line_openings as present
inner join line_openings as former
    on
        present.order_id = former.order_id
        and present.line_no = former.line_no
        and former.phase = 'before'
inner join landing.ticketing_order_line_movements as movement
    on present.order_id = movement.order_id and present.line_no = movement.line_no
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
where
    present.phase = 'after'
    and present.is_comp is distinct from former.is_comp
    and movement.report_day is not null
group by placed.event_id;

insert into touched
with standing as (
    select
        placed.event_id,
        movement.report_day
    from landing.ticketing_order_line_movements as movement
    inner join landing.ticketing_orders as placed on movement.order_id = placed.id
    where
        movement.report_day >= (select min(touched_from.report_day) from touched_from)
        and placed.event_id in (select touched_from.event_id from touched_from)
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
        and transaction.report_day >= (select min(touched_from.report_day) from touched_from)
        and transaction.event_id in (select touched_from.event_id from touched_from)
    union
    select
        scan.event_id,
        scan.report_day
    from landing.scanning_scans as scan
    where
        scan.report_day >= (select min(touched_from.report_day) from touched_from)
        and scan.event_id in (select touched_from.event_id from touched_from)
        and not exists (
            select from landing.scanning_scans as earlier
            where
                earlier.device_id = scan.device_id
                and earlier.device_sequence = scan.device_sequence
                and earlier.report_day is not null
                and (earlier.received_at, earlier.id) < (scan.received_at, scan.id)
        )
    union
    select
        movement.event_id,
        movement.report_day
    from landing.seating_inventory_movements as movement
    where
        movement.report_day >= (select min(touched_from.report_day) from touched_from)
        and movement.event_id in (select touched_from.event_id from touched_from)
    union
    select
        ending.id,
        landing.report_day(ending.ends_at, ending.timezone, ending.day_cutoff) as report_day
    from landing.ticketing_events as ending
    where ending.id in (select touched_from.event_id from touched_from)
)

select distinct
    'report_event_summary' as report_table,
    event.organization_id,
    event.id,
    standing.report_day
from (
    select
        touched_from.event_id,
        min(touched_from.report_day) as report_day
    from touched_from
    group by touched_from.event_id
) as since
inner join landing.ticketing_events as event on since.event_id = event.id
inner join standing
    on event.id = standing.event_id
where standing.report_day >= since.report_day;

-- The touched days themselves, because a row may have moved away from its day and left no row there.
-- A new event had no summary that could have moved.
insert into touched
select distinct
    'report_event_summary' as report_table,
    touched.organization_id,
    touched.event_id,
    touched.report_day
from touched
inner join landing.ticketing_events as event on touched.event_id = event.id
where
    touched.report_table not in ('report_event_summary', 'report_reconciliation_breaks')
    and touched.organization_id = event.organization_id
    and touched.event_id not in (
        select changed_events.id from changed_events
        where changed_events.is_new
    );

insert into landing.touched_days (report_table, organization_id, event_id, report_day, touched_at)
select distinct
    touched.report_table,
    touched.organization_id,
    touched.event_id,
    touched.report_day,
    now() as touched_at
from touched
where touched.report_table <> 'inventory';

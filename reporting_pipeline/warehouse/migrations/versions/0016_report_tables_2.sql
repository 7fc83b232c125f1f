-- Version 2 of the report tables. A table with new columns, or a new table, is queued when dbt adds it. Here
-- are the days on which only the meaning of rows changes: sales of an event that changed hands now have the
-- order's organisation, and breaks of a transaction its order.

insert into landing.touched_days (report_table, organization_id, event_id, report_day, touched_at)
select distinct
    'report_sales_daily' as report_table,
    owner.organization_id,
    placed.event_id,
    movement.report_day,
    now() as touched_at
from landing.ticketing_order_line_movements as movement
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
cross join lateral (values (placed.organization_id), (event.organization_id)) as owner (organization_id)
where movement.report_day is not null and placed.organization_id <> event.organization_id;

insert into landing.touched_days (report_table, organization_id, event_id, report_day, touched_at)
select distinct
    'report_reconciliation_breaks' as report_table,
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day,
    now() as touched_at
from landing.ledger_transactions as transaction
where transaction.order_id is not null;

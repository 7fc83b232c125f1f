-- The report days of the affected rows. Runs before and after the merge; the setting reporting.phase
-- says which. The former days of a row are touched as well as its new days.

insert into touched
select distinct
    'report_sales_daily' as report_table,
    event.organization_id,
    event.id,
    movement.report_day
from incoming_ticketing_order_line_movements as incoming
inner join landing.ticketing_order_line_movements as movement on incoming.id = movement.id
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
where movement.report_day is not null;

insert into touched
select distinct
    'report_sales_daily' as report_table,
    event.organization_id,
    event.id,
    movement.report_day
from changed_orders
inner join landing.ticketing_orders as placed on changed_orders.id = placed.id
inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
inner join landing.ticketing_events as event on placed.event_id = event.id
where movement.report_day is not null;

insert into touched
select distinct
    'report_sales_daily' as report_table,
    event.organization_id,
    event.id,
    movement.report_day
from changed_events
inner join landing.ticketing_events as event on changed_events.id = event.id
inner join landing.ticketing_orders as placed on event.id = placed.event_id
inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
where movement.report_day is not null;

insert into touched
select distinct
    'report_sales_daily' as report_table,
    event.organization_id,
    event.id,
    movement.report_day
from changed_ticket_types
inner join landing.ticketing_order_line_movements as movement
    on changed_ticket_types.id = movement.ticket_type_id
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
where movement.report_day is not null;

insert into counted_once
select distinct on (movement.order_id)
    current_setting('reporting.phase') as phase,
    'report_sales_daily' as report_table,
    movement.order_id as id,
    movement.id as counted_id,
    event.organization_id,
    event.id as event_id,
    movement.report_day
from landing.ticketing_order_line_movements as movement
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
where
    movement.report_day is not null
    and movement.order_id in (
        select incoming.order_id from incoming_ticketing_order_line_movements as incoming
    )
order by movement.order_id, movement.occurred_at, movement.line_no, movement.id;

insert into line_openings
select distinct on (movement.order_id, movement.line_no)
    current_setting('reporting.phase') as phase,
    movement.order_id,
    movement.line_no,
    movement.reason = 'comp' as is_comp
from landing.ticketing_order_line_movements as movement
where
    movement.report_day is not null
    and (movement.order_id, movement.line_no) in (
        select
            incoming.order_id,
            incoming.line_no
        from incoming_ticketing_order_line_movements as incoming
    )
order by movement.order_id, movement.line_no, movement.occurred_at, movement.id;

insert into touched
select distinct
    'report_revenue_daily' as report_table,
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from affected_transactions
inner join landing.ledger_transactions as transaction on affected_transactions.id = transaction.id
where exists (
    select from landing.ledger_entries as entry
    where entry.transaction_id = transaction.id
);

insert into touched
select distinct
    'report_reconciliation_breaks' as report_table,
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from affected_transactions
inner join landing.ledger_transactions as transaction on affected_transactions.id = transaction.id;

-- All days of an order, in every organisation and event in which one of the two domains books it.
insert into touched
with bookings as (
    select
        affected_orders.id as order_id,
        placed.organization_id,
        placed.event_id,
        movement.report_day
    from affected_orders
    inner join landing.ticketing_order_line_movements as movement
        on affected_orders.id = movement.order_id
    inner join landing.ticketing_orders as placed on movement.order_id = placed.id
    where movement.report_day is not null
    union
    select
        affected_orders.id,
        transaction.organization_id,
        transaction.event_id,
        transaction.report_day
    from affected_orders
    inner join landing.ledger_transactions as transaction
        on affected_orders.id = transaction.order_id
    where exists (
        select from landing.ledger_entries as entry
        inner join landing.ledger_accounts as account on entry.account_id = account.id
        where
            entry.transaction_id = transaction.id
            and (
                account.kind = 'buyer_receivable'
                or (
                    transaction.kind in ('sale', 'refund')
                    and entry.component in (
                        'face_value', 'addon', 'donation', 'service_fee', 'facility_fee',
                        'shipping_fee', 'cancellation_fee', 'tax'
                    )
                )
            )
    )
)

select distinct
    'report_reconciliation_breaks' as report_table,
    place.organization_id,
    place.event_id,
    booking.report_day
from bookings as place
inner join bookings as booking on place.order_id = booking.order_id;

insert into touched
select distinct
    'report_attendance_daily' as report_table,
    event.organization_id,
    event.id,
    standing.report_day
from (
    select distinct on (scan.device_id, scan.device_sequence)
        scan.event_id,
        scan.ticket_id,
        scan.report_day,
        affected_uploads.is_reread
    from affected_uploads
    inner join landing.scanning_scans as scan
        on
            affected_uploads.device_id = scan.device_id
            and affected_uploads.device_sequence = scan.device_sequence
    where scan.report_day is not null
    order by scan.device_id, scan.device_sequence, scan.received_at, scan.id
) as standing
inner join landing.ticketing_events as event on standing.event_id = event.id
where
    standing.is_reread
    or standing.event_id in (select changed_events.id from changed_events)
    or standing.ticket_id in (select changed_tickets.id from changed_tickets);

insert into counted_once
with uploads as (
    select distinct
        scan.device_id,
        scan.device_sequence
    from affected_tickets
    inner join landing.scanning_scans as scan on affected_tickets.id = scan.ticket_id
    where scan.report_day is not null
),

standing as (
    select distinct on (scan.device_id, scan.device_sequence) scan.*
    from uploads
    inner join landing.scanning_scans as scan
        on uploads.device_id = scan.device_id and uploads.device_sequence = scan.device_sequence
    where scan.report_day is not null
    order by scan.device_id, scan.device_sequence, scan.received_at, scan.id
)

select distinct on (standing.ticket_id)
    current_setting('reporting.phase') as phase,
    'report_attendance_daily' as report_table,
    standing.ticket_id as id,
    standing.id as counted_id,
    event.organization_id,
    event.id as event_id,
    standing.report_day
from standing
inner join affected_tickets on standing.ticket_id = affected_tickets.id
inner join landing.ticketing_tickets as ticket on standing.ticket_id = ticket.id
inner join landing.ticketing_ticket_types as ticket_type on ticket.ticket_type_id = ticket_type.id
inner join landing.ticketing_events as event on standing.event_id = event.id
where
    standing.outcome = 'accepted'
    and standing.direction = 'entry'
    and standing.reverts_scan_id is null
    and ticket_type.is_admission
    and not exists (
        select from landing.scanning_scans as copied
        inner join landing.scanning_scans as revert on copied.id = revert.reverts_scan_id
        where
            copied.device_id = standing.device_id
            and copied.device_sequence = standing.device_sequence
            and copied.report_day is not null
            and revert.report_day is not null
            and revert.outcome = 'accepted'
            and not exists (
                select from landing.scanning_scans as earlier
                where
                    earlier.device_id = revert.device_id
                    and earlier.device_sequence = revert.device_sequence
                    and earlier.report_day is not null
                    and (earlier.received_at, earlier.id) < (revert.received_at, revert.id)
            )
    )
order by standing.ticket_id, standing.scanned_at, standing.received_at, standing.id;

insert into touched
select distinct
    'inventory' as report_table,
    event.organization_id,
    event.id,
    movement.report_day
from landing.seating_inventory_movements as movement
inner join landing.ticketing_events as event on movement.event_id = event.id
where
    movement.report_day is not null
    and movement.id in (select incoming.id from incoming_seating_inventory_movements as incoming);

-- Every day of a changed event.
insert into touched
select distinct
    'report_event_summary' as report_table,
    event.organization_id,
    event.id,
    day.report_day
from changed_events
inner join landing.ticketing_events as event on changed_events.id = event.id
cross join
    lateral (
        select movement.report_day
        from landing.ticketing_orders as placed
        inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
        where placed.event_id = event.id
        union
        select transaction.report_day
        from landing.ledger_transactions as transaction
        where
            transaction.event_id = event.id
            and transaction.organization_id = event.organization_id
            and exists (
                select from landing.ledger_entries as entry
                where entry.transaction_id = transaction.id
            )
        union
        select scan.report_day
        from landing.scanning_scans as scan
        where
            scan.event_id = event.id
            and not exists (
                select from landing.scanning_scans as earlier
                where
                    earlier.device_id = scan.device_id
                    and earlier.device_sequence = scan.device_sequence
                    and earlier.report_day is not null
                    and (earlier.received_at, earlier.id) < (scan.received_at, scan.id)
            )
        union
        select movement.report_day
        from landing.seating_inventory_movements as movement
        where movement.event_id = event.id
        union
        select landing.report_day(event.ends_at, event.timezone, event.day_cutoff)
    ) as day
where day.report_day is not null;

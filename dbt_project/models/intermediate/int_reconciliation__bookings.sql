-- Grain: one row per booking of an order: a movement of Ticketing, or a charge transaction of the Ledger
-- in one currency. All days of the orders with a booking on the days to rebuild; minor units.
{{ config(materialized='ephemeral') }}
select
    movements.order_id,
    movements.organization_id,
    movements.event_id,
    movements.currency,
    movements.report_day,
    movements.movement_id as proof_id,
    movements.booked_minor as ticketing_minor,
    0 as ledger_minor,
    case when movements.booked_minor <> 0 then 1 else 0 end as booking_count,
    0 as charge_count
from {{ ref('int_ticketing__order_line_movements') }} as movements
inner join {{ ref('int_reconciliation__orders_of_days') }} as orders
    on movements.order_id = orders.order_id
union all
select
    entries.order_id,
    entries.organization_id,
    entries.event_id,
    entries.currency,
    entries.report_day,
    entries.transaction_id as proof_id,
    0 as ticketing_minor,
    sum(entries.net_credit_minor) as ledger_minor,
    0 as booking_count,
    1 as charge_count
from {{ ref('int_ledger__entries') }} as entries
inner join {{ ref('int_reconciliation__orders_of_days') }} as orders on entries.order_id = orders.order_id
where entries.is_charge
group by
    entries.order_id,
    entries.organization_id,
    entries.event_id,
    entries.currency,
    entries.report_day,
    entries.transaction_id

-- Grain: order and place (organisation, event, currency), if its buyer_receivable balance is not 0 on
-- the order's last known day, that day is one of the days to rebuild, and no sum of the order differs.
-- `balance_minor` is debits less credits.
{{ config(materialized='ephemeral') }}
with receivables as (
    select
        entries.order_id,
        entries.organization_id,
        entries.event_id,
        entries.currency,
        entries.report_day,
        entries.transaction_id,
        entries.net_credit_minor
    from {{ ref('int_ledger__entries') }} as entries
    inner join {{ ref('int_reconciliation__orders_of_days') }} as orders
        on entries.order_id = orders.order_id
    where entries.account_kind = 'buyer_receivable'
),

last_days as (
    select
        order_id,
        max(report_day) as report_day
    from (
        select
            order_id,
            report_day
        from receivables
        union all
        select
            order_id,
            report_day
        from {{ ref('int_reconciliation__bookings') }}
    ) as known_days
    group by order_id
),

differing_orders as (
    select order_id
    from {{ ref('int_reconciliation__sums_by_order_day') }}
    where report_day = last_day and ticketing_minor <> ledger_minor
)

select
    last_days.report_day,
    receivables.organization_id,
    receivables.event_id,
    receivables.order_id,
    receivables.currency,
    -sum(receivables.net_credit_minor) as balance_minor,
    {{ ids_in_order('receivables.transaction_id', distinct=true) }} as proof_ids
from receivables
inner join last_days on receivables.order_id = last_days.order_id
inner join {{ ref('stg_ticketing__orders') }} as orders on receivables.order_id = orders.order_id
where
    {{ in_days('last_days.report_day') }}
    and orders.status <> 'pending'
    and receivables.order_id not in (select differing_orders.order_id from differing_orders)
group by
    last_days.report_day,
    receivables.organization_id,
    receivables.event_id,
    receivables.order_id,
    receivables.currency
having sum(receivables.net_credit_minor) <> 0

-- Grain: one row per order that has a movement, a charge or an entry on buyer_receivable on one of the
-- days to rebuild.
{{ config(materialized='ephemeral') }}
select order_id
from {{ ref('int_ticketing__order_line_movements') }}
where {{ in_days('report_day') }}
union
select order_id
from {{ ref('int_ledger__entries') }}
where
    {{ in_days('report_day') }}
    and {{ in_days('transaction_report_day') }}
    and order_id is not null
    and (is_charge or account_kind = 'buyer_receivable')

-- Grain: organization_id, event_id (null: no single event), account_kind, currency, date. Minor units of
-- the currency. Source: the ledger alone.
select
    movements.organization_id,
    movements.event_id,
    movements.account_kind,
    movements.currency,
    movements.report_day as date,
    {{ sums_of('report_account_movements_daily', 'movements') }}
from {{ ref('int_ledger__account_movements') }} as movements
where {{ in_days('movements.report_day') }} and {{ in_days('movements.transaction_report_day') }}
group by
    movements.organization_id,
    movements.event_id,
    movements.account_kind,
    movements.currency,
    movements.report_day

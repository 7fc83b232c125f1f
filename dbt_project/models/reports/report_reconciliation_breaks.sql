-- Grain: date, organization_id, event_id, order_id, transaction_id, entry_id, currency, kind; nulls are
-- equal. Compares Ticketing's bookings with the Ledger's charges, in minor units of the row's currency.
with entries as (
    select *
    from {{ ref('int_ledger__entries') }}
    where {{ in_days('report_day') }} and {{ in_days('transaction_report_day') }}
),

breaks as (
    select
        report_day,
        organization_id,
        event_id,
        order_id,
        cast(null as {{ id_type() }}) as transaction_id,
        cast(null as {{ id_type() }}) as entry_id,
        currency,
        kind,
        ticketing_minor,
        ledger_minor,
        proof_ids
    from {{ ref('int_reconciliation__order_breaks') }}
    union all
    select
        report_day,
        organization_id,
        event_id,
        order_id,
        cast(null as {{ id_type() }}) as transaction_id,
        cast(null as {{ id_type() }}) as entry_id,
        currency,
        'settlement' as kind,
        0 as ticketing_minor,
        balance_minor as ledger_minor,
        proof_ids
    from {{ ref('int_reconciliation__unsettled_orders') }}
    union all
    select
        report_day,
        organization_id,
        event_id,
        order_id,
        transaction_id,
        cast(null as {{ id_type() }}) as entry_id,
        currency,
        'unbalanced' as kind,
        0 as ticketing_minor,
        sum(net_credit_minor) as ledger_minor,
        {{ list_of_one('transaction_id') }} as proof_ids
    from entries
    group by
        report_day,
        organization_id,
        event_id,
        order_id,
        transaction_id,
        currency
    having sum(net_credit_minor) <> 0
    union all
    select
        report_day,
        organization_id,
        event_id,
        order_id,
        transaction_id,
        entry_id,
        currency,
        'unclassified' as kind,
        0 as ticketing_minor,
        net_credit_minor as ledger_minor,
        {{ list_of_one('transaction_id') }} as proof_ids
    from entries
    where not is_classified
    union all
    select distinct
        report_day,
        organization_id,
        transaction_event_id as event_id,
        order_id,
        transaction_id,
        cast(null as {{ id_type() }}) as entry_id,
        currency,
        'payout_items' as kind,
        0 as ticketing_minor,
        total_minor as ledger_minor,
        {{ list_of_one('transaction_id') }} as proof_ids
    from {{ ref('int_ledger__payout_items') }}
    where not is_counted and {{ in_days('report_day') }} and {{ in_days('transaction_report_day') }}
)

select
    report_day as date,
    organization_id,
    event_id,
    order_id,
    transaction_id,
    entry_id,
    currency,
    kind,
    {{ whole('ticketing_minor') }} as ticketing_minor,
    {{ whole('ledger_minor') }} as ledger_minor,
    {{ whole('ticketing_minor - ledger_minor') }} as difference_minor,
    proof_ids
from breaks

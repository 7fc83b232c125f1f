-- Grain: organization_id, event_id (null: no single event), date, currency. Minor units of the
-- entry's currency. Source: the ledger alone.
with entries as (
    select *
    from {{ ref('int_ledger__entries_by_transaction') }}
    where {{ in_days('report_day') }} and {{ in_days('transaction_report_day') }}
),

figures as (
    select
        entries.organization_id,
        entries.event_id,
        entries.report_day,
        entries.currency,
        {{ revenue_figures('entries') }},
        count(distinct entries.transaction_id) as transaction_count,
        count(*) as entry_count,
        {{ total('entries.debit_minor') }} as debit_minor,
        {{ total('entries.credit_minor') }} as credit_minor
    from entries
    group by
        entries.organization_id,
        entries.event_id,
        entries.report_day,
        entries.currency
)

select
    organization_id,
    event_id,
    report_day as date,
    currency,
    face_value_minor,
    addon_minor,
    donation_minor,
    service_fee_minor,
    facility_fee_minor,
    shipping_fee_minor,
    cancellation_fee_minor,
    tax_minor,
    gross_minor,
    refund_face_value_minor,
    refund_addon_minor,
    refund_fee_minor,
    refund_tax_minor,
    refund_minor,
    chargeback_minor,
    chargeback_reversal_minor,
    net_revenue_minor,
    platform_fee_minor,
    processing_fee_minor,
    chargeback_fee_minor,
    adjustment_minor,
    reserve_held_minor,
    reserve_released_minor,
    payout_minor,
    payout_reversal_minor,
    payable_change_minor,
    receivable_change_minor,
    collected_minor,
    repaid_minor,
    transaction_count,
    entry_count,
    debit_minor,
    credit_minor
from figures

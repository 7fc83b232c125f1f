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
        {{ sale_credits('entries', 'face_value') }} as face_value_minor,
        {{ sale_credits('entries', 'addon') }} as addon_minor,
        {{ sale_credits('entries', 'donation') }} as donation_minor,
        {{ sale_credits('entries', 'service_fee') }} as service_fee_minor,
        {{ sale_credits('entries', 'facility_fee') }} as facility_fee_minor,
        {{ sale_credits('entries', 'shipping_fee') }} as shipping_fee_minor,
        {{ sale_credits('entries', 'cancellation_fee') }} as cancellation_fee_minor,
        {{ sale_credits('entries', 'tax') }} as tax_minor,
        {{ gross_minor('entries') }} as gross_minor,
        {{ refund_debits('entries', ['face_value']) }} as refund_face_value_minor,
        {{ refund_debits('entries', ['addon', 'donation']) }} as refund_addon_minor,
        {{ refund_debits('entries', ['service_fee', 'facility_fee', 'shipping_fee', 'cancellation_fee']) }}
            as refund_fee_minor,
        {{ refund_debits('entries', ['tax']) }} as refund_tax_minor,
        {{ refund_minor('entries') }} as refund_minor,
        {{ chargeback_minor('entries') }} as chargeback_minor,
        {{ chargeback_reversal_minor('entries') }} as chargeback_reversal_minor,
        {{ payable_debits('entries', 'platform_fee') }} as platform_fee_minor,
        {{ payable_debits('entries', 'processing_fee') }} as processing_fee_minor,
        {{ payable_debits('entries', 'chargeback_fee') }} as chargeback_fee_minor,
        -{{ payable_debits('entries', 'adjustment') }} as adjustment_minor,
        {{ payable_movement('entries', 'reserve', 'reserve_hold', '-') }} as reserve_held_minor,
        {{ payable_movement('entries', 'reserve', 'reserve_release') }} as reserve_released_minor,
        {{ payable_movement('entries', 'payout', 'payout', '-') }} as payout_minor,
        {{ payable_movement('entries', 'payout', 'payout_reversal') }} as payout_reversal_minor,
        {{ account_change('entries', 'organizer_payable') }} as payable_change_minor,
        {{ account_change('entries', 'buyer_receivable', '-') }} as receivable_change_minor,
        {{ account_change('entries', 'psp_clearing', '-', ['sale', 'payment', 'chargeback_reversal']) }}
            as collected_minor,
        {{ account_change('entries', 'psp_clearing', '', ['refund', 'repayment', 'chargeback']) }}
            as repaid_minor,
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
    gross_minor - refund_minor - chargeback_minor + chargeback_reversal_minor as net_revenue_minor,
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

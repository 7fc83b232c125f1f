-- Grain: one row per ledger entry, and two rows per counted payout item: what each adds to the movements
-- of its kind of account, in minor units. A debit is an increase of assets and expenses, a credit of all
-- other accounts.
with movements as (
    select
        entry_id,
        cast(null as {{ id_type() }}) as payout_item_id,
        organization_id,
        event_id,
        account_kind,
        currency,
        report_day,
        transaction_report_day,
        debit_minor,
        credit_minor,
        cast(1 as bigint) as entry_count
    from {{ ref('int_ledger__entries') }}
    union all
    select
        cast(null as {{ id_type() }}) as entry_id,
        payout_item_id,
        organization_id,
        event_id,
        'organizer_payable' as account_kind,
        currency,
        report_day,
        transaction_report_day,
        moved_debit_minor as debit_minor,
        moved_credit_minor as credit_minor,
        cast(0 as bigint) as entry_count
    from {{ ref('int_ledger__payout_item_sides') }}
)

select
    *, -- noqa: AM04, all columns of the movements
    case
        when
            account_kind in (
                'psp_clearing', 'bank', 'buyer_receivable', 'processing_fee_expense', 'chargeback_loss'
            )
            then debit_minor - credit_minor
        else credit_minor - debit_minor
    end as change_minor
from movements

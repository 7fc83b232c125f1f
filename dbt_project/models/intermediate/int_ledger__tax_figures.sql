-- Grain: one row per tax entry in a sale, refund, chargeback or its reversal, with the amount that it adds
-- to each figure of tax, in minor units. `signed_` figures are positive on the side that its kind expects.
with signed_entries as (
    select
        *,
        case when transaction_kind in ('sale', 'chargeback_reversal') then 1 else -1 end as net_sign,
        case
            when transaction_kind in ('sale', 'chargeback_reversal') then net_credit_minor
            else -net_credit_minor
        end as signed_tax_minor,
        case
            when taxable_minor is null then 0
            when
                (transaction_kind in ('sale', 'chargeback_reversal')) = (direction = 'credit')
                then taxable_minor
            else -taxable_minor
        end as signed_taxable_minor
    from {{ ref('int_ledger__entries') }}
    where
        component = 'tax'
        and transaction_kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
)

select
    organization_id,
    event_id,
    report_day,
    transaction_report_day,
    currency,
    tax_jurisdiction,
    tax_rate,
    entry_id,
    transaction_id,
    case when transaction_kind = 'sale' then signed_tax_minor else 0 end as tax_minor,
    case when transaction_kind = 'refund' then signed_tax_minor else 0 end as refund_tax_minor,
    case when transaction_kind = 'chargeback' then signed_tax_minor else 0 end as chargeback_tax_minor,
    case when transaction_kind = 'chargeback_reversal' then signed_tax_minor else 0 end
        as chargeback_reversal_tax_minor,
    net_sign * signed_tax_minor as net_tax_minor,
    case when transaction_kind = 'sale' then signed_taxable_minor else 0 end as taxable_minor,
    case when transaction_kind = 'refund' then signed_taxable_minor else 0 end as refund_taxable_minor,
    case when transaction_kind = 'chargeback' then signed_taxable_minor else 0 end
        as chargeback_taxable_minor,
    case when transaction_kind = 'chargeback_reversal' then signed_taxable_minor else 0 end
        as chargeback_reversal_taxable_minor,
    net_sign * signed_taxable_minor as net_taxable_minor,
    cast(case when taxable_minor is null then 1 else 0 end as bigint) as unknown_taxable_count,
    cast(1 as bigint) as entry_count
from signed_entries

-- Grain: one row per entry. Amounts in minor units of the entry's currency, >= 0.
-- Buyers pay for buyer components.
select
    id as entry_id,
    transaction_id,
    account_id,
    component,
    component in (
        'face_value', 'addon', 'donation', 'service_fee', 'facility_fee', 'shipping_fee', 'cancellation_fee',
        'tax'
    ) as is_buyer_component,
    direction,
    currency,
    tax_jurisdiction,
    cast(tax_rate as numeric(12, 6)) as tax_rate,
    taxable_minor,
    case when direction = 'debit' then amount_minor else 0 end as debit_minor,
    case when direction = 'credit' then amount_minor else 0 end as credit_minor,
    recorded_at,
    report_day
from {{ source('landing', 'ledger_entries') }}

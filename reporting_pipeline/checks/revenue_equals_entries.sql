-- Columns of report_revenue_daily that differ from the sums of the landed entries. A row that is
-- missing, or that has no entries, is reported once, by its entry_count.
with entry as materialized (
    select
        txn.organization_id,
        txn.event_id,
        ledger_entry.report_day as date,
        ledger_entry.currency,
        txn.id as transaction_id,
        txn.kind,
        account.kind as account,
        ledger_entry.component,
        ledger_entry.component in (
            'face_value', 'addon', 'donation', 'service_fee', 'facility_fee', 'shipping_fee',
            'cancellation_fee', 'tax'
        ) as is_of_buyer,
        ledger_entry.direction,
        ledger_entry.amount_minor,
        case ledger_entry.direction
            when 'credit' then ledger_entry.amount_minor
            else -ledger_entry.amount_minor
        end as credit_minor
    from landing.ledger_entries as ledger_entry
    left join landing.ledger_transactions as txn
        on
            ledger_entry.transaction_id = txn.id
            and ledger_entry.report_day = txn.report_day
    left join landing.ledger_accounts as account on ledger_entry.account_id = account.id
    where ledger_entry.report_day = any(%(days)s)
),

by_row as (
    select
        organization_id,
        event_id,
        date,
        currency,
        sum(credit_minor) filter (where kind = 'sale' and component = 'face_value') as face_value,
        sum(credit_minor) filter (where kind = 'sale' and component = 'addon') as addon,
        sum(credit_minor) filter (where kind = 'sale' and component = 'donation') as donation,
        sum(credit_minor) filter (where kind = 'sale' and component = 'service_fee') as service_fee,
        sum(credit_minor) filter (where kind = 'sale' and component = 'facility_fee')
            as facility_fee,
        sum(credit_minor) filter (where kind = 'sale' and component = 'shipping_fee')
            as shipping_fee,
        sum(credit_minor) filter (where kind = 'sale' and component = 'cancellation_fee')
            as cancellation_fee,
        sum(credit_minor) filter (where kind = 'sale' and component = 'tax') as tax,
        -sum(credit_minor) filter (where kind = 'refund' and component = 'face_value')
            as refund_face_value,
        -sum(credit_minor) filter (where kind = 'refund' and component in ('addon', 'donation'))
            as refund_addon,
        -sum(credit_minor) filter (
            where
            kind = 'refund'
            and component in ('service_fee', 'facility_fee', 'shipping_fee', 'cancellation_fee')
        ) as refund_fee,
        -sum(credit_minor) filter (where kind = 'refund' and component = 'tax') as refund_tax,
        sum(credit_minor) filter (where kind = 'sale' and is_of_buyer) as gross,
        -sum(credit_minor) filter (where kind = 'refund' and is_of_buyer) as refund,
        -sum(credit_minor) filter (where kind = 'chargeback' and is_of_buyer) as chargeback,
        sum(credit_minor) filter (where kind = 'chargeback_reversal' and is_of_buyer)
            as chargeback_reversal,
        -sum(credit_minor) filter (
            where account = 'organizer_payable' and component = 'platform_fee'
        ) as platform_fee,
        -sum(credit_minor) filter (
            where account = 'organizer_payable' and component = 'processing_fee'
        ) as processing_fee,
        -sum(credit_minor) filter (
            where account = 'organizer_payable' and component = 'chargeback_fee'
        ) as chargeback_fee,
        sum(credit_minor) filter (
            where account = 'organizer_payable' and component = 'adjustment'
        ) as adjustment,
        -sum(credit_minor) filter (
            where
            account = 'organizer_payable'
            and component = 'reserve'
            and kind = 'reserve_hold'
        ) as reserve_held,
        sum(credit_minor) filter (
            where
            account = 'organizer_payable'
            and component = 'reserve'
            and kind = 'reserve_release'
        ) as reserve_released,
        -sum(credit_minor) filter (
            where account = 'organizer_payable' and component = 'payout' and kind = 'payout'
        ) as payout,
        sum(credit_minor) filter (
            where
            account = 'organizer_payable'
            and component = 'payout'
            and kind = 'payout_reversal'
        ) as payout_reversal,
        sum(credit_minor) filter (where account = 'organizer_payable') as payable_change,
        -sum(credit_minor) filter (where account = 'buyer_receivable') as receivable_change,
        -sum(credit_minor) filter (
            where
            account = 'psp_clearing'
            and kind in ('sale', 'payment', 'chargeback_reversal')
        ) as collected,
        sum(credit_minor) filter (
            where account = 'psp_clearing' and kind in ('refund', 'repayment', 'chargeback')
        ) as repaid,
        count(distinct transaction_id) as transaction_count,
        count(*) as entry_count,
        sum(amount_minor) filter (where direction = 'debit') as debit,
        sum(amount_minor) filter (where direction = 'credit') as credit
    from entry
    group by organization_id, event_id, date, currency
),

-- Column by column, under the report's names.
expected as (
    select
        by_row.organization_id,
        by_row.event_id,
        by_row.date,
        by_row.currency,
        figure.column_name,
        coalesce(figure.amount, 0) as amount
    from by_row
    cross join lateral (
        values
        ('face_value_minor', by_row.face_value),
        ('addon_minor', by_row.addon),
        ('donation_minor', by_row.donation),
        ('service_fee_minor', by_row.service_fee),
        ('facility_fee_minor', by_row.facility_fee),
        ('shipping_fee_minor', by_row.shipping_fee),
        ('cancellation_fee_minor', by_row.cancellation_fee),
        ('tax_minor', by_row.tax),
        ('gross_minor', by_row.gross),
        ('refund_face_value_minor', by_row.refund_face_value),
        ('refund_addon_minor', by_row.refund_addon),
        ('refund_fee_minor', by_row.refund_fee),
        ('refund_tax_minor', by_row.refund_tax),
        ('refund_minor', by_row.refund),
        ('chargeback_minor', by_row.chargeback),
        ('chargeback_reversal_minor', by_row.chargeback_reversal),
        (
            'net_revenue_minor',
            coalesce(by_row.gross, 0) - coalesce(by_row.refund, 0)
            - coalesce(by_row.chargeback, 0) + coalesce(by_row.chargeback_reversal, 0)
        ),
        ('platform_fee_minor', by_row.platform_fee),
        ('processing_fee_minor', by_row.processing_fee),
        ('chargeback_fee_minor', by_row.chargeback_fee),
        ('adjustment_minor', by_row.adjustment),
        ('reserve_held_minor', by_row.reserve_held),
        ('reserve_released_minor', by_row.reserve_released),
        ('payout_minor', by_row.payout),
        ('payout_reversal_minor', by_row.payout_reversal),
        ('payable_change_minor', by_row.payable_change),
        ('receivable_change_minor', by_row.receivable_change),
        ('collected_minor', by_row.collected),
        ('repaid_minor', by_row.repaid),
        ('transaction_count', by_row.transaction_count),
        ('entry_count', by_row.entry_count),
        ('debit_minor', by_row.debit),
        ('credit_minor', by_row.credit)
    ) as figure (column_name, amount)
),

found as (
    select
        report.organization_id,
        report.event_id,
        report.date,
        report.currency,
        figure.key as column_name,
        figure.value::numeric as amount
    from reporting.report_revenue_daily as report
    cross join
        lateral jsonb_each_text(
            to_jsonb(report) - array['organization_id', 'event_id', 'date', 'currency']
        ) as figure
    where report.date = any(%(days)s)
),

-- Grouping treats null events as equal; a join does not.
compared as (
    select
        organization_id,
        event_id,
        date,
        currency,
        column_name,
        sum(amount) filter (where side = 'expected') as expected,
        sum(amount) filter (where side = 'found') as found
    from (
        select
            'expected' as side,
            expected.*
        from expected
        union all
        select
            'found' as side,
            found.*
        from found
    ) as sides
    group by organization_id, event_id, date, currency, column_name
)

select
    date as day,
    'error' as severity,
    organization_id,
    event_id,
    currency,
    column_name,
    expected,
    found
from compared
where
    expected is distinct from found
    and (column_name = 'entry_count' or (expected is not null and found is not null))

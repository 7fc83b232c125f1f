-- Columns of report_revenue_daily that differ from the sums of the landed entries and payout items. A row
-- that is missing, or that has neither, is reported once, by its entry_count.
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
        -sum(credit_minor) filter (where kind = 'refund' and component = 'addon') as refund_addon,
        -sum(credit_minor) filter (where kind = 'refund' and component = 'donation')
            as refund_donation,
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
        -sum(credit_minor) filter (where kind = 'chargeback' and component = 'tax')
            as chargeback_tax,
        sum(credit_minor) filter (where kind = 'chargeback_reversal' and component = 'tax')
            as chargeback_reversal_tax,
        sum(credit_minor) filter (
            where component = 'gift_card' and kind in ('sale', 'chargeback_reversal')
        ) as gift_card_sold,
        -sum(credit_minor) filter (
            where component = 'gift_card' and kind in ('refund', 'chargeback')
        ) as gift_card_returned,
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
            and component = 'cash'
            and kind in ('sale', 'payment', 'chargeback_reversal')
        ) as collected_psp,
        -sum(credit_minor) filter (
            where
            account = 'bank'
            and component = 'cash'
            and kind in ('sale', 'payment', 'chargeback_reversal')
        ) as collected_bank,
        -sum(credit_minor) filter (
            where
            account = 'gift_card_liability'
            and component = 'cash'
            and kind in ('sale', 'payment', 'chargeback_reversal')
        ) as collected_gift_card,
        -sum(credit_minor) filter (
            where
            account in ('psp_clearing', 'bank', 'gift_card_liability')
            and component = 'cash'
            and kind in ('sale', 'payment', 'chargeback_reversal')
        ) as collected,
        sum(credit_minor) filter (
            where
            account = 'psp_clearing'
            and component = 'cash'
            and kind in ('refund', 'repayment', 'chargeback')
        ) as repaid_psp,
        sum(credit_minor) filter (
            where
            account = 'bank'
            and component = 'cash'
            and kind in ('refund', 'repayment', 'chargeback')
        ) as repaid_bank,
        sum(credit_minor) filter (
            where
            account = 'gift_card_liability'
            and component = 'cash'
            and kind in ('refund', 'repayment', 'chargeback')
        ) as repaid_gift_card,
        sum(credit_minor) filter (
            where
            account in ('psp_clearing', 'bank', 'gift_card_liability')
            and component = 'cash'
            and kind in ('refund', 'repayment', 'chargeback')
        ) as repaid,
        -sum(credit_minor) filter (where account = 'bank' and kind = 'psp_settlement') as psp_settled,
        -sum(credit_minor) filter (where component = 'processing_fee' and kind = 'psp_settlement')
            as psp_fee,
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
        ('refund_donation_minor', by_row.refund_donation),
        ('refund_fee_minor', by_row.refund_fee),
        ('refund_tax_minor', by_row.refund_tax),
        ('refund_minor', by_row.refund),
        ('chargeback_minor', by_row.chargeback),
        ('chargeback_reversal_minor', by_row.chargeback_reversal),
        ('chargeback_tax_minor', by_row.chargeback_tax),
        ('chargeback_reversal_tax_minor', by_row.chargeback_reversal_tax),
        ('gift_card_sold_minor', by_row.gift_card_sold),
        ('gift_card_returned_minor', by_row.gift_card_returned),
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
        ('collected_psp_minor', by_row.collected_psp),
        ('collected_bank_minor', by_row.collected_bank),
        ('collected_gift_card_minor', by_row.collected_gift_card),
        ('collected_minor', by_row.collected),
        ('repaid_psp_minor', by_row.repaid_psp),
        ('repaid_bank_minor', by_row.repaid_bank),
        ('repaid_gift_card_minor', by_row.repaid_gift_card),
        ('repaid_minor', by_row.repaid),
        ('psp_settled_minor', by_row.psp_settled),
        ('psp_fee_minor', by_row.psp_fee),
        ('transaction_count', by_row.transaction_count),
        ('entry_count', by_row.entry_count),
        ('debit_minor', by_row.debit),
        ('credit_minor', by_row.credit)
    ) as figure (column_name, amount)
),

-- All items of a transaction in a currency, if they can be right: their events are known, and together
-- they are at most what the transaction pays out or holds.
item_group as (
    select
        txn.id as transaction_id,
        txn.organization_id,
        txn.report_day as date,
        txn.kind,
        item.currency
    from landing.ledger_payout_items as item
    inner join landing.ledger_transactions as txn
        on item.transaction_id = txn.id and item.report_day = txn.report_day
    left join landing.ticketing_events as event on item.event_id = event.id
    where
        item.report_day = any(%(days)s)
        and txn.event_id is null
        and txn.kind in ('payout', 'payout_reversal', 'reserve_hold', 'reserve_release')
    group by txn.id, txn.organization_id, txn.report_day, txn.kind, item.currency
    having
        count(*) = count(event.id)
        and sum(item.amount_minor) <= (
            select
                sum(
                    case
                        when txn.kind in ('payout', 'reserve_hold') then -entry.credit_minor
                        else entry.credit_minor
                    end
                )
            from entry
            where
                entry.transaction_id = txn.id
                and entry.currency = item.currency
                and entry.account = 'organizer_payable'
                and (txn.kind, entry.component) in (
                    ('payout', 'payout'),
                    ('payout_reversal', 'payout'),
                    ('reserve_hold', 'reserve'),
                    ('reserve_release', 'reserve')
                )
        )
),

-- What the items take from the row without event, and add to the rows of their events.
moved as (
    select
        item_group.organization_id,
        side.event_id,
        item_group.date,
        item_group.currency,
        figure.column_name,
        figure.amount
    from item_group
    inner join landing.ledger_payout_items as item
        on
            item_group.transaction_id = item.transaction_id
            and item_group.date = item.report_day
            and item_group.currency = item.currency
    cross join
        lateral (
            values (item.event_id, item.amount_minor), (null, -item.amount_minor)
        ) as side (event_id, amount)
    cross join
        lateral (
            values
            (
                case item_group.kind
                    when 'payout' then 'payout_minor'
                    when 'payout_reversal' then 'payout_reversal_minor'
                    when 'reserve_hold' then 'reserve_held_minor'
                    else 'reserve_released_minor'
                end,
                side.amount
            ),
            (
                'payable_change_minor',
                case
                    when item_group.kind in ('payout', 'reserve_hold') then -side.amount
                    else side.amount
                end
            ),
            ('entry_count', 0)
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
            'expected' as side,
            moved.*
        from moved
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

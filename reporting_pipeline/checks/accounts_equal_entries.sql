-- Columns of report_account_movements_daily that differ from the sums of the landed entries, per
-- organisation, kind of account, currency and day, over all events: payout items move amounts between
-- events only.
with sides as (
    select
        txn.organization_id,
        account.kind as account_kind,
        entry.currency,
        entry.report_day as date,
        figure.column_name,
        figure.amount as expected,
        0 as found
    from landing.ledger_entries as entry
    inner join landing.ledger_transactions as txn
        on entry.transaction_id = txn.id and entry.report_day = txn.report_day
    inner join landing.ledger_accounts as account on entry.account_id = account.id
    cross join
        lateral (
            values
            ('debit_minor', case entry.direction when 'debit' then entry.amount_minor else 0 end),
            ('credit_minor', case entry.direction when 'credit' then entry.amount_minor else 0 end),
            (
                'change_minor',
                case
                    when
                        (entry.direction = 'debit') = (
                            account.kind in (
                                'psp_clearing', 'bank', 'buyer_receivable', 'processing_fee_expense',
                                'chargeback_loss'
                            )
                        )
                        then entry.amount_minor
                    else -entry.amount_minor
                end
            ),
            ('entry_count', 1)
        ) as figure (column_name, amount)
    where entry.report_day = any(%(days)s)
    union all
    select
        report.organization_id,
        report.account_kind,
        report.currency,
        report.date,
        figure.column_name,
        0 as expected,
        figure.amount as found
    from reporting.report_account_movements_daily as report
    cross join
        lateral (
            values
            ('debit_minor', report.debit_minor),
            ('credit_minor', report.credit_minor),
            ('change_minor', report.change_minor),
            ('entry_count', report.entry_count)
        ) as figure (column_name, amount)
    where report.date = any(%(days)s)
)

select
    date as day,
    'error' as severity,
    organization_id,
    account_kind,
    currency,
    column_name,
    sum(expected) as expected,
    sum(found) as found
from sides
group by date, organization_id, account_kind, currency, column_name
having sum(expected) <> sum(found)

-- Debits of report_account_movements_daily that differ from the credits, per organisation, currency and day,
-- over all events and kinds of account. A transaction that does not balance is a break of its own: its
-- organisation, currency and day are left out.
with unbalanced as (
    select
        txn.organization_id,
        entry.currency,
        txn.report_day as date
    from landing.ledger_entries as entry
    inner join landing.ledger_transactions as txn
        on entry.transaction_id = txn.id and entry.report_day = txn.report_day
    where entry.report_day = any(%(days)s)
    group by txn.id, txn.organization_id, entry.currency, txn.report_day
    having
        sum(case entry.direction when 'debit' then entry.amount_minor else -entry.amount_minor end) <> 0
)

select
    report.date as day,
    'error' as severity,
    report.organization_id,
    report.currency,
    sum(report.debit_minor) as expected,
    sum(report.credit_minor) as found
from reporting.report_account_movements_daily as report
where
    report.date = any(%(days)s)
    and not exists (
        select from unbalanced
        where
            unbalanced.organization_id = report.organization_id
            and unbalanced.currency = report.currency
            and unbalanced.date = report.date
    )
group by report.date, report.organization_id, report.currency
having sum(report.debit_minor) <> sum(report.credit_minor)

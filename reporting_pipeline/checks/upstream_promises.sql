-- Rows of the days that break a promise of the sources about two of their tables. They warn: their
-- effect on the figures is a break of its own. A row of two organisations is a finding of both.
with entry as (
    select
        entry.report_day as day,
        txn.organization_id,
        entry.id as entry_id,
        entry.currency,
        account.currency as account_currency,
        account.organization_id as account_organization_id,
        account.id as account_id,
        txn.id as transaction_id
    from landing.ledger_entries as entry
    inner join landing.ledger_transactions as txn
        on entry.transaction_id = txn.id and entry.report_day = txn.report_day
    inner join landing.ledger_accounts as account on entry.account_id = account.id
    where entry.report_day = any(%(days)s)
),

transaction_of_order as (
    select
        txn.report_day as day,
        txn.organization_id,
        txn.id as transaction_id,
        booking.id as order_id,
        booking.organization_id as order_organization_id
    from landing.ledger_transactions as txn
    inner join landing.ticketing_orders as booking on txn.order_id = booking.id
    where txn.report_day = any(%(days)s)
),

reversal as (
    select
        txn.report_day as day,
        txn.organization_id,
        txn.id as transaction_id,
        reversed.id as reversed_id,
        reversed.organization_id as reversed_organization_id
    from landing.ledger_transactions as txn
    inner join landing.ledger_transactions as reversed on txn.reverses_transaction_id = reversed.id
    where txn.report_day = any(%(days)s)
),

broken as (
    select
        day,
        organization_id,
        null::uuid as other_organization_id,
        transaction_id,
        entry_id,
        null::uuid as order_id,
        'entry ' || entry_id as concerns,
        'currency ' || currency as is_of,
        'account ' || account_id as other,
        'currency ' || account_currency as other_is_of
    from entry
    where currency is distinct from account_currency
    union all
    select
        day,
        organization_id,
        account_organization_id as other_organization_id,
        transaction_id,
        entry_id,
        null::uuid as order_id,
        'transaction ' || transaction_id as concerns,
        'organisation ' || organization_id as is_of,
        'account ' || account_id as other,
        'organisation ' || account_organization_id as other_is_of
    from entry
    where organization_id is distinct from account_organization_id
    union all
    select
        day,
        organization_id,
        order_organization_id as other_organization_id,
        transaction_id,
        null::uuid as entry_id,
        order_id,
        'transaction ' || transaction_id as concerns,
        'organisation ' || organization_id as is_of,
        'order ' || order_id as other,
        'organisation ' || order_organization_id as other_is_of
    from transaction_of_order
    where organization_id is distinct from order_organization_id
    union all
    select
        day,
        organization_id,
        reversed_organization_id as other_organization_id,
        transaction_id,
        null::uuid as entry_id,
        null::uuid as order_id,
        'transaction ' || transaction_id as concerns,
        'organisation ' || organization_id as is_of,
        'transaction ' || reversed_id || ', which it reverses,' as other,
        'organisation ' || reversed_organization_id as other_is_of
    from reversal
    where organization_id is distinct from reversed_organization_id
)

select
    broken.day,
    'warn' as severity,
    side.organization_id,
    broken.transaction_id,
    broken.entry_id,
    broken.order_id,
    broken.concerns,
    broken.is_of,
    broken.other,
    broken.other_is_of,
    null::text as currency,
    null::bigint as expected,
    null::bigint as found
from broken
cross join lateral (values (broken.organization_id), (broken.other_organization_id)) as side (organization_id)
where side.organization_id is not null

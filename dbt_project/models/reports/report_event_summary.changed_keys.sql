-- Orders that are paid at another time, or not any more. A new order has no movement yet.

create temporary table paid_orders on commit drop as
select incoming.id
from incoming_ticketing_orders as incoming
inner join landing.ticketing_orders as landed on incoming.id = landed.id
where landed.paid_at is distinct from incoming.paid_at;

analyze paid_orders;

-- Payout items whose amounts report_revenue_daily moves to their event.
create or replace temporary view event_payout_items as
select
    item.event_id,
    transaction.organization_id,
    item.report_day
from landing.ledger_payout_items as item
inner join landing.ledger_transactions as transaction on item.transaction_id = transaction.id
where
    transaction.event_id is null
    and not exists (
        select from landing.ledger_payout_items as other
        left join landing.ticketing_events as known on other.event_id = known.id
        where
            other.transaction_id = item.transaction_id
            and other.currency = item.currency
            and known.id is null
    )
    and (
        select sum(other.amount_minor)
        from landing.ledger_payout_items as other
        where other.transaction_id = item.transaction_id and other.currency = item.currency
    ) <= (
        select
            sum(
                case
                    when
                        (entry.direction = 'debit') = (transaction.kind in ('payout', 'reserve_hold'))
                        then entry.amount_minor
                    else -entry.amount_minor
                end
            )
        from landing.ledger_entries as entry
        inner join landing.ledger_accounts as account on entry.account_id = account.id
        where
            entry.transaction_id = item.transaction_id
            and entry.currency = item.currency
            and account.kind = 'organizer_payable'
            and (transaction.kind, entry.component) in (
                ('payout', 'payout'),
                ('payout_reversal', 'payout'),
                ('reserve_hold', 'reserve'),
                ('reserve_release', 'reserve')
            )
    );

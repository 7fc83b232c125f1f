-- Keys that several reports read and whose rows a report counts in another way after the merge. Runs once,
-- before the merge: `incoming_...` has the new and changed rows, `landing` has the former ones, and
-- `changed_zones` the time zones whose rules have changed.

create temporary table changed_events on commit drop as
select
    incoming.id,
    landed.id is null as is_new
from incoming_ticketing_events as incoming
left join landing.ticketing_events as landed on incoming.id = landed.id
where
    landed.id is null
    or (landed.organization_id, landed.timezone, landed.day_cutoff, landed.currency, landed.ends_at)
    is distinct from
    (incoming.organization_id, incoming.timezone, incoming.day_cutoff, incoming.currency, incoming.ends_at)
    or incoming.timezone in (select changed_zones.zone from changed_zones);

-- No row refers to a new ticket type yet: such rows come with it or later, unless it was set aside.
create temporary table changed_ticket_types on commit drop as
select incoming.id
from incoming_ticketing_ticket_types as incoming
inner join landing.ticketing_ticket_types as landed on incoming.id = landed.id
where landed.is_admission is distinct from incoming.is_admission
union
select incoming.id
from incoming_ticketing_ticket_types as incoming
inner join landing.row_findings as finding
    on
        incoming.id = finding.row_id
        and finding.domain = 'ticketing' and finding.table_name = 'ticket_types'
        and not finding.is_landed;

create temporary table changed_orders on commit drop as
select incoming.id
from incoming_ticketing_orders as incoming
left join landing.ticketing_orders as landed on incoming.id = landed.id
where
    landed.id is null
    or (landed.organization_id, landed.event_id, landed.channel, landed.currency, landed.status = 'pending')
    is distinct from
    (
        incoming.organization_id, incoming.event_id, incoming.channel, incoming.currency,
        incoming.status = 'pending'
    )
union
-- A movement counts once its ticket type is known.
select movement.order_id
from incoming_ticketing_ticket_types as incoming
inner join landing.row_findings as finding
    on
        incoming.id = finding.row_id
        and finding.domain = 'ticketing' and finding.table_name = 'ticket_types'
        and not finding.is_landed
inner join landing.ticketing_order_line_movements as movement on incoming.id = movement.ticket_type_id;

-- Transactions that get an entry or a payout item, of which an item's event becomes known, that can move to
-- another day, or of which an account was set aside.
create temporary table changed_transactions on commit drop as
select incoming.transaction_id as id
from incoming_ledger_entries as incoming
union
select incoming.transaction_id
from incoming_ledger_payout_items as incoming
union
select landed.transaction_id
from landing.ledger_payout_items as landed
inner join changed_events on landed.event_id = changed_events.id
where changed_events.is_new
union
select (found.record ->> 'transaction_id')::uuid
from landing.row_findings as found
inner join incoming_ledger_accounts as incoming on (found.record ->> 'account_id')::uuid = incoming.id
where found.finding = 'orphaned'
union
select redated_transactions.id
from redated_transactions
union
select entry.transaction_id
from incoming_ledger_accounts as incoming
inner join landing.row_findings as finding
    on
        incoming.id = finding.row_id
        and finding.domain = 'ledger' and finding.table_name = 'accounts'
        and not finding.is_landed
inner join landing.ledger_entries as entry on incoming.id = entry.account_id;

-- Orders with a new movement, a changed transaction, or a change of the order or its event.
create temporary table concerned_orders on commit drop as
select incoming.order_id as id
from incoming_ticketing_order_line_movements as incoming
union
select changed_orders.id
from changed_orders
union
select redated_orders.id
from redated_orders
union
select transaction.order_id
from changed_transactions
inner join landing.ledger_transactions as transaction on changed_transactions.id = transaction.id
where transaction.order_id is not null
union
select transaction.order_id
from changed_transactions
inner join incoming_ledger_transactions as transaction on changed_transactions.id = transaction.id
where transaction.order_id is not null;

analyze changed_events, changed_ticket_types, changed_orders, changed_transactions, concerned_orders;

-- The landed rows of these keys: all_reports.landed_rows.sql finds them before each look.
create temporary table landed_transactions (
    id uuid not null,
    organization_id uuid not null,
    event_id uuid,
    kind text not null,
    report_day date,
    has_entries boolean not null,
    has_tax boolean not null
) on commit drop;

create temporary table landed_items (
    transaction_id uuid not null,
    event_id uuid not null
) on commit drop;

create temporary table landed_movements (
    id uuid not null,
    order_id uuid not null,
    line_no integer not null,
    reason text not null,
    occurred_at timestamptz not null,
    report_day date
) on commit drop;

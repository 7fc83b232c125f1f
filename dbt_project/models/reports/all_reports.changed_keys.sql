-- Keys that several reports read and whose rows a report counts in another way after the merge. Runs once,
-- before the merge: `incoming_...` has the new and changed rows, `landing` has the former ones.

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
    (incoming.organization_id, incoming.timezone, incoming.day_cutoff, incoming.currency, incoming.ends_at);

-- No row refers to a new ticket type yet: such rows come with it or later.
create temporary table changed_ticket_types on commit drop as
select incoming.id
from incoming_ticketing_ticket_types as incoming
inner join landing.ticketing_ticket_types as landed on incoming.id = landed.id
where landed.is_admission is distinct from incoming.is_admission;

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
    );

-- Transactions that get an entry or a payout item, of which an item's event becomes known, or that can move
-- to another day.
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
select redated_transactions.id
from redated_transactions;

analyze changed_events, changed_ticket_types, changed_orders, changed_transactions;

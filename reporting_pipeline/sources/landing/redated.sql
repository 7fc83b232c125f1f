-- The landed events, orders and transactions whose rows can move to another report day when the new
-- rows are merged: their zone, cutoff or event changes, or the rules of their zone have changed
-- (`changed_zones`). The landed rows of a new one (`is_new`) have no report day yet: they are held back.
-- Runs before the merge.

create temporary table redated_events on commit drop as
select
    incoming.id,
    landed.id is null as is_new
from incoming_ticketing_events as incoming
left join landing.ticketing_events as landed on incoming.id = landed.id
where
    landed.id is null
    or (landed.timezone, landed.day_cutoff) is distinct from (incoming.timezone, incoming.day_cutoff)
    or incoming.timezone in (select changed_zones.zone from changed_zones);

create temporary table redated_orders on commit drop as
select
    incoming.id,
    landed.id is null as is_new
from incoming_ticketing_orders as incoming
left join landing.ticketing_orders as landed on incoming.id = landed.id
where landed.event_id is distinct from incoming.event_id
union
select
    landed.id,
    redated_events.is_new
from landing.ticketing_orders as landed
inner join redated_events on landed.event_id = redated_events.id;

-- A transaction without a known event has the day of its organisation.
create temporary table redated_transactions on commit drop as
select
    landed.id,
    false as is_new
from landing.ledger_transactions as landed
inner join redated_events on landed.event_id = redated_events.id
union
select
    landed.id,
    false as is_new
from landing.ledger_transactions as landed
inner join incoming_ticketing_organizations as incoming on landed.organization_id = incoming.id
left join landing.ticketing_organizations as former on incoming.id = former.id
where
    (
        former.timezone is distinct from incoming.timezone
        or incoming.timezone in (select changed_zones.zone from changed_zones)
    )
    and not exists (
        select from landing.ticketing_events as event
        where event.id = landed.event_id
    )
union
-- A transaction that was set aside: its entries and payout items have landed before it.
select
    incoming.id,
    true as is_new
from incoming_ledger_transactions as incoming
inner join landing.row_findings as finding
    on
        incoming.id = finding.row_id
        and finding.domain = 'ledger' and finding.table_name = 'transactions'
        and not finding.is_landed
union
select
    incoming.id,
    true as is_new
from incoming_ledger_transactions as incoming
inner join landing.ledger_entries as landed on incoming.id = landed.transaction_id
where landed.report_day is null
union
select
    incoming.id,
    true as is_new
from incoming_ledger_transactions as incoming
inner join landing.ledger_payout_items as landed on incoming.id = landed.transaction_id
where landed.report_day is null;

analyze redated_events, redated_orders, redated_transactions;

-- New rows that change how other rows are counted, and the orders, uploads, tickets and transactions
-- that they affect. Runs after the new rows were read and before they are merged.

create temporary table changed_organizations on commit drop as
select incoming.id
from incoming_ticketing_organizations as incoming
left join landing.ticketing_organizations as landed on incoming.id = landed.id
where landed.timezone is distinct from incoming.timezone;

create temporary table changed_events on commit drop as
select
    incoming.id,
    landed.id is null as is_new,
    coalesce(
        landed.timezone <> incoming.timezone or landed.day_cutoff <> incoming.day_cutoff, true
    ) as is_redated
from incoming_ticketing_events as incoming
left join landing.ticketing_events as landed on incoming.id = landed.id
where
    landed.id is null
    or (landed.organization_id, landed.timezone, landed.day_cutoff, landed.currency, landed.ends_at)
    is distinct from
    (incoming.organization_id, incoming.timezone, incoming.day_cutoff, incoming.currency, incoming.ends_at);

-- No landed row refers to a new ticket type: rows that refer to it land with it or later.
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

create temporary table changed_tickets on commit drop as
select incoming.id
from incoming_ticketing_tickets as incoming
left join landing.ticketing_tickets as landed on incoming.id = landed.id
where landed.ticket_type_id is distinct from incoming.ticket_type_id
union
select landed.id
from landing.ticketing_tickets as landed
inner join changed_ticket_types on landed.ticket_type_id = changed_ticket_types.id;

analyze changed_events, changed_orders, changed_tickets;

-- Transactions that gain an entry or may move to another day.
create temporary table affected_transactions on commit drop as
select incoming.transaction_id as id
from incoming_ledger_entries as incoming
union
select landed.id
from landing.ledger_transactions as landed
inner join changed_events on landed.event_id = changed_events.id
where changed_events.is_redated
union
select landed.id
from landing.ledger_transactions as landed
inner join changed_organizations on landed.organization_id = changed_organizations.id
where not exists (
    select from landing.ticketing_events as event
    where event.id = landed.event_id
);

analyze affected_transactions;

create temporary table affected_orders on commit drop as
select incoming.order_id as id
from incoming_ticketing_order_line_movements as incoming
union
select changed_orders.id
from changed_orders
union
select landed.id
from landing.ticketing_orders as landed
inner join changed_events on landed.event_id = changed_events.id
where changed_events.is_redated
union
select transaction.order_id
from affected_transactions
inner join landing.ledger_transactions as transaction on affected_transactions.id = transaction.id
where transaction.order_id is not null
union
select transaction.order_id
from affected_transactions
inner join incoming_ledger_transactions as transaction on affected_transactions.id = transaction.id
where transaction.order_id is not null;

-- Scans by upload: all copies of an upload have the same device and sequence. A new copy can change
-- which copy of its upload counts, and a revert cancels another upload (`is_reread`). Of a changed
-- event or ticket, only the copies that count are read again.
create temporary table affected_uploads on commit drop as
with new_uploads as (
    select
        incoming.device_id,
        incoming.device_sequence
    from incoming_scanning_scans as incoming
    union
    select
        landed.device_id,
        landed.device_sequence
    from landing.scanning_scans as landed
    inner join changed_events on landed.event_id = changed_events.id
    where changed_events.is_new
),

taken_back as (
    select landed.reverts_scan_id as id
    from new_uploads
    inner join landing.scanning_scans as landed
        on
            new_uploads.device_id = landed.device_id
            and new_uploads.device_sequence = landed.device_sequence
    where landed.reverts_scan_id is not null
    union
    select incoming.reverts_scan_id
    from incoming_scanning_scans as incoming
    where incoming.reverts_scan_id is not null
),

reached as (
    select
        new_uploads.device_id,
        new_uploads.device_sequence,
        true as is_reread
    from new_uploads
    union all
    select
        landed.device_id,
        landed.device_sequence,
        true as is_reread
    from taken_back
    inner join landing.scanning_scans as landed on taken_back.id = landed.id
    union all
    select
        incoming.device_id,
        incoming.device_sequence,
        true as is_reread
    from taken_back
    inner join incoming_scanning_scans as incoming on taken_back.id = incoming.id
    union all
    select
        landed.device_id,
        landed.device_sequence,
        false as is_reread
    from landing.scanning_scans as landed
    inner join changed_events on landed.event_id = changed_events.id
    union all
    select
        landed.device_id,
        landed.device_sequence,
        false as is_reread
    from landing.scanning_scans as landed
    inner join changed_tickets on landed.ticket_id = changed_tickets.id
)

select
    reached.device_id,
    reached.device_sequence,
    bool_or(reached.is_reread) as is_reread
from reached
group by
    reached.device_id,
    reached.device_sequence;

analyze affected_orders, affected_uploads;

create temporary table affected_tickets on commit drop as
select landed.ticket_id as id
from affected_uploads
inner join landing.scanning_scans as landed
    on
        affected_uploads.device_id = landed.device_id
        and affected_uploads.device_sequence = landed.device_sequence
where landed.ticket_id is not null
union
select incoming.ticket_id
from affected_uploads
inner join incoming_scanning_scans as incoming
    on
        affected_uploads.device_id = incoming.device_id
        and affected_uploads.device_sequence = incoming.device_sequence
where incoming.ticket_id is not null;

analyze affected_tickets;

-- Filled twice by capture.sql, before and after the merge.
create temporary table touched (
    report_table text not null,
    organization_id uuid,
    event_id uuid,
    report_day date not null
) on commit drop;

-- Rows that a report counts once, with their day: an order's first movement, a ticket's admission.
create temporary table counted_once (
    phase text not null,
    report_table text not null,
    id uuid not null,
    counted_id uuid not null,
    organization_id uuid,
    event_id uuid,
    report_day date not null
) on commit drop;

create temporary table line_openings (
    phase text not null,
    order_id uuid not null,
    line_no integer not null,
    is_comp boolean not null
) on commit drop;

alter table landing.comparisons
add column walk text not null default 'rows' check (walk in ('clocks', 'rows'));
alter table landing.comparisons alter column walk drop default;
alter table landing.comparisons drop constraint comparisons_pkey;
alter table landing.comparisons add primary key (domain, table_name, walk);
comment on column landing.comparisons.walk is
'what is compared: record clocks, at each landing, or whole rows, each night';

-- Rows land in the order of their clocks, about, and each landing asks for a range of them.
create index on landing.ticketing_orders using brin (updated_at) with (autosummarize = on);
create index on landing.ticketing_order_line_movements
using brin (recorded_at) with (autosummarize = on);
create index on landing.ticketing_tickets using brin (updated_at) with (autosummarize = on);
create index on landing.seating_inventory_movements
using brin (recorded_at) with (autosummarize = on);
create index on landing.scanning_scans using brin (received_at) with (autosummarize = on);
create index on landing.ledger_transactions using brin (recorded_at) with (autosummarize = on);
create index on landing.ledger_entries using brin (recorded_at) with (autosummarize = on);
create index on landing.ledger_payout_items using brin (recorded_at) with (autosummarize = on);

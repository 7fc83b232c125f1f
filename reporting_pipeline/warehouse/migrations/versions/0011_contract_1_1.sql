-- Version 1.1 of the source contract: what it adds is null or empty where a source has version 1.0.

create table landing.ticketing_event_series (
    id               uuid primary key,
    organization_id  uuid not null,
    name             text not null,
    updated_at       timestamptz not null
);

alter table landing.ticketing_events
add column series_id uuid,
add column rescheduled_from timestamptz;

alter table landing.ledger_transactions
add column reference text,
drop constraint ledger_transactions_kind_check,
add check (kind in ('sale', 'payment', 'refund', 'repayment', 'chargeback', 'chargeback_reversal', 'fee',
    'payout', 'payout_reversal', 'reserve_hold', 'reserve_release', 'psp_settlement', 'adjustment'));

alter table landing.ledger_entries
add column tax_jurisdiction text,
add column tax_rate numeric(9, 6),
add column taxable_minor bigint,
drop constraint ledger_entries_component_check,
add check (component in ('face_value', 'addon', 'donation', 'service_fee', 'facility_fee', 'shipping_fee',
    'cancellation_fee', 'tax', 'gift_card', 'platform_fee', 'processing_fee', 'chargeback_fee', 'reserve',
    'payout', 'adjustment', 'cash')),
add check (tax_rate >= 0),
add check (taxable_minor >= 0);

create table landing.ledger_payout_items (
    id              uuid not null,
    transaction_id  uuid not null,
    event_id        uuid not null,
    amount_minor    bigint not null,
    currency        char(3) not null,
    recorded_at     timestamptz not null,
    report_day      date,
    check (amount_minor > 0),
    unique nulls not distinct (id, report_day)
) partition by range (report_day);
create table landing.ledger_payout_items_held_back partition of landing.ledger_payout_items default;
create index on landing.ledger_payout_items (transaction_id);
create index on landing.ledger_payout_items (event_id);
create index on landing.ledger_payout_items (report_day);

alter table landing.watermarks add column optional_columns text[] not null default '{}';
comment on column landing.watermarks.optional_columns is
    'the optional columns that the source had when all of its rows were read';

-- The gate works by event: an objection names the event that it concerns.
alter table reporting.seal_objections add column event_id uuid;
comment on column reporting.seal_objections.event_id is
    'null: every event of the organisation, and what belongs to no event';
-- Breaks hold reports by their own rows, so that a person can accept each of them.
delete from reporting.seal_objections
where check_name in ('sales_tie_to_ledger', 'transactions_balanced', 'entries_classified');

-- Breaks that a person has accepted. An acceptance is for the break's amounts: a break with other amounts
-- holds again. Rows are never deleted.
create table reporting.accepted_breaks (
    id              bigint      primary key generated always as identity,
    organization_id uuid        not null,
    kind            text        not null,
    event_id        uuid,
    order_id        uuid,
    transaction_id  uuid,
    entry_id        uuid,
    currency        char(3)     not null,
    ticketing_minor bigint      not null,
    ledger_minor    bigint      not null,
    accepted_by     text        not null,
    accepted_at     timestamptz not null,
    reason          text        not null,
    taken_back_by   text,
    taken_back_at   timestamptz,
    check ((taken_back_by is null) = (taken_back_at is null))
);
create unique index accepted_breaks_key on reporting.accepted_breaks (
    organization_id, kind, event_id, order_id, transaction_id, entry_id, currency, ticketing_minor, ledger_minor
) nulls not distinct
where taken_back_at is null;
comment on table reporting.accepted_breaks is
    'breaks that a person has accepted for their present amounts; accepted ones hold no report';

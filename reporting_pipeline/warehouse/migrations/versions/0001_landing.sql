-- Landing: the rows of the four source domains, kept in the shape of the contract.
-- Dated tables also carry their report day (null: held back, the event is not known yet) and are
-- partitioned by its month; partitions are made by the landing when a row needs one.

create schema landing;

create function landing.report_day(instant timestamptz, zone text, cutoff time) returns date
    language sql stable parallel safe
    return ((instant at time zone zone) - cutoff)::date;
comment on function landing.report_day is
    'The day that a report counts an instant in: local date after the cutoff is taken off.';

create table landing.ticketing_organizations (
    id          uuid primary key,
    name        text not null,
    timezone    text not null,
    currency    char(3) not null,
    updated_at  timestamptz not null
);

create table landing.ticketing_events (
    id               uuid primary key,
    organization_id  uuid not null,
    venue_id         uuid,
    name             text not null,
    timezone         text not null,
    day_cutoff       time not null,
    currency         char(3) not null,
    status           text not null,
    on_sale_at       timestamptz,
    doors_at         timestamptz,
    starts_at        timestamptz not null,
    ends_at          timestamptz not null,
    updated_at       timestamptz not null,
    check (status in ('draft', 'on_sale', 'sold_out', 'postponed', 'cancelled', 'ended'))
);
create index on landing.ticketing_events (organization_id);

create table landing.ticketing_ticket_types (
    id            uuid primary key,
    event_id      uuid not null,
    name          text not null,
    is_admission  boolean not null,
    updated_at    timestamptz not null
);
create index on landing.ticketing_ticket_types (event_id);

create table landing.ticketing_orders (
    id               uuid primary key,
    organization_id  uuid not null,
    event_id         uuid not null,
    channel          text not null,
    status           text not null,
    currency         char(3) not null,
    total_minor      bigint not null,
    placed_at        timestamptz not null,
    paid_at          timestamptz,
    updated_at       timestamptz not null,
    check (channel in ('web', 'box_office', 'api', 'reseller', 'kiosk')),
    check (status in ('pending', 'paid', 'expired', 'cancelled', 'refunded')),
    check (total_minor >= 0)
);
create index on landing.ticketing_orders (event_id);

create table landing.ticketing_order_line_movements (
    id              uuid not null,
    order_id        uuid not null,
    line_no         integer not null,
    ticket_type_id  uuid not null,
    reason          text not null,
    quantity        integer not null,
    list_minor      bigint not null,
    discount_minor  bigint not null,
    fee_minor       bigint not null,
    tax_minor       bigint not null,
    occurred_at     timestamptz not null,
    recorded_at     timestamptz not null,
    report_day      date,
    check (line_no >= 1),
    check (reason in ('sale', 'comp', 'exchange_in', 'cancel', 'refund', 'void',
        'exchange_out', 'fee')),
    check ((reason in ('sale', 'comp', 'exchange_in')) = (quantity > 0)),
    check ((reason = 'fee') = (quantity = 0)),
    check (quantity = 0 or (list_minor * sign(quantity) >= 0 and discount_minor *
        sign(quantity) >= 0 and fee_minor * sign(quantity) >= 0 and tax_minor * sign(quantity)
        >= 0)),
    check (abs(discount_minor) <= abs(list_minor)),
    check (reason <> 'fee' or (list_minor = 0 and discount_minor = 0 and sign(fee_minor) *
        sign(tax_minor) >= 0)),
    unique nulls not distinct (id, report_day)
) partition by range (report_day);
create table landing.ticketing_order_line_movements_held_back partition of landing.ticketing_order_line_movements default;
create index on landing.ticketing_order_line_movements (order_id);
create index on landing.ticketing_order_line_movements (report_day);

create table landing.ticketing_tickets (
    id              uuid primary key,
    order_id        uuid not null,
    event_id        uuid not null,
    ticket_type_id  uuid not null,
    section_id      uuid,
    is_comp         boolean not null,
    status          text not null,
    issued_at       timestamptz not null,
    invalidated_at  timestamptz,
    updated_at      timestamptz not null,
    check (status in ('valid', 'cancelled', 'refunded', 'voided', 'exchanged'))
);
create index on landing.ticketing_tickets (ticket_type_id);
create index on landing.ticketing_tickets (event_id);

create table landing.seating_venues (
    id          uuid primary key,
    name        text not null,
    city        text not null,
    country     char(2) not null,
    updated_at  timestamptz not null
);

create table landing.seating_sections (
    id          uuid primary key,
    venue_id    uuid not null,
    name        text not null,
    is_seated   boolean not null,
    updated_at  timestamptz not null
);

create table landing.seating_inventory_movements (
    id           uuid not null,
    event_id     uuid not null,
    section_id   uuid not null,
    kind         text not null,
    quantity     integer not null,
    occurred_at  timestamptz not null,
    recorded_at  timestamptz not null,
    report_day   date,
    check (kind in ('capacity', 'hold', 'kill')),
    unique nulls not distinct (id, report_day)
) partition by range (report_day);
create table landing.seating_inventory_movements_held_back partition of landing.seating_inventory_movements default;
create index on landing.seating_inventory_movements (event_id, report_day);
create index on landing.seating_inventory_movements (report_day);

create table landing.scanning_gates (
    id          uuid primary key,
    event_id    uuid not null,
    name        text not null,
    updated_at  timestamptz not null
);

create table landing.scanning_scans (
    id               uuid not null,
    event_id         uuid not null,
    gate_id          uuid not null,
    device_id        uuid not null,
    device_sequence  bigint not null,
    ticket_id        uuid,
    direction        text not null,
    outcome          text not null,
    reject_reason    text,
    is_offline       boolean not null,
    scanned_at       timestamptz not null,
    received_at      timestamptz not null,
    reverts_scan_id  uuid,
    report_day       date,
    check (direction in ('entry', 'exit')),
    check (outcome in ('accepted', 'rejected')),
    check (reject_reason in ('already_used', 'unknown', 'cancelled', 'unpaid', 'wrong_gate',
        'wrong_time', 'blocked', 'error')),
    check ((outcome = 'rejected') = (reject_reason is not null)),
    unique nulls not distinct (id, report_day)
) partition by range (report_day);
create table landing.scanning_scans_held_back partition of landing.scanning_scans default;
create index on landing.scanning_scans (device_id, device_sequence);
create index on landing.scanning_scans (ticket_id);
create index on landing.scanning_scans (reverts_scan_id);
create index on landing.scanning_scans (event_id, report_day);
create index on landing.scanning_scans (report_day);

create table landing.ledger_accounts (
    id               uuid primary key,
    organization_id  uuid not null,
    kind             text not null,
    currency         char(3) not null,
    recorded_at      timestamptz not null,
    check (kind in ('psp_clearing', 'bank', 'buyer_receivable', 'organizer_payable',
        'organizer_reserve', 'tax_payable', 'gift_card_liability', 'service_fee_income',
        'platform_fee_income', 'processing_fee_expense', 'chargeback_loss', 'suspense'))
);

create table landing.ledger_transactions (
    id                       uuid not null,
    organization_id          uuid not null,
    event_id                 uuid,
    order_id                 uuid,
    kind                     text not null,
    reverses_transaction_id  uuid,
    effective_at             timestamptz not null,
    recorded_at              timestamptz not null,
    report_day               date,
    check (kind in ('sale', 'payment', 'refund', 'repayment', 'chargeback',
        'chargeback_reversal', 'fee', 'payout', 'payout_reversal', 'reserve_hold',
        'reserve_release', 'adjustment')),
    unique nulls not distinct (id, report_day)
) partition by range (report_day);
create table landing.ledger_transactions_held_back partition of landing.ledger_transactions default;
create index on landing.ledger_transactions (order_id);
create index on landing.ledger_transactions (event_id, report_day);
create index on landing.ledger_transactions (report_day);

create table landing.ledger_entries (
    id              uuid not null,
    transaction_id  uuid not null,
    account_id      uuid not null,
    direction       text not null,
    component       text not null,
    amount_minor    bigint not null,
    currency        char(3) not null,
    recorded_at     timestamptz not null,
    report_day      date,
    check (direction in ('debit', 'credit')),
    check (component in ('face_value', 'addon', 'donation', 'service_fee', 'facility_fee',
        'shipping_fee', 'cancellation_fee', 'tax', 'platform_fee', 'processing_fee',
        'chargeback_fee', 'reserve', 'payout', 'adjustment', 'cash')),
    check (amount_minor > 0),
    unique nulls not distinct (id, report_day)
) partition by range (report_day);
create table landing.ledger_entries_held_back partition of landing.ledger_entries default;
create index on landing.ledger_entries (transaction_id);
create index on landing.ledger_entries (report_day);

-- The progress of landing in each source table, by its record clock.
create table landing.watermarks (
    domain       text        not null,
    table_name   text        not null,
    record_clock timestamptz not null,
    landed_at    timestamptz not null,
    primary key (domain, table_name)
);
comment on column landing.watermarks.record_clock is 'the greatest record clock landed';

-- The report days whose rows may have changed since their last build. Landing adds them in the
-- transaction that lands the rows; a build removes them in the transaction that rebuilds the days.
create table landing.touched_days (
    id              bigint generated always as identity primary key,
    report_table    text        not null,
    organization_id uuid,
    event_id        uuid,
    report_day      date        not null,
    touched_at      timestamptz not null
);
create index on landing.touched_days (report_table, report_day);

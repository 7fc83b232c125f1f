-- The breaks between what Ticketing booked and what the Ledger charged, version 1.

create table reporting.report_reconciliation_breaks (
    date              date          not null,
    organization_id   uuid          not null,
    event_id          uuid,
    order_id          uuid,
    transaction_id    uuid,
    entry_id          uuid,
    currency          character(3)  not null,
    kind              text          not null,
    ticketing_minor   bigint        not null,
    ledger_minor      bigint        not null,
    difference_minor  bigint        not null,
    proof_ids         uuid[]        not null,
    constraint report_reconciliation_breaks_key unique nulls not distinct (
        date, organization_id, event_id, order_id, transaction_id, entry_id, currency, kind
    )
);
create index report_reconciliation_breaks_event_id_date_idx
    on reporting.report_reconciliation_breaks (event_id, date);
comment on table reporting.report_reconciliation_breaks is
    'One row per difference: report day, organisation, event, order or transaction or entry, '
    'currency and kind. What Ticketing booked so far for an order against what the ledger charged '
    'so far, at the end of each report day on which the order has a movement or a charge; also '
    'transactions that do not balance, entries that are not classified, and orders that were left '
    'unsettled. `timing` and `settlement` warn, every other kind is an error. A late movement or '
    'entry changes all days of its order.';
comment on column reporting.report_reconciliation_breaks.date is
    'Report day at whose end the difference stands.';
comment on column reporting.report_reconciliation_breaks.organization_id is
    'Organisation of the side that the row stands for: the order''s of what Ticketing booked, the '
    'transaction''s of what the ledger charged.';
comment on column reporting.report_reconciliation_breaks.event_id is
    'Event; null where a transaction concerns no single event.';
comment on column reporting.report_reconciliation_breaks.order_id is
    'The order that differs; null where a transaction or an entry does.';
comment on column reporting.report_reconciliation_breaks.transaction_id is
    'The transaction of an unbalanced or unclassified row; else null.';
comment on column reporting.report_reconciliation_breaks.entry_id is
    'The entry of an unclassified row; else null.';
comment on column reporting.report_reconciliation_breaks.currency is
    'ISO 4217 code of both amounts.';
comment on column reporting.report_reconciliation_breaks.kind is
    'What is wrong: timing, missing_in_ticketing, missing_in_ledger, organization, currency, '
    'duplicate, amount, unbalanced, unclassified, settlement.';
comment on column reporting.report_reconciliation_breaks.ticketing_minor is
    'Booked by Ticketing up to the day: face value + fee + tax over the order''s movements '
    '(signed); 0 where Ticketing is not compared.';
comment on column reporting.report_reconciliation_breaks.ledger_minor is
    'Charged by the ledger up to the day: credits of buyer components in sales less debits in '
    'refunds (signed); of unbalanced and unclassified credits less debits; of settlement the '
    'balance of buyer_receivable.';
comment on column reporting.report_reconciliation_breaks.difference_minor is
    'Ticketing less ledger, always (signed).';
comment on column reporting.report_reconciliation_breaks.proof_ids is
    'Movements and transactions that the figures rest on, sorted.';

-- The daily tables and the event summary, version 1. A row is identified by its key, in which nulls are equal. The key
-- begins with the date: one index serves a day's rebuild, a day's export and uniqueness.


create table reporting.report_sales_daily (
    organization_id            uuid          not null,
    event_id                   uuid          not null,
    date                       date          not null,
    currency                   character(3)  not null,
    ticket_type_id             uuid          not null,
    channel                    text          not null,
    is_admission               boolean       not null,
    order_count                bigint        not null,
    sold_count                 bigint        not null,
    comped_count               bigint        not null,
    exchanged_in_count         bigint        not null,
    cancelled_count            bigint        not null,
    refunded_count             bigint        not null,
    voided_count               bigint        not null,
    exchanged_out_count        bigint        not null,
    net_count                  bigint        not null,
    list_minor                 bigint        not null,
    discount_minor             bigint        not null,
    face_value_minor           bigint        not null,
    fee_minor                  bigint        not null,
    tax_minor                  bigint        not null,
    gross_minor                bigint        not null,
    returned_face_value_minor  bigint        not null,
    returned_fee_minor         bigint        not null,
    returned_tax_minor         bigint        not null,
    returned_gross_minor       bigint        not null,
    net_gross_minor            bigint        not null,
    constraint report_sales_daily_key unique nulls not distinct (
        date, organization_id, event_id, currency, ticket_type_id, channel
    )
);
create index report_sales_daily_event_id_date_idx
    on reporting.report_sales_daily (event_id, date);
comment on table reporting.report_sales_daily is
    'One row per event, report day, currency, ticket type and sales channel. Tickets and add-ons '
    'sold, given and taken back, from the order line movements of Ticketing by the time at which '
    'they occurred. Counts are units; a movement of reason `fee` has none. Movements of an event '
    'that is not known are held back. A repricing stands in gross and in returned gross. A late '
    'movement changes the row of its own day, and order_count of the day that counted its order '
    'before.';
comment on column reporting.report_sales_daily.organization_id is 'Organisation of the event.';
comment on column reporting.report_sales_daily.event_id is 'Event of the order.';
comment on column reporting.report_sales_daily.date is
    'Report day of the movement, in the event''s time zone after its day cutoff.';
comment on column reporting.report_sales_daily.currency is
    'ISO 4217 code of the order''s currency.';
comment on column reporting.report_sales_daily.ticket_type_id is 'Ticket type of the movement.';
comment on column reporting.report_sales_daily.channel is
    'Sales channel of the order: web, box_office, api, reseller or kiosk.';
comment on column reporting.report_sales_daily.is_admission is
    'Whether the ticket type admits to the event; false for parking, merchandise and other '
    'add-ons.';
comment on column reporting.report_sales_daily.order_count is
    'Orders whose first movement (least occurred_at, then line_no, then id) stands on this row; '
    'each order counts once, ever.';
comment on column reporting.report_sales_daily.sold_count is 'Units of reason sale.';
comment on column reporting.report_sales_daily.comped_count is
    'Units of reason comp: given free of charge.';
comment on column reporting.report_sales_daily.exchanged_in_count is 'Units of reason exchange_in.';
comment on column reporting.report_sales_daily.cancelled_count is
    'Units of reason cancel, as a magnitude.';
comment on column reporting.report_sales_daily.refunded_count is
    'Units of reason refund, as a magnitude.';
comment on column reporting.report_sales_daily.voided_count is
    'Units of reason void, as a magnitude.';
comment on column reporting.report_sales_daily.exchanged_out_count is
    'Units of reason exchange_out, as a magnitude.';
comment on column reporting.report_sales_daily.net_count is
    'Sold, comped and exchanged in, less cancelled, refunded, voided and exchanged out (signed).';
comment on column reporting.report_sales_daily.list_minor is
    'List price of the positive movements, net of tax.';
comment on column reporting.report_sales_daily.discount_minor is
    'Discount on the positive movements.';
comment on column reporting.report_sales_daily.face_value_minor is
    'Face value of the positive movements: list price less discount.';
comment on column reporting.report_sales_daily.fee_minor is 'Buyer fees of the positive movements.';
comment on column reporting.report_sales_daily.tax_minor is 'Tax of the positive movements.';
comment on column reporting.report_sales_daily.gross_minor is
    'What the buyers were charged by the positive movements: face value + fee + tax.';
comment on column reporting.report_sales_daily.returned_face_value_minor is
    'Face value of the negative movements, as a magnitude.';
comment on column reporting.report_sales_daily.returned_fee_minor is
    'Buyer fees of the negative movements, as a magnitude.';
comment on column reporting.report_sales_daily.returned_tax_minor is
    'Tax of the negative movements, as a magnitude.';
comment on column reporting.report_sales_daily.returned_gross_minor is
    'Gross of the negative movements, as a magnitude: returned face value + fee + tax.';
comment on column reporting.report_sales_daily.net_gross_minor is
    'Gross less returned gross (signed).';

create table reporting.report_revenue_daily (
    organization_id            uuid          not null,
    event_id                   uuid,
    date                       date          not null,
    currency                   character(3)  not null,
    face_value_minor           bigint        not null,
    addon_minor                bigint        not null,
    donation_minor             bigint        not null,
    service_fee_minor          bigint        not null,
    facility_fee_minor         bigint        not null,
    shipping_fee_minor         bigint        not null,
    cancellation_fee_minor     bigint        not null,
    tax_minor                  bigint        not null,
    gross_minor                bigint        not null,
    refund_face_value_minor    bigint        not null,
    refund_addon_minor         bigint        not null,
    refund_fee_minor           bigint        not null,
    refund_tax_minor           bigint        not null,
    refund_minor               bigint        not null,
    chargeback_minor           bigint        not null,
    chargeback_reversal_minor  bigint        not null,
    net_revenue_minor          bigint        not null,
    platform_fee_minor         bigint        not null,
    processing_fee_minor       bigint        not null,
    chargeback_fee_minor       bigint        not null,
    adjustment_minor           bigint        not null,
    reserve_held_minor         bigint        not null,
    reserve_released_minor     bigint        not null,
    payout_minor               bigint        not null,
    payout_reversal_minor      bigint        not null,
    payable_change_minor       bigint        not null,
    receivable_change_minor    bigint        not null,
    collected_minor            bigint        not null,
    repaid_minor               bigint        not null,
    transaction_count          bigint        not null,
    entry_count                bigint        not null,
    debit_minor                bigint        not null,
    credit_minor               bigint        not null,
    constraint report_revenue_daily_key unique nulls not distinct (
        date, organization_id, event_id, currency
    )
);
create index report_revenue_daily_event_id_date_idx
    on reporting.report_revenue_daily (event_id, date);
comment on table reporting.report_revenue_daily is
    'One row per organisation, event (null: no single event), report day and currency. Money as '
    'the ledger has it, and only the ledger, by the time at which transactions became effective. '
    'Columns that name a component leave cash out; columns that name an account take all its '
    'entries. The control figures hold every entry, classified or not. A late entry changes the '
    'row of its transaction''s day.';
comment on column reporting.report_revenue_daily.organization_id is
    'Organisation of the transaction.';
comment on column reporting.report_revenue_daily.event_id is
    'Event of the transaction; null where it concerns no single event.';
comment on column reporting.report_revenue_daily.date is
    'Report day of the transaction, in the time zone of the event after its day cutoff, else of '
    'the organisation.';
comment on column reporting.report_revenue_daily.currency is
    'ISO 4217 code of the entry''s currency.';
comment on column reporting.report_revenue_daily.face_value_minor is
    'Charged to buyers: face value of tickets, credits less debits in sales.';
comment on column reporting.report_revenue_daily.addon_minor is
    'Charged to buyers: add-ons, credits less debits in sales.';
comment on column reporting.report_revenue_daily.donation_minor is
    'Charged to buyers: donations, credits less debits in sales.';
comment on column reporting.report_revenue_daily.service_fee_minor is
    'Charged to buyers: service fees, credits less debits in sales.';
comment on column reporting.report_revenue_daily.facility_fee_minor is
    'Charged to buyers: facility fees, credits less debits in sales.';
comment on column reporting.report_revenue_daily.shipping_fee_minor is
    'Charged to buyers: shipping fees, credits less debits in sales.';
comment on column reporting.report_revenue_daily.cancellation_fee_minor is
    'Charged to buyers: cancellation fees, credits less debits in sales.';
comment on column reporting.report_revenue_daily.tax_minor is
    'Charged to buyers: tax, credits less debits in sales.';
comment on column reporting.report_revenue_daily.gross_minor is
    'Charged to buyers: the sum of the eight components.';
comment on column reporting.report_revenue_daily.refund_face_value_minor is
    'Taken back from charges: face value, debits less credits in refunds.';
comment on column reporting.report_revenue_daily.refund_addon_minor is
    'Taken back from charges: add-ons and donations, debits less credits in refunds.';
comment on column reporting.report_revenue_daily.refund_fee_minor is
    'Taken back from charges: service, facility, shipping and cancellation fees, debits less '
    'credits in refunds.';
comment on column reporting.report_revenue_daily.refund_tax_minor is
    'Taken back from charges: tax, debits less credits in refunds.';
comment on column reporting.report_revenue_daily.refund_minor is
    'Taken back from charges: the sum of face value, add-ons, fees and tax refunded.';
comment on column reporting.report_revenue_daily.chargeback_minor is
    'Taken back by buyers'' banks: the eight buyer components, debits less credits in '
    'chargebacks.';
comment on column reporting.report_revenue_daily.chargeback_reversal_minor is
    'Won back from buyers'' banks: the eight buyer components, credits less debits in chargeback '
    'reversals.';
comment on column reporting.report_revenue_daily.net_revenue_minor is
    'Gross - refund - chargeback + chargeback reversal (signed).';
comment on column reporting.report_revenue_daily.platform_fee_minor is
    'Platform fees that the organiser bears: debits less credits on organizer_payable.';
comment on column reporting.report_revenue_daily.processing_fee_minor is
    'Payment processing fees that the organiser bears: debits less credits on organizer_payable.';
comment on column reporting.report_revenue_daily.chargeback_fee_minor is
    'Chargeback fees that the organiser bears: debits less credits on organizer_payable.';
comment on column reporting.report_revenue_daily.adjustment_minor is
    'Adjustments in the organiser''s favour: credits less debits on organizer_payable (signed).';
comment on column reporting.report_revenue_daily.reserve_held_minor is
    'Held back as a reserve: debits less credits on organizer_payable in reserve_hold.';
comment on column reporting.report_revenue_daily.reserve_released_minor is
    'Released from the reserve: credits less debits on organizer_payable in reserve_release.';
comment on column reporting.report_revenue_daily.payout_minor is
    'Paid out to the organiser: debits less credits on organizer_payable in payout.';
comment on column reporting.report_revenue_daily.payout_reversal_minor is
    'Payouts that came back: credits less debits on organizer_payable in payout_reversal.';
comment on column reporting.report_revenue_daily.payable_change_minor is
    'Change of what is owed to the organiser: all credits less all debits on organizer_payable '
    '(signed).';
comment on column reporting.report_revenue_daily.receivable_change_minor is
    'Change of what buyers owe: all debits less all credits on buyer_receivable (signed).';
comment on column reporting.report_revenue_daily.collected_minor is
    'Money in: debits less credits on psp_clearing in sale, payment and chargeback_reversal.';
comment on column reporting.report_revenue_daily.repaid_minor is
    'Money back to buyers: credits less debits on psp_clearing in refund, repayment and '
    'chargeback.';
comment on column reporting.report_revenue_daily.transaction_count is
    'Transactions with an entry on this row; one in two currencies counts on both rows.';
comment on column reporting.report_revenue_daily.entry_count is 'Control figure: all entries.';
comment on column reporting.report_revenue_daily.debit_minor is
    'Control figure: the sum of all debits.';
comment on column reporting.report_revenue_daily.credit_minor is
    'Control figure: the sum of all credits.';

create table reporting.report_attendance_daily (
    organization_id              uuid    not null,
    event_id                     uuid    not null,
    date                         date    not null,
    gate_id                      uuid    not null,
    ticket_type_id               uuid,
    scan_count                   bigint  not null,
    accepted_count               bigint  not null,
    rejected_count               bigint  not null,
    rejected_already_used_count  bigint  not null,
    rejected_unknown_count       bigint  not null,
    rejected_cancelled_count     bigint  not null,
    rejected_unpaid_count        bigint  not null,
    rejected_wrong_gate_count    bigint  not null,
    rejected_wrong_time_count    bigint  not null,
    rejected_blocked_count       bigint  not null,
    rejected_error_count         bigint  not null,
    admission_count              bigint  not null,
    reentry_count                bigint  not null,
    exit_count                   bigint  not null,
    reverted_count               bigint  not null,
    offline_count                bigint  not null,
    late_count                   bigint  not null,
    repeated_upload_count        bigint  not null,
    constraint report_attendance_daily_key unique nulls not distinct (
        date, organization_id, event_id, gate_id, ticket_type_id
    )
);
create index report_attendance_daily_event_id_date_idx
    on reporting.report_attendance_daily (event_id, date);
comment on table reporting.report_attendance_daily is
    'One row per event, report day, gate and ticket type (null: ticket unknown). Scans by the '
    'time of the device, less repeated uploads: of rows with the same device and sequence the one '
    'received first (then least id) stands. A revert counts in scan, accepted, offline and late, '
    'never as admission, re-entry or exit. Scans of an event that is not known are held back. A '
    'late scan changes its own day, the day of the scan that it takes back, and the day that '
    'counted the ticket''s admission before.';
comment on column reporting.report_attendance_daily.organization_id is 'Organisation of the event.';
comment on column reporting.report_attendance_daily.event_id is 'Event of the scan.';
comment on column reporting.report_attendance_daily.date is
    'Report day of the scan, in the event''s time zone after its day cutoff.';
comment on column reporting.report_attendance_daily.gate_id is 'Gate of the scan.';
comment on column reporting.report_attendance_daily.ticket_type_id is
    'Type of the scanned ticket; null where the ticket is unknown.';
comment on column reporting.report_attendance_daily.scan_count is
    'All scans that stand: accepted and rejected.';
comment on column reporting.report_attendance_daily.accepted_count is
    'Scans that were accepted, reverts included.';
comment on column reporting.report_attendance_daily.rejected_count is 'Scans that were rejected.';
comment on column reporting.report_attendance_daily.rejected_already_used_count is
    'Scans rejected because the ticket had been used.';
comment on column reporting.report_attendance_daily.rejected_unknown_count is
    'Scans rejected because no ticket has the code.';
comment on column reporting.report_attendance_daily.rejected_cancelled_count is
    'Scans rejected because the ticket is cancelled.';
comment on column reporting.report_attendance_daily.rejected_unpaid_count is
    'Scans rejected because the order is not paid.';
comment on column reporting.report_attendance_daily.rejected_wrong_gate_count is
    'Scans rejected because the ticket belongs to another gate.';
comment on column reporting.report_attendance_daily.rejected_wrong_time_count is
    'Scans rejected because the ticket is not valid at that time.';
comment on column reporting.report_attendance_daily.rejected_blocked_count is
    'Scans rejected because the ticket is blocked.';
comment on column reporting.report_attendance_daily.rejected_error_count is
    'Scans rejected because the scanner failed.';
comment on column reporting.report_attendance_daily.admission_count is
    'Entries that are their ticket''s first: least scanned_at, then received_at, then id, among '
    'its accepted entries that are not reverted, over all gates and days. Each ticket of an '
    'admission type counts once, ever.';
comment on column reporting.report_attendance_daily.reentry_count is
    'Accepted entries of a known ticket of an admission type, not reverted, that are not its '
    'first.';
comment on column reporting.report_attendance_daily.exit_count is
    'Accepted exits, not reverted, whatever their ticket is.';
comment on column reporting.report_attendance_daily.reverted_count is
    'Accepted scans that a revert takes back.';
comment on column reporting.report_attendance_daily.offline_count is 'Scans made offline.';
comment on column reporting.report_attendance_daily.late_count is
    'Scans received more than 2 minutes after they were made.';
comment on column reporting.report_attendance_daily.repeated_upload_count is
    'Rows dropped as repeated uploads, on the row of the one that stands.';

create table reporting.report_event_summary (
    organization_id               uuid           not null,
    event_id                      uuid           not null,
    date                          date           not null,
    currency                      character(3)   not null,
    capacity_count                bigint         not null,
    hold_count                    bigint         not null,
    kill_count                    bigint         not null,
    sellable_count                bigint         not null,
    sold_today_count              bigint         not null,
    sold_to_date_count            bigint         not null,
    comped_to_date_count          bigint         not null,
    unsold_count                  bigint         not null,
    sell_through_rate             numeric(12,6),
    admission_to_date_count       bigint         not null,
    no_show_count                 bigint,
    attendance_rate               numeric(12,6),
    occupancy_rate                numeric(12,6),
    gross_to_date_minor           bigint         not null,
    refund_to_date_minor          bigint         not null,
    net_revenue_to_date_minor     bigint         not null,
    platform_fee_to_date_minor    bigint         not null,
    processing_fee_to_date_minor  bigint         not null,
    payable_to_date_minor         bigint         not null,
    other_currency_count          bigint         not null,
    is_final                      boolean        not null,
    constraint report_event_summary_key unique nulls not distinct (
        date, organization_id, event_id, currency
    )
);
create index report_event_summary_event_id_date_idx
    on reporting.report_event_summary (event_id, date);
comment on table reporting.report_event_summary is
    'One row per event and report day, as of the end of that day, in the event''s currency. '
    'Seats, tickets, admissions and money of an event as of the end of a day. A row stands for '
    'each day on which the event has a row in another daily table or an inventory movement, and '
    'for the day on which it ends. To read an event as of a day, take its last row up to that '
    'day. Revenue that the ledger books to another organisation than the event''s is left out. A '
    'late row changes its own day and all later days of its event.';
comment on column reporting.report_event_summary.organization_id is 'Organisation of the event.';
comment on column reporting.report_event_summary.event_id is 'The event.';
comment on column reporting.report_event_summary.date is
    'Report day at whose end the figures stand.';
comment on column reporting.report_event_summary.currency is
    'ISO 4217 code of the event''s currency.';
comment on column reporting.report_event_summary.capacity_count is 'Seats of the event.';
comment on column reporting.report_event_summary.hold_count is 'Seats held back from sale.';
comment on column reporting.report_event_summary.kill_count is 'Seats taken out of sale for good.';
comment on column reporting.report_event_summary.sellable_count is
    'Capacity less holds less kills.';
comment on column reporting.report_event_summary.sold_today_count is
    'Net units of admission types sold on this day, comps apart.';
comment on column reporting.report_event_summary.sold_to_date_count is
    'Net units of admission types sold: sale and exchange_in less the returns of lines that did '
    'not begin as a comp.';
comment on column reporting.report_event_summary.comped_to_date_count is
    'Net units of admission types given free of charge: comps less the returns of lines that '
    'began as a comp.';
comment on column reporting.report_event_summary.unsold_count is
    'Sellable less sold to date less comped to date.';
comment on column reporting.report_event_summary.sell_through_rate is
    'Sold to date / sellable; null where nothing is sellable.';
comment on column reporting.report_event_summary.admission_to_date_count is
    'Tickets admitted, each once.';
comment on column reporting.report_event_summary.no_show_count is
    'Sold and comped to date less admissions; null before the day on which the event ends.';
comment on column reporting.report_event_summary.attendance_rate is
    'Admissions / (sold + comped to date); null where nothing is sold or comped.';
comment on column reporting.report_event_summary.occupancy_rate is
    'Admissions / capacity; null where there is no capacity.';
comment on column reporting.report_event_summary.gross_to_date_minor is
    'Charged to buyers, from the first day to this one, in the event''s currency.';
comment on column reporting.report_event_summary.refund_to_date_minor is
    'Taken back from charges, from the first day to this one, in the event''s currency.';
comment on column reporting.report_event_summary.net_revenue_to_date_minor is
    'Gross - refund - chargeback + chargeback reversal (signed), from the first day to this one, '
    'in the event''s currency.';
comment on column reporting.report_event_summary.platform_fee_to_date_minor is
    'Platform fees that the organiser bears, from the first day to this one, in the event''s '
    'currency.';
comment on column reporting.report_event_summary.processing_fee_to_date_minor is
    'Payment processing fees that the organiser bears, from the first day to this one, in the '
    'event''s currency.';
comment on column reporting.report_event_summary.payable_to_date_minor is
    'What is owed to the organiser (signed), from the first day to this one, in the event''s '
    'currency.';
comment on column reporting.report_event_summary.other_currency_count is
    'Currencies other than the event''s that its ledger rows bear up to this day; 0 in health.';
comment on column reporting.report_event_summary.is_final is
    'Whether the day is at or after the event''s last local day + 30 days.';

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

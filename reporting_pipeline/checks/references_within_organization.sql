-- Rows of the days that refer to a row of another organisation, for one report table. Each is a finding of
-- both organisations, in ids alone. The rows count as the contract says; no name passes through them.
-- Money on an event that its organisation never sold is an error of that organisation, until it is taken back
-- (its accounts of the event are 0 again); a charge of an order is a break already, and an organisation that
-- Ticketing does not know has no reports. The rest warns: events change hands, and scans are made anywhere.
with asked as (
    select %(of_table)s::text as report_table
),

money as (
    select
        txn.report_day as day,
        txn.organization_id,
        txn.event_id,
        txn.event_id as other_event_id,
        'transaction ' || txn.id || ' of kind ' || txn.kind as referring,
        'event ' || txn.event_id as referred,
        txn.id as transaction_id,
        txn.kind in ('sale', 'refund') and txn.order_id is not null as is_reconciled
    from landing.ledger_transactions as txn
    where txn.report_day = any(%(days)s) and (select asked.report_table from asked) = 'report_revenue_daily'
    union all
    select
        item.report_day as day,
        txn.organization_id,
        item.event_id,
        item.event_id as other_event_id,
        'payout item ' || item.id as referring,
        'event ' || item.event_id as referred,
        txn.id as transaction_id,
        false as is_reconciled
    from landing.ledger_payout_items as item
    inner join landing.ledger_transactions as txn
        on item.transaction_id = txn.id and item.report_day = txn.report_day
    where item.report_day = any(%(days)s) and (select asked.report_table from asked) = 'report_revenue_daily'
),

money_of_other as (
    select
        money.*,
        event.organization_id as other_organization_id,
        not money.is_reconciled
        and exists (
            select from landing.ticketing_organizations as organization
            where organization.id = money.organization_id
        )
        and exists (
            select
            from reporting.report_account_movements_daily as movement
            where
                movement.organization_id = money.organization_id and movement.event_id = money.other_event_id
            group by movement.account_kind, movement.currency
            having sum(movement.change_minor) <> 0
        ) as is_error
    from money
    inner join landing.ticketing_events as event
        on money.other_event_id = event.id and money.organization_id <> event.organization_id
    where
        not exists (
            select
            from landing.ticketing_orders as sold
            inner join landing.ticketing_order_line_movements as movement on sold.id = movement.order_id
            inner join landing.ticketing_ticket_types as type
                on movement.ticket_type_id = type.id and sold.event_id = type.event_id
            where sold.event_id = money.other_event_id and sold.organization_id = money.organization_id
        )
),

-- An order of an organisation that does not hold the event: it has changed hands, or the order is wrong.
movement_of_day as (
    select
        movement.report_day as day,
        booking.organization_id,
        booking.event_id,
        booking.id as order_id,
        movement.id as movement_id,
        event.organization_id as holder_id,
        type.id as ticket_type_id,
        type.event_id as type_event_id
    from landing.ticketing_order_line_movements as movement
    inner join landing.ticketing_orders as booking on movement.order_id = booking.id
    inner join landing.ticketing_events as event on booking.event_id = event.id
    inner join landing.ticketing_ticket_types as type on movement.ticket_type_id = type.id
    where
        movement.report_day = any(%(days)s) and (select asked.report_table from asked) = 'report_sales_daily'
),

sale_of_other as (
    select
        day,
        organization_id,
        event_id,
        holder_id as other_organization_id,
        event_id as other_event_id,
        count(distinct order_id) || ' orders' as referring,
        'event ' || event_id || ' (changed hands, or wrong)' as referred
    from movement_of_day
    where organization_id <> holder_id
    group by day, organization_id, event_id, holder_id
    union all
    select
        movement.day,
        movement.organization_id,
        movement.event_id,
        type_event.organization_id as other_organization_id,
        type_event.id as other_event_id,
        'order line movement ' || movement.movement_id as referring,
        'ticket type ' || movement.ticket_type_id as referred
    from movement_of_day as movement
    inner join landing.ticketing_events as type_event
        on
            movement.type_event_id = type_event.id
            and movement.event_id <> type_event.id
            and movement.organization_id <> type_event.organization_id
),

scan_of_day as (
    select
        scan.report_day as day,
        scan.id,
        scan.event_id,
        event.organization_id,
        scan.ticket_id,
        scan.gate_id,
        scan.reverts_scan_id
    from landing.scanning_scans as scan
    inner join landing.ticketing_events as event on scan.event_id = event.id
    where
        scan.report_day = any(%(days)s) and (select asked.report_table from asked) = 'report_attendance_daily'
),

scan_reference as (
    select
        scan.day,
        scan.id,
        scan.event_id,
        scan.organization_id,
        ticket.event_id as other_event_id,
        'ticket ' || ticket.id as referred
    from scan_of_day as scan
    inner join landing.ticketing_tickets as ticket on scan.ticket_id = ticket.id
    where scan.event_id <> ticket.event_id
    union all
    select
        scan.day,
        scan.id,
        scan.event_id,
        scan.organization_id,
        gate.event_id as other_event_id,
        'gate ' || gate.id as referred
    from scan_of_day as scan
    inner join landing.scanning_gates as gate on scan.gate_id = gate.id
    where scan.event_id <> gate.event_id
    union all
    select
        scan.day,
        scan.id,
        scan.event_id,
        scan.organization_id,
        reverted.event_id as other_event_id,
        'scan ' || reverted.id || ', which it reverts,' as referred
    from scan_of_day as scan
    inner join landing.scanning_scans as reverted on scan.reverts_scan_id = reverted.id
    where scan.event_id <> reverted.event_id
),

scan_of_other as (
    select
        scan.day,
        scan.organization_id,
        scan.event_id,
        other_event.organization_id as other_organization_id,
        scan.other_event_id,
        'scan ' || scan.id as referring,
        scan.referred
    from scan_reference as scan
    inner join landing.ticketing_events as other_event
        on scan.other_event_id = other_event.id and scan.organization_id <> other_event.organization_id
),

ticket_of_day as (
    select
        landing.report_day(ticket.issued_at, event.timezone, event.day_cutoff) as day,
        ticket.id,
        ticket.event_id,
        event.organization_id,
        ticket.order_id,
        ticket.ticket_type_id,
        ticket.section_id
    from landing.ticketing_tickets as ticket
    inner join landing.ticketing_events as event on ticket.event_id = event.id
    where
        (select asked.report_table from asked) = 'report_occupancy_daily'
        -- Of these instants each can be on one of the days in some time zone.
        and ticket.issued_at >= (select min(day) - 2 from unnest(%(days)s::date[]) as day)
        and ticket.issued_at < (select max(day) + 3 from unnest(%(days)s::date[]) as day)
        and landing.report_day(ticket.issued_at, event.timezone, event.day_cutoff) = any(%(days)s)
),

section_of_day as (
    select
        day,
        organization_id,
        event_id,
        section_id,
        'ticket ' || id as referring
    from ticket_of_day
    union all
    select
        movement.report_day as day,
        event.organization_id,
        movement.event_id,
        movement.section_id,
        'inventory movement ' || movement.id as referring
    from landing.seating_inventory_movements as movement
    inner join landing.ticketing_events as event on movement.event_id = event.id
    where
        movement.report_day = any(%(days)s)
        and (select asked.report_table from asked) = 'report_occupancy_daily'
),

-- Venues belong to nobody: a section is another organisation's where only events of others are at its venue.
place_of_other as (
    select distinct
        place.day,
        place.organization_id,
        place.event_id,
        other_event.organization_id as other_organization_id,
        null::uuid as other_event_id,
        place.referring,
        'section ' || place.section_id as referred
    from section_of_day as place
    inner join landing.ticketing_events as event on place.event_id = event.id
    inner join landing.seating_sections as section
        on place.section_id = section.id and section.venue_id is distinct from event.venue_id
    inner join landing.ticketing_events as other_event on section.venue_id = other_event.venue_id
    where
        not exists (
            select
            from landing.ticketing_events as own_event
            where
                own_event.venue_id = section.venue_id and own_event.organization_id = place.organization_id
        )
),

ticket_of_other as (
    select
        ticket.day,
        ticket.organization_id,
        ticket.event_id,
        type_event.organization_id as other_organization_id,
        type_event.id as other_event_id,
        'ticket ' || ticket.id as referring,
        'ticket type ' || type.id as referred
    from ticket_of_day as ticket
    inner join landing.ticketing_ticket_types as type
        on ticket.ticket_type_id = type.id and ticket.event_id <> type.event_id
    inner join landing.ticketing_events as type_event
        on type.event_id = type_event.id and ticket.organization_id <> type_event.organization_id
    union all
    select
        ticket.day,
        ticket.organization_id,
        ticket.event_id,
        booking.organization_id as other_organization_id,
        booking.event_id as other_event_id,
        'ticket ' || ticket.id as referring,
        'order ' || booking.id as referred
    from ticket_of_day as ticket
    inner join landing.ticketing_orders as booking
        on
            ticket.order_id = booking.id
            and ticket.event_id <> booking.event_id
            and ticket.organization_id <> booking.organization_id
),

event_of_other as (
    select
        landing.report_day(event.ends_at, event.timezone, event.day_cutoff) as day,
        event.organization_id,
        event.id as event_id,
        series.organization_id as other_organization_id,
        null::uuid as other_event_id,
        'event ' || event.id as referring,
        'series ' || series.id as referred
    from landing.ticketing_events as event
    inner join landing.ticketing_event_series as series
        on event.series_id = series.id and event.organization_id <> series.organization_id
    where
        (select asked.report_table from asked) = 'report_event_summary'
        and landing.report_day(event.ends_at, event.timezone, event.day_cutoff) = any(%(days)s)
),

reference as (
    select
        day,
        organization_id,
        event_id,
        other_organization_id,
        other_event_id,
        transaction_id,
        referring,
        referred,
        is_error
    from money_of_other
    union all
    select
        row_of_other.day,
        row_of_other.organization_id,
        row_of_other.event_id,
        row_of_other.other_organization_id,
        row_of_other.other_event_id,
        null::uuid as transaction_id,
        row_of_other.referring,
        row_of_other.referred,
        false as is_error
    from (
        select * from sale_of_other
        union all
        select * from scan_of_other
        union all
        select * from place_of_other
        union all
        select * from ticket_of_other
        union all
        select * from event_of_other
    ) as row_of_other
)

select
    reference.day,
    case when side.is_own and reference.is_error then 'error' else 'warn' end as severity,
    side.organization_id,
    side.event_id,
    reference.transaction_id,
    reference.referring,
    side.referring_is_of,
    reference.referred,
    side.referred_is_of,
    case
        when side.is_own and reference.is_error
            then ': book it back in the ledger, then build the day again'
        else ''
    end as remedy,
    null::text as currency,
    null::bigint as expected,
    null::bigint as found
from reference
cross join
    lateral (
        values
        (true, reference.organization_id, reference.event_id, 'this organisation', 'another organisation'),
        (
            false,
            reference.other_organization_id,
            reference.other_event_id,
            'another organisation',
            'this organisation'
        )
    ) as side (is_own, organization_id, event_id, referring_is_of, referred_is_of)

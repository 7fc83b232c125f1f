-- The organisation, event and report days that each finding concerns, as far as they are known now. Rows that
-- a finding refers to may be landed, or be findings themselves. A changed row of a mutable table concerns the
-- places of both its versions.
--
-- unusable, changed               the days that lack the row: its own day, or all days from there on
-- deleted, orphaned, unmarked     the days that count the row; null: every day, as for an account
with versions as (
    select
        finding.*,
        finding.record as row_version
    from landing.row_findings as finding
    union all
    select
        finding.*,
        finding.landed as row_version
    from landing.row_findings as finding
    where finding.finding = 'unmarked' and finding.landed is not null
),

found as (
    select
        domain,
        table_name,
        row_id,
        finding,
        (row_version ->> 'organization_id')::uuid as organization_id,
        case when table_name = 'events' then row_id else (row_version ->> 'event_id')::uuid end as event_id,
        case when table_name = 'orders' then row_id else (row_version ->> 'order_id')::uuid end as order_id,
        (row_version ->> 'transaction_id')::uuid as transaction_id,
        (row_version ->> 'account_id')::uuid as account_id,
        coalesce(
            landing.usable_instant(row_version ->> 'effective_at'),
            landing.usable_instant(row_version ->> 'occurred_at'),
            landing.usable_instant(row_version ->> 'scanned_at'),
            landing.usable_instant(row_version ->> 'issued_at'),
            landing.usable_instant(row_version ->> 'placed_at'),
            landing.usable_instant(row_version ->> 'on_sale_at'),
            landing.usable_instant(row_version ->> 'recorded_at'),
            landing.usable_instant(row_version ->> 'received_at'),
            landing.usable_instant(row_version ->> 'updated_at'),
            since
        ) as instant,
        landing.usable_instant(row_version ->> 'invalidated_at') as ended_at,
        finding in ('deleted', 'orphaned', 'unmarked') as is_counted,
        table_name in (
            'transactions', 'entries', 'payout_items', 'order_line_movements', 'inventory_movements', 'scans'
        ) as is_of_one_day,
        table_name in ('orders', 'tickets') as is_of_some_days
    from versions
),

-- Parents that are landed count; parents that are findings only where they are not.
parents as (
    select
        found.*,
        coalesce(
            booked.organization_id, (booked_aside.record ->> 'organization_id')::uuid
        ) as booked_organization_id,
        coalesce(booked.event_id, (booked_aside.record ->> 'event_id')::uuid) as booked_event_id,
        coalesce(
            booked.report_day,
            (landing.usable_instant(booked_aside.record ->> 'effective_at') at time zone 'UTC')::date
        ) as booked_day,
        coalesce(placed.organization_id, (placed_aside.record ->> 'organization_id')::uuid)
            as placed_organization_id,
        coalesce(placed.event_id, (placed_aside.record ->> 'event_id')::uuid) as placed_event_id,
        account.organization_id as account_organization_id
    from found
    left join landing.ledger_transactions as booked on found.transaction_id = booked.id
    left join landing.row_findings as booked_aside
        on
            found.transaction_id = booked_aside.row_id
            and booked_aside.domain = 'ledger' and booked_aside.table_name = 'transactions'
            and booked_aside.finding = 'unusable'
    left join landing.ticketing_orders as placed on found.order_id = placed.id
    left join landing.row_findings as placed_aside
        on
            found.order_id = placed_aside.row_id
            and placed_aside.domain = 'ticketing' and placed_aside.table_name = 'orders'
            and placed_aside.finding = 'unusable'
    left join landing.ledger_accounts as account on found.account_id = account.id
),

places as (
    select
        parents.*,
        coalesce(parents.event_id, parents.booked_event_id, parents.placed_event_id) as place_event_id,
        coalesce(
            parents.organization_id,
            case parents.table_name when 'organizations' then parents.row_id end,
            parents.booked_organization_id,
            parents.placed_organization_id,
            event.organization_id,
            (event_aside.record ->> 'organization_id')::uuid,
            parents.account_organization_id
        ) as place_organization_id,
        event.timezone as event_timezone,
        coalesce(event.day_cutoff, '00:00') as day_cutoff
    from parents
    left join landing.ticketing_events as event
        on coalesce(parents.event_id, parents.booked_event_id, parents.placed_event_id) = event.id
    left join landing.row_findings as event_aside
        on
            coalesce(parents.event_id, parents.booked_event_id, parents.placed_event_id) = event_aside.row_id
            and event_aside.domain = 'ticketing' and event_aside.table_name = 'events'
            and event_aside.finding = 'unusable'
),

zoned as (
    select
        places.*,
        coalesce(places.event_timezone, organization.timezone, 'UTC') as timezone
    from places
    left join landing.ticketing_organizations as organization
        on places.place_organization_id = organization.id
),

dated as (
    select
        zoned.*,
        coalesce(
            zoned.booked_day,
            landing.report_day(zoned.instant, zoned.timezone, zoned.day_cutoff)
        ) as day,
        landing.report_day(zoned.ended_at, zoned.timezone, zoned.day_cutoff) as ended_day,
        moved.last_day as moved_day
    from zoned
    left join
        lateral (
            select max(movement.report_day) as last_day
            from landing.ticketing_order_line_movements as movement
            where zoned.table_name = 'orders' and movement.order_id = zoned.row_id
        ) as moved
        on true
),

spans as (
    select
        dated.*,
        case
            when not dated.is_counted or dated.is_of_one_day or dated.is_of_some_days then dated.day
        end as first_day,
        case
            when dated.is_of_one_day then dated.day
            when dated.is_counted and dated.is_of_some_days
                then greatest(dated.day, dated.ended_day, dated.moved_day)
        end as last_day
    from dated
),

places_of_rows as (
    select
        domain,
        table_name,
        row_id,
        finding,
        (array_agg(place_organization_id) filter (where place_organization_id is not null))[1]
            as organization_id,
        case when count(distinct place_event_id) = 1 then (array_agg(place_event_id))[1] end as event_id,
        min(first_day) as first_day,
        max(last_day) as last_day
    from spans
    group by domain, table_name, row_id, finding
)

update landing.row_findings as finding
set
    organization_id = place.organization_id,
    event_id = place.event_id,
    first_day = place.first_day,
    last_day = place.last_day
from places_of_rows as place
where
    finding.domain = place.domain
    and finding.table_name = place.table_name
    and finding.row_id = place.row_id
    and finding.finding = place.finding
    and (finding.organization_id, finding.event_id, finding.first_day, finding.last_day)
    is distinct from (place.organization_id, place.event_id, place.first_day, place.last_day)

-- The facts that decide the seal of each report day of an organisation, one row per day. With `event_ids`,
-- only facts that concern these events, or all events of the organisation.
with
days as (
    select cast(day as date) as date
    from generate_series(%(first_day)s::date, %(end_day)s::date - 1, interval '1 day') as day
),

-- Every zone and cutoff by which a report day of the organisation ends; UTC if it is not known.
clocks as (
    select
        coalesce(max(timezone), 'UTC') as timezone,
        time '00:00' as cutoff
    from landing.ticketing_organizations
    where id = %(organization_id)s
    union
    select
        timezone,
        day_cutoff as cutoff
    from landing.ticketing_events
    where organization_id = %(organization_id)s
),

ends as (
    select
        days.date,
        max(((days.date + 1) + clocks.cutoff) at time zone clocks.timezone) as ends_at
    from days
    cross join clocks
    group by days.date
),

pending as (
    select
        report_day as date,
        array_agg(distinct report_table order by report_table) as report_tables
    from landing.touched_days
    where
        (organization_id = %(organization_id)s or organization_id is null)
        and (%(event_ids)s::uuid[] is null or event_id is null or event_id = any(%(event_ids)s))
        and report_table = any(%(tables)s)
        and report_day >= %(first_day)s and report_day < %(end_day)s
    group by report_day
),

-- A break without an event concerns no single event.
open_breaks as (
    select
        date,
        kind || ': ' || coalesce(
            'entry ' || entry_id, 'transaction ' || transaction_id, 'order ' || order_id
        ) || ', Ticketing ' || ticketing_minor || ', ledger ' || ledger_minor
        || ' minor units of ' || currency as message,
        abs(difference_minor) as break_size
    from reporting.report_reconciliation_breaks as found
    where
        organization_id = %(organization_id)s
        and (%(event_ids)s::uuid[] is null or event_id = any(%(event_ids)s))
        and date >= %(first_day)s and date < %(end_day)s
        and kind <> all(%(warning_kinds)s)
        and not exists (
            select from reporting.accepted_breaks as accepted
            where
                accepted.taken_back_at is null
                and (
                    accepted.organization_id, accepted.kind, accepted.currency, accepted.ticketing_minor,
                    accepted.ledger_minor
                ) = (
                    found.organization_id, found.kind, found.currency, found.ticketing_minor,
                    found.ledger_minor
                )
                and (accepted.event_id, accepted.order_id, accepted.transaction_id, accepted.entry_id)
                is not distinct from (found.event_id, found.order_id, found.transaction_id, found.entry_id)
        )
),

objecting as (
    select
        date,
        message,
        row_number() over (partition by date order by break_size desc, message asc) as place
    from open_breaks
    union all
    -- After the breaks.
    select
        date,
        message,
        1000000000 + position as place
    from reporting.seal_objections
    where
        (organization_id = %(organization_id)s or organization_id is null)
        and (%(event_ids)s::uuid[] is null or event_id is null or event_id = any(%(event_ids)s))
        and report_table = any(%(tables)s)
        and date >= %(first_day)s and date < %(end_day)s
),

objections as (
    select
        date,
        array_agg(message order by place) as messages
    from objecting
    group by date
)

select
    ends.date as day,
    ends.ends_at,
    coalesce(pending.report_tables, '{}') as pending_tables,
    coalesce(objections.messages, '{}') as objections
from ends
left join pending on ends.date = pending.date
left join objections on ends.date = objections.date
order by ends.date

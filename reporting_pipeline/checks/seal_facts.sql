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
        greatest(report_day, %(first_day)s::date) as date,
        array_agg(distinct report_table order by report_table) as report_tables
    from landing.touched_days
    where
        (organization_id = %(organization_id)s or organization_id is null)
        and (%(event_ids)s::uuid[] is null or event_id is null or event_id = any(%(event_ids)s))
        and report_table = any(%(tables)s)
        and report_day >= %(earliest_day)s and report_day < %(end_day)s
    group by greatest(report_day, %(first_day)s::date)
),

-- A break without an event concerns no single event.
found_breaks as (
    select
        *,
        greatest(date, %(first_day)s::date) as held_day,
        coalesce('entry ' || entry_id, 'transaction ' || transaction_id, 'order ' || order_id) as concerns
    from reporting.report_reconciliation_breaks as found
    where
        %(are_breaks_objections)s
        and organization_id = %(organization_id)s
        and (%(event_ids)s::uuid[] is null or event_id = any(%(event_ids)s))
        and date >= %(earliest_day)s and date < %(end_day)s
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

-- Their amounts in major units, where the currency has some.
currencies as (
    select
        currency,
        cast('1e-' || coalesce(%(digits)s::jsonb ->> currency, '0') as numeric) as minor_size,
        case when %(digits)s::jsonb ? currency then ' ' else ' minor units of ' end || currency as unit
    from found_breaks
    group by currency
),

open_breaks as (
    select
        found_breaks.held_day as date,
        found_breaks.kind || ': ' || found_breaks.concerns
        || coalesce(
            ', event ' || left(regexp_replace(events.name, '[[:space:][:cntrl:]]+', ' ', 'g'), 80)
            || ' (' || found_breaks.event_id || ')',
            ', event ' || found_breaks.event_id,
            ''
        )
        || ', Ticketing ' || found_breaks.ticketing_minor * currencies.minor_size || currencies.unit
        || ', ledger ' || found_breaks.ledger_minor * currencies.minor_size || currencies.unit as message,
        abs(found_breaks.difference_minor) as break_size
    from found_breaks
    inner join currencies on found_breaks.currency = currencies.currency
    left join landing.ticketing_events as events
        on found_breaks.event_id = events.id and found_breaks.organization_id = events.organization_id
),

-- A row of a source that a table lacks; it concerns its day, or all days from there on.
set_aside as (
    select
        *, -- noqa: AM04
        last_day >= %(earliest_day)s as may_be_earlier
    from reporting.set_aside_rows
    where
        organization_id = %(organization_id)s
        and (%(event_ids)s::uuid[] is null or event_id is null or event_id = any(%(event_ids)s))
        and report_table = any(%(tables)s)
),

lacking as (
    select
        days.date,
        set_aside.severity,
        set_aside.source_table || ', row ' || set_aside.row_id || ', is set aside: ' || set_aside.reason
            as message
    from days
    inner join set_aside
        on
            days.date >= set_aside.first_day
            and (
                set_aside.last_day is null
                or days.date <= set_aside.last_day
                or (set_aside.may_be_earlier and days.date = %(first_day)s::date)
            )
    group by days.date, set_aside.severity, set_aside.source_table, set_aside.row_id, set_aside.reason
),

doubts as (
    select
        date,
        array_agg(message order by message) as messages
    from lacking
    where severity = 'warn'
    group by date
),

-- Source rows that cannot be trusted, by the days that they concern; one objection for all rows of a table.
findings as (
    select
        finding,
        domain || '.' || table_name as source_table,
        first_day,
        last_day,
        count(*) as row_count,
        (array_agg(row_id order by row_id))[1] as row_id,
        (array_agg(reason order by row_id))[1] as reason
    from landing.open_findings
    where
        organization_id = %(organization_id)s
        and finding = any(%(holding_findings)s)
        and domain || '_' || table_name = any(%(landing_tables)s)
        and (%(event_ids)s::uuid[] is null or event_id is null or event_id = any(%(event_ids)s))
    group by finding, domain, table_name, first_day, last_day
),

-- A source that was emptied or set back concerns every day.
replaced_sources as (
    select
        domain,
        since
    from landing.source_faults
    where error = 'SourceReplaced'
),

objecting as (
    select
        date,
        message,
        row_number() over (partition by date order by break_size desc, message asc) as place
    from open_breaks
    union all
    select
        days.date,
        'source ' || replaced_sources.domain || ' lacks most of its landed rows' as message,
        0 as place
    from days
    cross join replaced_sources
    union all
    select
        days.date,
        findings.finding || ': ' || findings.source_table || ', row ' || findings.row_id || ': '
        || findings.reason
        || case when findings.row_count > 1 then ', and ' || findings.row_count - 1 || ' more' else '' end
            as message,
        600000000 as place
    from days
    inner join findings
        on
            days.date >= coalesce(findings.first_day, '-infinity')
            and days.date <= coalesce(findings.last_day, 'infinity')
    union all
    -- Before the breaks, which it may cause.
    select
        date,
        message,
        row_number() over (partition by date order by message) - 1000000000 as place
    from lacking
    where severity = 'error'
    union all
    -- After the breaks.
    select
        greatest(date, %(first_day)s::date) as date,
        message,
        1000000000 + position as place
    from reporting.seal_objections
    where
        (organization_id = %(organization_id)s or organization_id is null)
        and (%(event_ids)s::uuid[] is null or event_id is null or event_id = any(%(event_ids)s))
        and report_table = any(%(tables)s)
        and date >= %(earliest_day)s and date < %(end_day)s
),

objections as (
    select
        date,
        array_agg(message order by place, message) as messages
    from objecting
    group by date
)

select
    ends.date as day,
    ends.ends_at,
    coalesce(pending.report_tables, '{}') as pending_tables,
    coalesce(objections.messages, '{}') as objections,
    coalesce(doubts.messages, '{}') as doubts
from ends
left join pending on ends.date = pending.date
left join objections on ends.date = objections.date
left join doubts on ends.date = doubts.date
order by ends.date

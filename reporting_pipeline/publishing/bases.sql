-- The state of what reports are read from, one row per organisation and range of report days. Sums are of
-- counters and ids that only grow: equal sums over the same days mean that nothing has changed.
with
scopes as (
    select
        scope.organization_id,
        scope.first_day,
        scope.end_day
    from unnest(%(organization_ids)s::uuid[], %(first_days)s::date[], %(end_days)s::date[])
        as scope (organization_id, first_day, end_day)
),

periods as (
    select distinct
        scopes.first_day,
        scopes.end_day
    from scopes
),

changes as (
    select
        periods.first_day,
        periods.end_day,
        coalesce(sum(days.change_count), 0) as day_change_count
    from periods
    left join reporting.day_changes as days on periods.first_day <= days.date and periods.end_day > days.date
    group by periods.first_day, periods.end_day
),

-- Landed rows that are not built yet.
queue as materialized (
    select
        organization_id,
        report_day,
        sum(id) as ids
    from landing.touched_days
    group by organization_id, report_day
),

waiting as (
    select
        scopes.organization_id,
        scopes.first_day,
        scopes.end_day,
        coalesce(sum(queue.ids), 0) as waiting_ids
    from scopes
    left join queue
        on
            (scopes.organization_id = queue.organization_id or queue.organization_id is null)
            and scopes.first_day <= queue.report_day and scopes.end_day > queue.report_day
    group by scopes.organization_id, scopes.first_day, scopes.end_day
),

organizations as (
    select distinct scopes.organization_id
    from scopes
),

-- Every zone and cutoff by which a report day of the organisation ends; UTC if it is not known.
clocks as (
    select
        organizations.organization_id,
        coalesce(known.timezone, 'UTC') as timezone,
        time '00:00' as cutoff
    from organizations
    left join landing.ticketing_organizations as known on organizations.organization_id = known.id
    union
    select
        events.organization_id,
        events.timezone,
        events.day_cutoff as cutoff
    from organizations
    inner join landing.ticketing_events as events on organizations.organization_id = events.organization_id
),

ends as (
    select
        scopes.organization_id,
        scopes.end_day,
        max((scopes.end_day + clocks.cutoff) at time zone clocks.timezone) as ends_at
    from scopes
    inner join clocks on scopes.organization_id = clocks.organization_id
    group by scopes.organization_id, scopes.end_day
),

names as (
    select
        organizations.organization_id,
        sum(name_changes.change_count) as name_change_count
    from organizations
    inner join landing.name_changes
        on
            organizations.organization_id = name_changes.organization_id
            or name_changes.organization_id is null
    group by organizations.organization_id
),

-- An acceptance is never deleted, and taken back once.
acceptances as (
    select
        organization_id,
        count(*) + count(taken_back_at) as acceptance_count
    from reporting.accepted_breaks
    where organization_id = any(%(organization_ids)s::uuid[])
    group by organization_id
),

findings as (
    select
        organization_id,
        md5(
            cast(
                jsonb_agg(
                    jsonb_build_array(
                        domain, table_name, row_id, finding, event_id, first_day, last_day, is_landed, reason
                    )
                    order by domain, table_name, row_id, finding
                ) as text
            )
        ) as digest
    from landing.open_findings
    where organization_id = any(%(organization_ids)s::uuid[])
    group by organization_id
)

select
    scopes.organization_id,
    scopes.first_day,
    scopes.end_day,
    ends.ends_at,
    changes.day_change_count,
    waiting.waiting_ids,
    names.name_change_count,
    acceptances.acceptance_count,
    findings.digest
from scopes
inner join ends on scopes.organization_id = ends.organization_id and scopes.end_day = ends.end_day
inner join changes on scopes.first_day = changes.first_day and scopes.end_day = changes.end_day
inner join waiting
    on
        scopes.organization_id = waiting.organization_id
        and scopes.first_day = waiting.first_day
        and scopes.end_day = waiting.end_day
left join names on scopes.organization_id = names.organization_id
left join acceptances on scopes.organization_id = acceptances.organization_id
left join findings on scopes.organization_id = findings.organization_id

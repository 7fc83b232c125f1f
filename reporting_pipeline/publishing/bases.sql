-- The state of what reports are read from, one row per organisation and range of report days. Sums are of
-- counters and ids that only grow: equal sums over the same days mean that nothing has changed. Parts are
-- looked up one by one, in place of joins, because that makes the plan for a single report cheaper.
with
scopes as materialized (
    select
        scope.organization_id,
        scope.first_day,
        scope.end_day
    from unnest(%(organization_ids)s::uuid[], %(first_days)s::date[], %(end_days)s::date[])
        as scope (organization_id, first_day, end_day)
),

periods as materialized (
    select
        period.first_day,
        period.end_day,
        (
            select coalesce(sum(days.change_count), 0)
            from reporting.day_changes as days
            where days.date >= period.first_day and days.date < period.end_day
        ) as day_change_count
    from (
        select distinct
            scopes.first_day,
            scopes.end_day
        from scopes
    ) as period
),

-- Landed rows that are not built yet.
queue as materialized (
    select
        touched.organization_id,
        touched.report_day,
        sum(touched.id) as ids
    from landing.touched_days as touched
    group by touched.organization_id, touched.report_day
),

-- Every zone and cutoff by which a report day of an organisation ends; UTC if it is not known.
clocks as materialized (
    select
        scopes.organization_id,
        coalesce(
            (
                select known.timezone
                from landing.ticketing_organizations as known
                where known.id = scopes.organization_id
            ),
            'UTC'
        ) as timezone,
        time '00:00' as cutoff
    from scopes
    union
    select
        events.organization_id,
        events.timezone,
        events.day_cutoff as cutoff
    from landing.ticketing_events as events
    where events.organization_id = any(%(organization_ids)s::uuid[])
),

organizations as materialized (
    select
        organization.organization_id,
        (
            select coalesce(sum(changes.change_count), 0)
            from landing.name_changes as changes
            where changes.organization_id = organization.organization_id or changes.organization_id is null
        ) as name_change_count,
        -- An acceptance is never deleted, and taken back once.
        (
            select count(*) + count(accepted.taken_back_at)
            from reporting.accepted_breaks as accepted
            where accepted.organization_id = organization.organization_id
        ) as acceptance_count,
        (
            select
                md5(
                    cast(
                        jsonb_agg(
                            jsonb_build_array(
                                found.domain, found.table_name, found.row_id, found.finding, found.event_id,
                                found.first_day, found.last_day, found.is_landed, found.reason
                            )
                            order by found.domain, found.table_name, found.row_id, found.finding
                        ) as text
                    )
                )
            from landing.open_findings as found
            where found.organization_id = organization.organization_id
        ) as findings
    from (
        select distinct scopes.organization_id
        from scopes
    ) as organization
)

select
    scopes.organization_id,
    scopes.first_day,
    scopes.end_day,
    (
        select max((scopes.end_day + clocks.cutoff) at time zone clocks.timezone)
        from clocks
        where clocks.organization_id = scopes.organization_id
    ) as ends_at,
    (
        select periods.day_change_count
        from periods
        where periods.first_day = scopes.first_day and periods.end_day = scopes.end_day
    ) as day_change_count,
    (
        select coalesce(sum(queue.ids), 0)
        from queue
        where
            (queue.organization_id = scopes.organization_id or queue.organization_id is null)
            and queue.report_day >= scopes.first_day and queue.report_day < scopes.end_day
    ) as waiting_ids,
    (
        select
            jsonb_build_array(
                organizations.name_change_count, organizations.acceptance_count, organizations.findings
            )
        from organizations
        where organizations.organization_id = scopes.organization_id
    ) as of_organization
from scopes

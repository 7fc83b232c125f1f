-- Grain: one row per organisation and table: the landed source tables, and the report tables. Sources
-- are landed for all organisations at once; a day waits to be built for one organisation, or for all.
{%- set report_tables = [
    'report_sales_daily', 'report_revenue_daily', 'report_attendance_daily', 'report_attendance_quarter_hourly',
    'report_occupancy_daily', 'report_event_summary', 'report_reconciliation_breaks', 'report_tax_daily',
    'report_account_movements_daily',
] %}
with source_tables as (
    select
        watermarks.domain || '.' || watermarks.table_name as table_name,
        watermarks.domain,
        watermarks.record_clock,
        watermarks.landed_at,
        source_reads.complete_through
    from {{ ref('stg_landing__watermarks') }} as watermarks
    left join {{ ref('stg_landing__source_reads') }} as source_reads
        on watermarks.domain = source_reads.domain
),

report_tables as (
    {% for name in report_tables %}
        select '{{ name }}' as table_name
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

tables_of_organizations as (
    select
        organizations.organization_id,
        organizations.organization_name,
        source_tables.table_name,
        source_tables.domain,
        source_tables.record_clock,
        source_tables.landed_at,
        source_tables.complete_through,
        cast(null as bigint) as waiting_day_count,
        cast(null as date) as oldest_waiting_day
    from {{ ref('stg_ticketing__organizations') }} as organizations
    cross join source_tables
    union all
    select
        organizations.organization_id,
        organizations.organization_name,
        report_tables.table_name,
        null as domain,
        cast(null as timestamp with time zone) as record_clock,
        cast(null as timestamp with time zone) as landed_at,
        cast(null as timestamp with time zone) as complete_through,
        count(distinct touched_days.report_day) as waiting_day_count,
        min(touched_days.report_day) as oldest_waiting_day
    from {{ ref('stg_ticketing__organizations') }} as organizations
    cross join report_tables
    left join {{ ref('stg_landing__touched_days') }} as touched_days
        on
            report_tables.table_name = touched_days.report_table
            and organizations.organization_id
            = coalesce(touched_days.organization_id, organizations.organization_id)
    group by
        organizations.organization_id,
        organizations.organization_name,
        report_tables.table_name
)

select
    organization_id,
    organization_name,
    table_name,
    domain,
    record_clock,
    landed_at,
    complete_through,
    waiting_day_count,
    oldest_waiting_day
from tables_of_organizations

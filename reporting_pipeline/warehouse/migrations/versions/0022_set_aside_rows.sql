-- Which event and report days a finding about a row of a source concerns, and which report tables lack it.
alter table landing.row_findings
    add column event_id uuid,
    add column first_day date,
    add column last_day date,
    add column is_landed boolean not null default false;
comment on column landing.row_findings.event_id is 'null: not known, or no single event';
comment on column landing.row_findings.first_day is
    'the report day of the row, by its record clock if its business clock cannot be used';
comment on column landing.row_findings.last_day is 'null: it concerns all later days too';
comment on column landing.row_findings.is_landed is 'a former version of the row is landed, and counts';

-- An instant of a row as JSON, if it is one that has a report day.
create function landing.usable_instant(value text) returns timestamptz
    language sql stable parallel safe
    return case
        when value ~ '^\d{4}-\d\d-\d\dT' and value !~ 'BC$' then
            case
                when value::timestamptz between '0001-01-03Z' and '9998-12-31Z' then value::timestamptz
            end
    end;

-- Grain: one row per finding and report table that lacks the row, of organisations that are known. An error
-- holds the reports of its event and days; a warning makes them provisional. Where money is missing it is an
-- error, unless a former version of a row that may change counts instead.
create view reporting.set_aside_rows as
select
    concerned.report_table,
    finding.organization_id,
    finding.event_id,
    finding.first_day,
    finding.last_day,
    case
        when concern.severity = 'error' and finding.is_landed and concern.may_change then 'warn'
        else concern.severity
    end as severity,
    finding.domain || '.' || finding.table_name as source_table,
    finding.row_id,
    finding.finding,
    finding.reason,
    finding.since,
    finding.last_at
from landing.row_findings as finding
inner join (
    values
    (
        'ledger', array['accounts', 'transactions', 'entries', 'payout_items'], 'error', false,
        array[
            'report_revenue_daily', 'report_tax_daily', 'report_account_movements_daily', 'report_event_summary'
        ]
    ),
    (
        'ticketing', array['order_line_movements'], 'error', false,
        array['report_sales_daily', 'report_event_summary']
    ),
    (
        'ticketing', array['orders', 'ticket_types'], 'error', true,
        array['report_sales_daily', 'report_event_summary']
    ),
    (
        'ticketing', array['organizations', 'events'], 'error', true,
        array[
            'report_sales_daily', 'report_revenue_daily', 'report_tax_daily', 'report_account_movements_daily',
            'report_event_summary'
        ]
    ),
    (
        'ticketing', array['events', 'ticket_types', 'tickets'], 'warn', true,
        array['report_attendance_daily', 'report_attendance_quarter_hourly', 'report_occupancy_daily']
    ),
    ('ticketing', array['tickets'], 'warn', true, array['report_event_summary']),
    (
        'seating', array['inventory_movements'], 'warn', false,
        array['report_occupancy_daily', 'report_event_summary']
    ),
    (
        'scanning', array['scans'], 'warn', false,
        array[
            'report_attendance_daily', 'report_attendance_quarter_hourly', 'report_occupancy_daily',
            'report_event_summary'
        ]
    )
) as concern (domain, table_names, severity, may_change, report_tables)
    on finding.domain = concern.domain and finding.table_name = any(concern.table_names)
cross join lateral unnest(concern.report_tables) as concerned (report_table)
where
    finding.finding in ('unusable', 'changed')
    and finding.organization_id is not null
    and finding.first_day is not null;

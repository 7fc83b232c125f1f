-- Sources that change behind landing: rows that are deleted, or whose parent is missing.
alter table landing.row_findings drop constraint row_findings_finding_check;
alter table landing.row_findings add constraint row_findings_finding_check check (
    finding in ('unusable', 'changed', 'deleted', 'orphaned', 'unmarked', 'clock_ahead')
);
alter table landing.row_findings
add column landed jsonb;
comment on column landing.row_findings.finding is
    'unusable: not landed; changed: an append-only row, landed as it was; deleted: landed, and kept; orphaned:'
    ' landed without a row that it names; unmarked: landed, without a newer updated_at; clock_ahead: landed';
comment on column landing.row_findings.record is 'the row as it is in the source; of a deleted one, as it was landed';
comment on column landing.row_findings.landed is 'the landed row, if it is another than the one in the source';
comment on column landing.row_findings.first_day is 'the first report day that it concerns; null: every day';
comment on column landing.row_findings.last_day is 'the last report day that it concerns; null: every day';
create index on landing.row_findings (organization_id);

-- Findings that a person has accepted. An acceptance is for the row as it is now: a row that changes again is
-- open again. Rows are never deleted.
create table landing.accepted_findings (
    id              bigint      primary key generated always as identity,
    domain          text        not null,
    table_name      text        not null,
    row_id          uuid        not null,
    finding         text        not null,
    record          jsonb       not null,
    accepted_by     text        not null,
    accepted_at     timestamptz not null,
    reason          text        not null,
    taken_back_by   text,
    taken_back_at   timestamptz,
    check ((taken_back_by is null) = (taken_back_at is null))
);
create index on landing.accepted_findings (row_id);
comment on table landing.accepted_findings is
    'findings that a person has accepted for the present row; accepted ones hold no report';

create view landing.open_findings as
select
    found.domain,
    found.table_name,
    found.row_id,
    found.finding,
    found.organization_id,
    found.event_id,
    found.first_day,
    found.last_day,
    found.is_landed,
    found.reason,
    found.record,
    found.landed,
    found.since,
    found.last_at
from landing.row_findings as found
where
    not exists (
        select from landing.accepted_findings as accepted
        where
            accepted.taken_back_at is null
            and accepted.row_id = found.row_id
            and (accepted.domain, accepted.table_name, accepted.finding)
            = (found.domain, found.table_name, found.finding)
            and accepted.record = found.record
    );
comment on view landing.open_findings is 'the findings that no person has accepted';

-- Accepted findings hold nothing.
create or replace view reporting.set_aside_rows as
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
from landing.open_findings as finding
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

-- How far the comparison of each source table has come.
create table landing.comparisons (
    domain          text        not null,
    table_name      text        not null,
    next_clock      timestamptz,
    turn_began_at   timestamptz,
    turn_ended_at   timestamptz,
    compared_count  bigint      not null default 0,
    primary key (domain, table_name)
);
comment on table landing.comparisons is
    'how far landed rows have been compared with each source table, in turns by record clock';
comment on column landing.comparisons.next_clock is 'where the next comparison begins; null: a new turn begins';
comment on column landing.comparisons.turn_ended_at is 'when every landed row had been compared; null: never yet';
comment on column landing.comparisons.compared_count is 'rows compared in the present turn';

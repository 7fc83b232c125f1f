-- A fence is the number of a lease. Only the result of the last lease counts.
create sequence catalogue.request_fences;

-- Requests for reports: one row each time that a report in a format was requested and not current.
create table catalogue.report_requests (
    id                     uuid        primary key,
    organization_id        uuid        not null,
    definition_id          uuid        not null,
    version                integer     not null,
    period                 text        not null,
    period_first           date,
    period_end             date        not null,
    event_id               uuid,
    format                 text        not null check (format in ('csv', 'xlsx', 'pdf', 'parquet', 'jsonl')),
    is_provisional_allowed boolean     not null,
    status                 text        not null default 'queued' check (status in
                             ('queued', 'running', 'completed', 'held', 'failed', 'dead')),
    attempts               integer     not null default 0 check (attempts >= 0),
    fence                  bigint,
    worker                 text,
    heartbeat_at           timestamptz,
    requested_at           timestamptz not null default clock_timestamp(),
    available_at           timestamptz not null default clock_timestamp(),
    started_at             timestamptz,
    finished_at            timestamptz,
    report_id              uuid        not null,
    edition                integer,
    failure_class          text,
    failure_message        text,
    foreign key (definition_id, version) references catalogue.report_definition_versions,
    check (status <> 'running' or (fence is not null and heartbeat_at is not null)),
    check ((finished_at is not null) = (status not in ('queued', 'running')))
);
comment on column catalogue.report_requests.attempts is 'leases that were taken';
comment on column catalogue.report_requests.available_at is 'no attempt before';
comment on column catalogue.report_requests.report_id is 'of the generated report; it may not be there yet';
comment on column catalogue.report_requests.edition is 'the one that stands since; null: none does';

-- Equal requests share one open row.
create unique index report_requests_open on catalogue.report_requests
    (organization_id, definition_id, version, period, format)
    where status in ('queued', 'running');
create index on catalogue.report_requests (organization_id, requested_at) where status = 'queued';
create index on catalogue.report_requests (heartbeat_at) where status = 'running';
create index on catalogue.report_requests (organization_id, fence desc) where fence is not null;
create index on catalogue.report_requests (report_id);

-- Equal pushes share a request, so it can have the id of each of them.
alter table catalogue.report_requests
add column correlation_ids text[] not null default '{}' check (cardinality(correlation_ids) <= 100);
comment on column catalogue.report_requests.correlation_ids is
    'what programs that pushed the request call it; each of its notices has one of them';

-- Pages of lists begin behind a row, in the order of an index.
create index report_requests_by_organization on catalogue.report_requests (organization_id, requested_at, id);
create index alerts_open_by_organization on catalogue.alerts (organization_id, (severity <> 'error'), id)
    where resolved_at is null;
create index accepted_breaks_by_time on reporting.accepted_breaks (organization_id, accepted_at, id)
    where taken_back_at is null;

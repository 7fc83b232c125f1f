-- Warnings about devices on a sealed day, such as a wrong clock; they hold no report.
create table reporting.device_findings (
    date            date   not null references reporting.sealed_days on delete cascade,
    position        bigint not null,
    organization_id uuid   not null,
    event_id        uuid   not null,
    gate_id         uuid,
    device_id       uuid,
    check_name      text   not null,
    scan_count      bigint not null,
    message         text   not null,
    primary key (date, position)
);
comment on column reporting.device_findings.device_id is 'null: of all devices of the event';
create index on reporting.device_findings (organization_id, event_id);

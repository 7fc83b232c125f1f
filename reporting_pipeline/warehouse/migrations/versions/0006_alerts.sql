-- ----------------------------------------------------------------- landing
-- The last fault of each source; a landing that reads the source deletes the row.
create table landing.source_faults (
    domain      text        primary key,
    error       text        not null,
    message     text        not null,
    since       timestamptz not null,
    last_at     timestamptz not null,
    try_count   bigint      not null check (try_count >= 1)
);
comment on column landing.source_faults.error is 'the name of the error: SourceUnavailable';
comment on column landing.source_faults.since is 'when it was first tried in vain';

-- ------------------------------------------------------------------ alerts
-- One row each time that a cause exists: opened when it begins, resolved when it ends.
create table catalogue.alerts (
    id              bigint      generated always as identity primary key,
    kind            text        not null,
    cause           text        not null,
    organization_id uuid,
    severity        text        not null check (severity in ('warn', 'error')),
    message         text        not null,
    facts           jsonb       not null,
    count           bigint      not null check (count >= 1),
    opened_at       timestamptz not null,
    updated_at      timestamptz not null,
    resolved_at     timestamptz
);
comment on column catalogue.alerts.organization_id is 'null: all organisations';
comment on column catalogue.alerts.count is
    'how many things stand behind it: report days of a break, formats of a report';
create unique index alerts_open_cause on catalogue.alerts (cause) where resolved_at is null;
create index on catalogue.alerts (organization_id, id);

-- Messages to channels: written in the transaction of the alert, sent afterwards.
create table catalogue.alert_deliveries (
    id              bigint      generated always as identity primary key,
    channel         text        not null,
    message         jsonb       not null,
    created_at      timestamptz not null,
    attempt_count   integer     not null default 0,
    next_attempt_at timestamptz not null,
    last_error      text,
    delivered_at    timestamptz,
    given_up_at     timestamptz
);
comment on column catalogue.alert_deliveries.channel is 'its name, which holds no secret';
create index alert_deliveries_pending on catalogue.alert_deliveries (channel, id)
    where delivered_at is null and given_up_at is null;

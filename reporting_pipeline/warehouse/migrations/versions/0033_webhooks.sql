-- Addresses of an organisation that are told about its reports.
create table catalogue.webhook_subscriptions (
    id              uuid        primary key default gen_random_uuid(),
    organization_id uuid        not null,
    address         text        not null,
    kinds           text[]      not null,
    definition_id   uuid        references catalogue.report_definitions (id),
    created_at      timestamptz not null,
    paused_at       timestamptz,
    pause_reason    text,
    check (cardinality(kinds) > 0),
    check ((paused_at is null) = (pause_reason is null))
);
comment on table catalogue.webhook_subscriptions is 'addresses of organisations that are told about their reports';
comment on column catalogue.webhook_subscriptions.definition_id is 'null: all definitions of the organisation';
create index on catalogue.webhook_subscriptions (organization_id);
create index on catalogue.webhook_subscriptions (definition_id);

-- Apart from the subscriptions, because readers may see those.
create table catalogue.webhook_secrets (
    subscription_id uuid primary key references catalogue.webhook_subscriptions (id) on delete cascade,
    secret          text not null
);
comment on table catalogue.webhook_secrets is 'the keys that sign the messages of webhooks';

create table catalogue.webhook_deliveries (
    id              bigint      generated always as identity primary key,
    subscription_id uuid        not null references catalogue.webhook_subscriptions (id) on delete cascade,
    report_id       uuid        not null,
    kind            text        not null,
    message         jsonb       not null,
    created_at      timestamptz not null,
    attempt_count   integer     not null default 0,
    next_attempt_at timestamptz not null,
    last_error      text,
    delivered_at    timestamptz,
    given_up_at     timestamptz,
    check (delivered_at is null or given_up_at is null)
);
comment on table catalogue.webhook_deliveries is 'messages for webhooks; each is sent until its receiver accepts it';
comment on column catalogue.webhook_deliveries.next_attempt_at is 'a sender that claims a message moves it on';
create index webhook_deliveries_waiting on catalogue.webhook_deliveries (subscription_id, report_id, id)
    where delivered_at is null and given_up_at is null;
create index webhook_deliveries_dead on catalogue.webhook_deliveries (subscription_id)
    where given_up_at is not null;

do $$
declare
    own constant text = 'organization_id = {tenant}';
    of_subscription constant text =
        'exists (select from catalogue.webhook_subscriptions as wanted where wanted.id = subscription_id)';
begin
    perform reporting.protect_rows('catalogue.webhook_subscriptions', own);
    perform reporting.protect_rows('catalogue.webhook_secrets', null);
    perform reporting.protect_rows('catalogue.webhook_deliveries', of_subscription);
end
$$;

-- Who asked for, downloaded or changed what, through the API. Rows are only added: a trigger refuses every other
-- change, also to the owner.
create table catalogue.audit_log (
    id              bigint      generated always as identity primary key,
    at              timestamptz not null,
    organization_id uuid        not null,
    subject         text        not null,
    role            text        not null,
    action          text        not null,
    object_kind     text        not null,
    object_id       text        not null,
    address         inet,
    call_id         text        not null
);
comment on table catalogue.audit_log is 'who did what through the API; rows are only added';
comment on column catalogue.audit_log.subject is 'the `sub` of the token';
comment on column catalogue.audit_log.object_id is 'an id, or the slug of a definition';
comment on column catalogue.audit_log.address is 'where the call came from';
comment on column catalogue.audit_log.call_id is 'the X-Request-Id of the call';
create index audit_log_by_organization on catalogue.audit_log (organization_id, id);

create function catalogue.refuse_all_but_insert() returns trigger language plpgsql as $$
begin
    raise exception using
        message = 'rows of ' || tg_table_name || ' are only added, never changed or deleted',
        errcode = 'insufficient_privilege';
end
$$;
comment on function catalogue.refuse_all_but_insert is 'refuses to change or delete a row';
create trigger audit_log_is_only_added_to before update or delete on catalogue.audit_log
for each row execute function catalogue.refuse_all_but_insert();
create trigger audit_log_is_not_emptied before truncate on catalogue.audit_log
for each statement execute function catalogue.refuse_all_but_insert();

-- What a call with an Idempotency-Key was answered with, for a day.
create table catalogue.idempotency_keys (
    organization_id uuid        not null,
    subject         text        not null,
    key             text        not null,
    fingerprint     text        not null,
    report_id       uuid,
    request_id      uuid,
    created_at      timestamptz not null,
    primary key (organization_id, subject, key)
);
comment on table catalogue.idempotency_keys is 'calls with an Idempotency-Key, and the reports that they asked for';
comment on column catalogue.idempotency_keys.fingerprint is 'the digest of the body';
create index idempotency_keys_by_age on catalogue.idempotency_keys (created_at);

select reporting.protect_rows('catalogue.audit_log', 'organization_id = {tenant}');
select reporting.protect_rows('catalogue.idempotency_keys', null);

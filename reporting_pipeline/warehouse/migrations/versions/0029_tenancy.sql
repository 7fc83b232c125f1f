-- Row-level security: a session of the role `reporting_reader` sees the rows of one organisation, which the
-- transaction names in `reporting.organization_id`. Without a name it sees none. The owner sees all rows.

-- dbt makes the views of these schemas.
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists datasets;
grant usage on schema landing, reporting, catalogue, staging, intermediate, datasets to reporting_reader;

-- Protects a table: row-level security, also for its owner, whose policy lets it see and write all rows. The
-- reader may read the rows that meet the condition, in which {tenant} is the organisation of the transaction.
-- Without a condition it may read nothing. A table that is protected already stays as it is, and is not locked.
create function reporting.protect_rows(relation regclass, condition text) returns void language plpgsql as $$
declare
    tenant constant text = 'nullif(current_setting(''reporting.organization_id'', true), '''')::uuid';
    owner  name;
begin
    if exists (
        select from pg_class
        where
            oid = relation and relrowsecurity and relforcerowsecurity
            and exists (select from pg_policy where polrelid = relation and polname = 'pipeline')
            and (
                condition is null
                or exists (select from pg_policy where polrelid = relation and polname = 'tenant')
            )
    ) then
        return;
    end if;
    select pg_get_userbyid(relowner) into owner from pg_class where oid = relation;
    execute format('alter table %s enable row level security, force row level security', relation);
    execute format('drop policy if exists pipeline on %s', relation);
    execute format('create policy pipeline on %s to %I using (true) with check (true)', relation, owner);
    execute format('drop policy if exists tenant on %s', relation);
    if condition is not null then
        execute format(
            'create policy tenant on %s for select to reporting_reader using (%s)',
            relation,
            replace(condition, '{tenant}', tenant)
        );
        execute format('grant select on %s to reporting_reader', relation);
    end if;
end
$$;
comment on function reporting.protect_rows is
    'gives a table row-level security: the reader sees the rows that meet the condition';
revoke execute on function reporting.protect_rows from public;

-- The tables whose owner is not the one that their policy names: the database was restored under another role.
create view reporting.disowned_tables as
select
    policy.polrelid::regclass as relation,
    pg_get_userbyid(class.relowner) as owner
from pg_policy as policy
inner join pg_class as class on policy.polrelid = class.oid
where policy.polname = 'pipeline' and not class.relowner = any(policy.polroles);
alter view reporting.disowned_tables set (security_invoker = true);
comment on view reporting.disowned_tables is
    'tables whose policy names a former owner, so that the present one sees no rows; `reporting migrate` mends them';

-- The organisations that have sold an event or have money on it. The event may belong to another one: it has
-- changed hands, or the row is wrong.
create table landing.event_parties (
    organization_id uuid not null,
    event_id        uuid not null,
    primary key (organization_id, event_id)
);
comment on table landing.event_parties is 'the events that orders, transactions and payout items of an organisation name';

create function landing.note_event_parties() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'ledger_payout_items' then
        insert into landing.event_parties (organization_id, event_id)
        select distinct
            booked.organization_id,
            changed.event_id
        from changed
        inner join landing.ledger_transactions as booked on changed.transaction_id = booked.id
        on conflict do nothing;
    else
        insert into landing.event_parties (organization_id, event_id)
        select distinct
            changed.organization_id,
            changed.event_id
        from changed
        where changed.event_id is not null
        on conflict do nothing;
    end if;
    return null;
end
$$;
create trigger inserted_parties_are_noted after insert on landing.ticketing_orders
    referencing new table as changed for each statement execute function landing.note_event_parties();
create trigger updated_parties_are_noted after update on landing.ticketing_orders
    referencing new table as changed for each statement execute function landing.note_event_parties();
create trigger inserted_parties_are_noted after insert on landing.ledger_transactions
    referencing new table as changed for each statement execute function landing.note_event_parties();
create trigger inserted_parties_are_noted after insert on landing.ledger_payout_items
    referencing new table as changed for each statement execute function landing.note_event_parties();

insert into landing.event_parties (organization_id, event_id)
select
    organization_id,
    event_id
from landing.ticketing_orders
union
select
    organization_id,
    event_id
from landing.ledger_transactions
where event_id is not null
union
select
    booked.organization_id,
    item.event_id
from landing.ledger_payout_items as item
inner join landing.ledger_transactions as booked on item.transaction_id = booked.id;

-- Rows of another organisation that count in the figures of this one, because a row of this one names them.
create table reporting.referred_rows (
    organization_id uuid not null,
    row_id          uuid not null,
    primary key (organization_id, row_id)
);
comment on table reporting.referred_rows is
    'tickets, ticket types, scans and accounts of others that rows of an organisation name';

-- Finds them for report days. Rows of the sources are only added, so a reference stays.
create function reporting.note_referred_rows(days date[]) returns void language sql as $$
    with scan as (
        select
            scan.id,
            scan.reverts_scan_id,
            ticket.id as ticket_id,
            ticket.ticket_type_id,
            event.organization_id,
            ticket_event.organization_id as ticket_organization_id
        from landing.scanning_scans as scan
        inner join landing.ticketing_events as event on scan.event_id = event.id
        left join landing.ticketing_tickets as ticket on scan.ticket_id = ticket.id and scan.event_id <> ticket.event_id
        left join landing.ticketing_events as ticket_event on ticket.event_id = ticket_event.id
        where scan.report_day = any(note_referred_rows.days)
    ),

    reference (organization_id, row_id) as (
        select scan.organization_id, unnest(array[scan.ticket_id, scan.ticket_type_id])
        from scan
        where scan.ticket_id is not null and scan.ticket_organization_id is distinct from scan.organization_id
        union
        -- The entries of a ticket count wherever it was scanned, unless they were reverted there.
        select scan.ticket_organization_id, unnest(array[scan.id, reverting.id])
        from scan
        left join landing.scanning_scans as reverting on scan.id = reverting.reverts_scan_id
        where scan.ticket_organization_id <> scan.organization_id
        union
        select side.organization_id, side.row_id
        from scan
        inner join landing.scanning_scans as reverted on scan.reverts_scan_id = reverted.id
        inner join landing.ticketing_events as event on reverted.event_id = event.id
        cross join lateral (
            values (scan.organization_id, reverted.id), (event.organization_id, scan.id)
        ) as side (organization_id, row_id)
        where event.organization_id <> scan.organization_id
        union
        select booking.organization_id, type.id
        from landing.ticketing_order_line_movements as movement
        inner join landing.ticketing_orders as booking on movement.order_id = booking.id
        inner join landing.ticketing_ticket_types as type
            on movement.ticket_type_id = type.id and booking.event_id <> type.event_id
        left join landing.ticketing_events as type_event on type.event_id = type_event.id
        where
            movement.report_day = any(note_referred_rows.days)
            and type_event.organization_id is distinct from booking.organization_id
        union
        select event.organization_id, type.id
        from landing.ticketing_tickets as ticket
        inner join landing.ticketing_events as event on ticket.event_id = event.id
        inner join landing.ticketing_ticket_types as type
            on ticket.ticket_type_id = type.id and ticket.event_id <> type.event_id
        left join landing.ticketing_events as type_event on type.event_id = type_event.id
        where
            -- Each of these instants can be on one of the days in some time zone.
            ticket.issued_at >= (select min(day) - 2 from unnest(note_referred_rows.days) as day)
            and ticket.issued_at < (select max(day) + 3 from unnest(note_referred_rows.days) as day)
            and type_event.organization_id is distinct from event.organization_id
        union
        select booked.organization_id, account.id
        from landing.ledger_entries as entry
        inner join landing.ledger_transactions as booked
            on entry.transaction_id = booked.id and entry.report_day = booked.report_day
        inner join landing.ledger_accounts as account
            on entry.account_id = account.id and booked.organization_id <> account.organization_id
        where entry.report_day = any(note_referred_rows.days)
    )

    insert into reporting.referred_rows (organization_id, row_id)
    select
        reference.organization_id,
        reference.row_id
    from reference
    where reference.organization_id is not null and reference.row_id is not null
    on conflict do nothing
$$;
comment on function reporting.note_referred_rows is
    'keeps which rows of other organisations the rows of these report days name';
revoke execute on function reporting.note_referred_rows from public;

select reporting.note_referred_rows(
    array(
        select report_day from landing.scanning_scans
        where report_day is not null
        union
        select report_day from landing.ticketing_order_line_movements
        where report_day is not null
        union
        select report_day from landing.ledger_entries
        where report_day is not null
    )
);

-- Landing. A venue belongs to nobody. Of an event, its holder sees everything; a former seller sees the event and
-- what it is made of, because its reports name them.
do $$
declare
    own         constant text = 'organization_id = {tenant}';
    own_or_all  constant text = 'organization_id is null or organization_id = {tenant}';
    referred    constant text =
        ' or exists (select from reporting.referred_rows as referred'
        ' where referred.organization_id = {tenant} and referred.row_id = id)';
    named       constant text = 'exists (select from landing.ticketing_events as event where event.id = event_id)';
    held        constant text =
        'exists (select from landing.ticketing_events as event'
        ' where event.id = event_id and event.organization_id = {tenant})';
    booked      constant text =
        'exists (select from landing.ledger_transactions as booked'
        ' where booked.id = transaction_id and booked.organization_id = {tenant} and ';
    of_report   constant text = 'exists (select from catalogue.generated_reports as report where report.id = report_id)';
    of_definition constant text =
        'exists (select from catalogue.report_definitions as definition where definition.id = definition_id)';
    protected record;
begin
    for protected in
        select *
        from (
            values
            ('landing.ticketing_organizations', 'id = {tenant}'),
            ('landing.ticketing_event_series', own),
            (
                'landing.ticketing_events',
                own || ' or exists (select from landing.event_parties as party'
                ' where party.organization_id = {tenant} and party.event_id = id)'
            ),
            ('landing.event_parties', own),
            ('landing.ticketing_ticket_types', named || referred),
            ('landing.ticketing_orders', own || ' or ' || held),
            (
                'landing.ticketing_order_line_movements',
                'exists (select from landing.ticketing_orders as booking'
                ' where booking.id = order_id and booking.organization_id = {tenant})'
            ),
            ('landing.ticketing_tickets', held || referred),
            ('landing.seating_inventory_movements', held),
            ('landing.scanning_gates', named),
            ('landing.scanning_scans', held || referred),
            ('landing.ledger_accounts', own || referred),
            ('landing.ledger_transactions', own),
            ('landing.ledger_entries', booked || 'booked.report_day = ledger_entries.report_day)'),
            ('landing.ledger_payout_items', booked || 'booked.report_day = ledger_payout_items.report_day)'),
            ('landing.touched_days', own_or_all),
            ('landing.name_changes', own_or_all),
            ('landing.row_findings', own),
            (
                'landing.accepted_findings',
                'exists (select from landing.row_findings as found where'
                ' (found.domain, found.table_name, found.row_id, found.finding)'
                ' = (accepted_findings.domain, accepted_findings.table_name,'
                ' accepted_findings.row_id, accepted_findings.finding))'
            ),
            ('reporting.referred_rows', own),
            ('reporting.seal_objections', own_or_all),
            ('reporting.accepted_breaks', own),
            ('reporting.device_findings', own),
            ('reporting.left_out_rows', own),
            ('reporting.rebuilt_days', own_or_all),
            ('reporting.seal_findings', null),
            ('catalogue.organizations', own),
            ('catalogue.report_definitions', own),
            ('catalogue.report_definition_versions', of_definition),
            ('catalogue.generated_reports', own),
            ('catalogue.generated_report_editions', of_report),
            ('catalogue.restated_rows', of_definition),
            ('catalogue.report_names', of_definition),
            ('catalogue.report_requests', own),
            ('catalogue.alerts', own),
            ('catalogue.stored_files', of_report),
            ('catalogue.store_findings', own),
            ('catalogue.listed_folders', null),
            ('catalogue.notices', null),
            ('catalogue.alert_deliveries', null)
        ) as listed (relation, condition)
    loop
        perform reporting.protect_rows(cast(protected.relation as regclass), protected.condition);
    end loop;
end
$$;

-- What belongs to no organisation.
grant select on landing.seating_venues, landing.seating_sections, landing.watermarks, landing.source_reads,
    landing.source_faults, reporting.sealed_days, reporting.day_changes to reporting_reader;

-- A view reads with the rights of its reader. dbt makes its own views so.
alter view landing.open_findings set (security_invoker = true);
alter view reporting.set_aside_rows set (security_invoker = true);
alter view catalogue.restatement_changes set (security_invoker = true);
grant select on landing.open_findings, reporting.set_aside_rows, catalogue.restatement_changes to reporting_reader;

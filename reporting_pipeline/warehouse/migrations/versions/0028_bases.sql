-- How often each report day has changed: a counter only grows, so days whose counters have the same sum are the
-- same. No clock is read. A build counts in its own row, so builds of different tables do not wait for each other.
create table reporting.day_changes (
    date         date   not null,
    subject      text   not null,
    change_count bigint not null,
    primary key (date, subject)
);
comment on table reporting.day_changes is 'how often each report day was built, and its seal changed';
comment on column reporting.day_changes.subject is 'a report table, which was built; or seal';

create function reporting.count_changed_seals() returns trigger language plpgsql as $$
begin
    insert into reporting.day_changes (date, subject, change_count)
    select distinct date, 'seal', 1 from changed order by date
    on conflict (date, subject) do update set change_count = day_changes.change_count + 1;
    return null;
end
$$;
create trigger inserts_are_counted after insert on reporting.sealed_days
    referencing new table as changed for each statement execute function reporting.count_changed_seals();
create trigger updates_are_counted after update on reporting.sealed_days
    referencing new table as changed for each statement execute function reporting.count_changed_seals();
create trigger deletes_are_counted after delete on reporting.sealed_days
    referencing old table as changed for each statement execute function reporting.count_changed_seals();
create trigger inserts_are_counted after insert on reporting.seal_objections
    referencing new table as changed for each statement execute function reporting.count_changed_seals();
create trigger updates_are_counted after update on reporting.seal_objections
    referencing new table as changed for each statement execute function reporting.count_changed_seals();
create trigger deletes_are_counted after delete on reporting.seal_objections
    referencing old table as changed for each statement execute function reporting.count_changed_seals();

-- How often the names that the reports of an organisation show have changed: of itself, and of events, series,
-- ticket types, gates, venues and sections. The time zone of its days is among these rows too.
create table landing.name_changes (
    organization_id uuid,
    change_count    bigint not null,
    unique nulls not distinct (organization_id)
);
comment on column landing.name_changes.organization_id is 'null: every organisation';

-- The organisations that know an event: its own, and those that sold it before it changed hands.
create function landing.organizations_of_events(event_ids uuid[]) returns setof uuid language sql stable as $$
    select event.organization_id from landing.ticketing_events as event where event.id = any(event_ids)
    union
    select placed.organization_id from landing.ticketing_orders as placed where placed.event_id = any(event_ids)
$$;

create function landing.count_changed_names() returns trigger language plpgsql as $$
declare
    event_ids        uuid[];
    organization_ids uuid[] = '{}';
begin
    if not exists (select from changed) then
        return null;
    end if;
    case tg_table_name
        when 'ticketing_organizations' then
            organization_ids := array(select id from changed);
        when 'ticketing_event_series' then
            organization_ids := array(select organization_id from changed);
        when 'ticketing_events' then
            event_ids := array(select id from changed);
            organization_ids := array(select organization_id from changed);
            if tg_op = 'UPDATE' then
                organization_ids := organization_ids || array(select organization_id from former);
            end if;
        when 'ticketing_ticket_types', 'scanning_gates' then
            event_ids := array(select event_id from changed);
        when 'seating_venues' then
            event_ids := array(
                select event.id from landing.ticketing_events as event
                where event.venue_id in (select id from changed)
            );
        else
            event_ids := array(
                select event.id from landing.ticketing_events as event
                where event.venue_id in (select venue_id from changed)
            );
            -- A section of a venue without events is named to everybody.
            if exists (
                select from changed
                where not exists (
                    select from landing.ticketing_events as event where event.venue_id = changed.venue_id
                )
            ) then
                organization_ids := array[null::uuid];
            end if;
    end case;
    insert into landing.name_changes (organization_id, change_count)
    select organization_id, 1
    from (
        select unnest(organization_ids) as organization_id
        union
        select landing.organizations_of_events(event_ids)
    ) as concerned
    order by organization_id
    on conflict (organization_id) do update set change_count = name_changes.change_count + 1;
    return null;
end
$$;
do $$
declare
    name text;
begin
    foreach name in array array[
        'ticketing_organizations', 'ticketing_events', 'ticketing_event_series', 'ticketing_ticket_types',
        'seating_venues', 'seating_sections', 'scanning_gates'
    ] loop
        execute replace(
            'create trigger inserted_names_are_counted after insert on landing.{name}'
            ' referencing new table as changed'
            ' for each statement execute function landing.count_changed_names();'
            ' create trigger updated_names_are_counted after update on landing.{name}'
            ' referencing old table as former new table as changed'
            ' for each statement execute function landing.count_changed_names();'
            ' create trigger deleted_names_are_counted after delete on landing.{name}'
            ' referencing old table as changed'
            ' for each statement execute function landing.count_changed_names()',
            '{name}',
            name
        );
    end loop;
end
$$;

-- Null: the report is read again.
alter table catalogue.generated_reports add column basis text;
comment on column catalogue.generated_reports.basis is
    'SHA-256 of what the report was read from last; the same basis gives the same report';

-- Policies of landed rows ask functions in place of subqueries, which PostgreSQL would plan anew at each place
-- where a view names the table.
alter table landing.event_parties add column is_holder boolean not null default false;
comment on column landing.event_parties.is_holder is 'the event belongs to it now';
comment on table landing.event_parties is
    'the events that an organisation holds, or that its orders, transactions and payout items name';

create function landing.note_event_holders() returns trigger language plpgsql as $$
begin
    update landing.event_parties as party
    set is_holder = false
    from changed
    where party.event_id = changed.id and party.is_holder and party.organization_id <> changed.organization_id;
    insert into landing.event_parties (organization_id, event_id, is_holder)
    select
        changed.organization_id,
        changed.id,
        true
    from changed
    on conflict (organization_id, event_id) do update set is_holder = true where not event_parties.is_holder;
    return null;
end
$$;
create trigger inserted_holders_are_noted after insert on landing.ticketing_events
    referencing new table as changed for each statement execute function landing.note_event_holders();
create trigger updated_holders_are_noted after update on landing.ticketing_events
    referencing new table as changed for each statement execute function landing.note_event_holders();
insert into landing.event_parties (organization_id, event_id, is_holder)
select
    organization_id,
    id,
    true as is_holder
from landing.ticketing_events
on conflict (organization_id, event_id) do update set is_holder = true;

-- Whether the organisation of the transaction holds an event, or has to do with it, or names a row of others.
create function landing.holds_event(event_id uuid) returns boolean
    language plpgsql stable parallel safe as $$
begin
    return exists (
        select from landing.event_parties as party
        where
            party.organization_id = nullif(current_setting('reporting.organization_id', true), '')::uuid
            and party.event_id = holds_event.event_id
            and party.is_holder
    );
end
$$;
create function landing.is_party(event_id uuid) returns boolean
    language plpgsql stable parallel safe as $$
begin
    return exists (
        select from landing.event_parties as party
        where
            party.organization_id = nullif(current_setting('reporting.organization_id', true), '')::uuid
            and party.event_id = is_party.event_id
    );
end
$$;
create function reporting.is_referred(row_id uuid) returns boolean
    language plpgsql stable parallel safe as $$
begin
    return exists (
        select from reporting.referred_rows as referred
        where
            referred.organization_id = nullif(current_setting('reporting.organization_id', true), '')::uuid
            and referred.row_id = is_referred.row_id
    );
end
$$;
create function landing.owns_finding(domain text, table_name text, row_id uuid, finding text) returns boolean
    language plpgsql stable parallel safe as $$
begin
    return exists (
        select from landing.row_findings as found
        where
            (found.domain, found.table_name, found.row_id, found.finding)
            = (owns_finding.domain, owns_finding.table_name, owns_finding.row_id, owns_finding.finding)
    );
end
$$;

do $$
declare
    own     constant text = 'organization_id = nullif(current_setting(''reporting.organization_id'', true), '''')::uuid';
    held    constant text =
        'exists (select from landing.event_parties as party'
        ' where party.event_id = {table}.event_id and party.is_holder)';
    changed record;
begin
    for changed in
        select *
        from (
            values
            ('landing.ticketing_events', own || ' or landing.is_party(id)'),
            ('landing.ticketing_ticket_types', 'landing.is_party(event_id) or reporting.is_referred(id)'),
            ('landing.scanning_gates', 'landing.is_party(event_id)'),
            ('landing.ticketing_orders', own || ' or landing.holds_event(event_id)'),
            ('landing.ledger_accounts', own || ' or reporting.is_referred(id)'),
            ('landing.ticketing_tickets', held || ' or reporting.is_referred(id)'),
            ('landing.scanning_scans', held || ' or reporting.is_referred(id)'),
            ('landing.seating_inventory_movements', held),
            ('landing.accepted_findings', 'landing.owns_finding(domain, table_name, row_id, finding)')
        ) as listed (relation, condition)
    loop
        execute format('alter policy tenant on %s using (%s)',
            changed.relation,
            replace(changed.condition, '{table}', changed.relation)
        );
    end loop;
end
$$;

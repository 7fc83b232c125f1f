-- Days that were rebuilt: the rebuild moves them here from the queue of touched days, in its own
-- transaction. They stay until the reports that depend on them are generated again.
create table reporting.rebuilt_days (
    id              bigint generated always as identity primary key,
    report_table    text        not null,
    organization_id uuid,
    event_id        uuid,
    report_day      date        not null,
    rebuilt_at      timestamptz not null default clock_timestamp()
);
comment on column reporting.rebuilt_days.organization_id is 'null: all organisations';
comment on column reporting.rebuilt_days.event_id is 'null: all events';
create index on reporting.rebuilt_days (report_day);

-- Every build deletes its days from the queue, so the trigger records each day that is built.
create function reporting.note_rebuilt_days() returns trigger language plpgsql as $$
begin
    insert into reporting.rebuilt_days (report_table, organization_id, event_id, report_day)
    select distinct report_table, organization_id, event_id, report_day from taken
    order by report_day, report_table, organization_id, event_id;
    return null;
end
$$;
create trigger rebuilt_days_are_noted after delete on landing.touched_days
    referencing old table as taken
    for each statement execute function reporting.note_rebuilt_days();

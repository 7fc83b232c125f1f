-- The definitions that every organisation gets, also one that lands later.
create table catalogue.report_templates (
    slug           text        primary key,
    version        integer     not null check (version >= 1),
    name           text        not null,
    category       text        not null check (category in ('financial', 'sales', 'operational')),
    schedule       text        not null check (schedule in
                     ('manual', 'daily', 'weekly', 'monthly', 'post_event')),
    formats        text[]      not null check (cardinality(formats) > 0),
    config         jsonb       not null,
    status         text        not null check (status in ('draft', 'active', 'paused', 'archived')),
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    expected_since timestamptz not null
);
comment on column catalogue.report_templates.version is 'each change makes the next one';
comment on column catalogue.report_templates.expected_since is
    'since when it has been active by this schedule and period';

-- The organisations that sources have named, by their own row, by an event, or by a row set aside.
create table catalogue.organizations (
    organization_id uuid        primary key,
    known_since     timestamptz not null,
    retired_at      timestamptz
);
comment on column catalogue.organizations.retired_at is 'since when no report is expected of it';
insert into catalogue.organizations (organization_id, known_since)
select
    seen.id,
    now() as known_since
from (
    select id from landing.ticketing_organizations
    union
    select organization_id as id from landing.ticketing_events
) as seen;

alter table catalogue.report_definitions
    add column template_version integer check (template_version >= 0),
    add column first_report_day date;
comment on column catalogue.report_definitions.template_version is
    'the version of the template of the same slug that it follows, 0 before its first derivation; null: the organisation''s own';
comment on column catalogue.report_definitions.first_report_day is
    'periods that end before this day are not expected; null: all that expected_since allows';

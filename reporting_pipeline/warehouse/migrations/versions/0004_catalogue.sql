-- How far each source is read: every row whose record clock is before complete_through is landed.
create table landing.source_reads (
    domain           text        primary key,
    read_at          timestamptz not null,
    complete_through timestamptz not null
);
comment on column landing.source_reads.read_at is 'the source''s clock when its snapshot was taken';
comment on column landing.source_reads.complete_through is 'read_at less how late a row may appear';

-- ------------------------------------------------------------------- seals
-- A day that was checked after its last build. The next build of the day deletes the row.
create table reporting.sealed_days (
    date      date        primary key,
    sealed_at timestamptz not null
);

-- Errors that the checks found on a sealed day; they hold the final reports that depend on it.
create table reporting.seal_objections (
    date            date   not null references reporting.sealed_days on delete cascade,
    position        bigint not null,
    organization_id uuid,
    report_table    text   not null,
    check_name      text   not null,
    message         text   not null,
    primary key (date, position)
);
comment on column reporting.seal_objections.organization_id is 'null: all organisations';
create index on reporting.seal_objections (organization_id, date);

-- --------------------------------------------------------------- catalogue
create schema catalogue;

-- The current version of each definition; report_definition_versions has all versions.
create table catalogue.report_definitions (
    id              uuid        primary key,
    organization_id uuid        not null,
    slug            text        not null,
    version         integer     not null check (version >= 1),
    name            text        not null,
    category        text        not null check (category in ('financial', 'sales', 'operational')),
    schedule        text        not null check (schedule in
                      ('manual', 'daily', 'weekly', 'monthly', 'post_event')),
    formats         text[]      not null check (cardinality(formats) > 0),
    config          jsonb       not null,
    status          text        not null check (status in ('draft', 'active', 'paused', 'archived')),
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    unique (organization_id, slug)
);

create table catalogue.report_definition_versions (
    definition_id uuid        not null references catalogue.report_definitions,
    version       integer     not null check (version >= 1),
    name          text        not null,
    category      text        not null,
    schedule      text        not null,
    formats       text[]      not null,
    config        jsonb       not null,
    created_at    timestamptz not null,
    primary key (definition_id, version)
);

create function catalogue.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception using message = 'a version of a report definition never changes: definition '
        || old.definition_id || ', version ' || old.version;
end
$$;
create trigger versions_never_change before update or delete on catalogue.report_definition_versions
    for each row execute function catalogue.refuse_change();

create table catalogue.generated_reports (
    id              uuid        primary key,
    organization_id uuid        not null,
    definition_id   uuid        not null,
    version         integer     not null,
    period          text        not null,
    period_first    date,
    period_end      date        not null,
    event_id        uuid,
    format          text        not null check (format in ('csv', 'xlsx', 'pdf', 'parquet', 'jsonl')),
    status          text        not null check (status in
                      ('queued', 'running', 'ready', 'failed', 'held')),
    edition         integer     not null default 0 check (edition >= 0),
    is_provisional  boolean     not null default false,
    storage_path    text,
    generated_at    timestamptz,
    byte_count      bigint,
    row_count       bigint,
    file_sha256     text,
    rows_sha256     text,
    manifest        json,
    upcoming        json,
    failure_class   text,
    failure_message text,
    updated_at      timestamptz not null,
    unique (organization_id, definition_id, period, format),
    foreign key (definition_id, version) references catalogue.report_definition_versions
);
comment on column catalogue.generated_reports.period is 'its name in keys: 2026-02-28';
comment on column catalogue.generated_reports.edition is '0: none published yet';
comment on column catalogue.generated_reports.manifest is 'json, not jsonb: its text is kept';
comment on column catalogue.generated_reports.upcoming is
    'the edition that is being put into the store; kept or dropped by what the store holds';
create index on catalogue.generated_reports (organization_id, definition_id);
create index on catalogue.generated_reports (organization_id, period_end);
create index on catalogue.generated_reports (updated_at) where upcoming is not null;

create table catalogue.generated_report_editions (
    report_id      uuid        not null references catalogue.generated_reports,
    edition        integer     not null check (edition >= 1),
    version        integer     not null,
    logic_version  integer     not null,
    is_provisional boolean     not null,
    storage_path   text        not null,
    generated_at   timestamptz not null,
    byte_count     bigint      not null,
    row_count      bigint      not null,
    file_sha256    text        not null,
    rows_sha256    text        not null,
    landed_through timestamptz,
    manifest       json        not null,
    causes         text[]      not null,
    primary key (report_id, edition)
);
comment on column catalogue.generated_report_editions.causes is
    'why it differs from the edition before: late row, correction, definition, logic version, seal';
comment on column catalogue.generated_report_editions.landed_through is
    'the greatest record clock landed when it was made';

-- The differences between the rows of two editions; one set for all formats of a report.
create table catalogue.restated_rows (
    definition_id      uuid   not null,
    period             text   not null,
    former_rows_sha256 text   not null,
    rows_sha256        text   not null,
    position           bigint not null,
    change             text   not null check (change in ('added', 'removed', 'changed')),
    row_key            text   not null,
    column_name        text,
    former_value       text,
    new_value          text,
    primary key (definition_id, period, former_rows_sha256, rows_sha256, position)
);

create view catalogue.restatement_changes as
select
    report.organization_id,
    report.definition_id,
    definition.slug,
    report.period as period_token,
    report.format,
    edition.edition::bigint as edition,
    former.edition::bigint as former_edition,
    restated.position,
    restated.change,
    array_to_string(edition.causes, ', ') as cause,
    restated.row_key,
    restated.column_name,
    restated.former_value,
    restated.new_value,
    coalesce(report.period_first, report.period_end - 1) as date
from catalogue.generated_report_editions as edition
inner join catalogue.generated_report_editions as former
    on former.report_id = edition.report_id and former.edition = edition.edition - 1
inner join catalogue.generated_reports as report on report.id = edition.report_id
inner join catalogue.report_definitions as definition on definition.id = report.definition_id
inner join catalogue.restated_rows as restated
    on restated.definition_id = report.definition_id
    and restated.period = report.period
    and restated.former_rows_sha256 = former.rows_sha256
    and restated.rows_sha256 = edition.rows_sha256;

-- Messages over Redis: written in the transaction of the change, published afterwards.
create table catalogue.notices (
    id           bigint generated always as identity primary key,
    topic        text        not null,
    message      jsonb       not null,
    created_at   timestamptz not null,
    announced_at timestamptz
);
create index on catalogue.notices (id) where announced_at is null;

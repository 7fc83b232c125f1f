-- What landing has found wrong in single rows of the sources. Each landing reads these rows again, and
-- deletes a finding that is no longer true.
create table landing.row_findings (
    domain          text        not null,
    table_name      text        not null,
    row_id          uuid        not null,
    finding         text        not null check (finding in ('unusable', 'changed', 'clock_ahead')),
    organization_id uuid,
    reason          text        not null,
    record          jsonb       not null,
    since           timestamptz not null default now(),
    last_at         timestamptz not null default now(),
    primary key (domain, table_name, row_id, finding)
);
comment on column landing.row_findings.finding is
    'unusable: not landed; changed: an append-only row, landed as it was; clock_ahead: landed';
comment on column landing.row_findings.organization_id is 'null: not known';
comment on column landing.row_findings.record is 'the row as it is in the source';

-- A source's clock can be wrong; completeness never passes our own.
alter table landing.source_reads add column clock_ahead_seconds double precision not null default 0;
comment on column landing.source_reads.read_at is 'the warehouse''s clock when the source''s snapshot was taken';
comment on column landing.source_reads.complete_through is
    'read_at, or the source''s clock if it is behind, less how late a row may appear';
comment on column landing.source_reads.clock_ahead_seconds is
    'the source''s clock less the warehouse''s clock, when the snapshot was taken';
-- Marks beyond the present come from such a clock.
update landing.source_reads set complete_through = least(complete_through, now()), read_at = least(read_at, now());
update landing.watermarks set record_clock = least(record_clock, now());

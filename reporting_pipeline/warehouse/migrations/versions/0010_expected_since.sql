-- If a definition was a draft for months, no reports of these months are expected once it is active.
alter table catalogue.report_definitions
    add column expected_since timestamptz not null default clock_timestamp();
update catalogue.report_definitions set expected_since = created_at;
comment on column catalogue.report_definitions.expected_since is
    'since when it has been active by this schedule and period; what is older is asked for by hand';

-- The own name of each published report, which all its formats share. Reports that were published before have
-- none until their next edition.
create table catalogue.report_names (
    definition_id uuid not null references catalogue.report_definitions on delete cascade,
    period        text not null,
    name          text not null,
    compared      text not null unique,
    primary key (definition_id, period)
);
comment on column catalogue.report_names.name is
    'the name of its files without stamp and suffix; fixed when the first edition is published';
comment on column catalogue.report_names.compared is
    'the name without upper and lower case: no file system can mix up two reports';

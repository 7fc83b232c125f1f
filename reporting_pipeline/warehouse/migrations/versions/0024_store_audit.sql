-- When the file of each report was last looked at in the store.
create table catalogue.stored_files (
    report_id   uuid        primary key references catalogue.generated_reports on delete cascade,
    file_sha256 text        not null,
    store_mark  text,
    looked_at   timestamptz not null,
    read_at     timestamptz
);
comment on column catalogue.stored_files.store_mark is
    'the store''s entity tag of the object when its bytes were last read, or written, and right';
comment on column catalogue.stored_files.read_at is 'when its bytes were last read, or written, and right';

-- The present faults of objects in the store. A later look that finds an object right deletes its row.
create table catalogue.store_findings (
    storage_path    text        primary key,
    finding         text        not null check (finding in
                      ('gone', 'size', 'digest', 'manifest', 'unknown')),
    organization_id uuid,
    report_id       uuid        references catalogue.generated_reports on delete cascade,
    expected        text        not null,
    found           text        not null,
    consequence     text        not null,
    since           timestamptz not null,
    last_at         timestamptz not null
);
comment on column catalogue.store_findings.report_id is 'null: no report has this file';
comment on column catalogue.store_findings.consequence is 'what was done about it';

-- When the folder of each organisation was last listed.
create table catalogue.listed_folders (
    folder    text        primary key,
    listed_at timestamptz not null
);

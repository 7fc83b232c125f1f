-- The number of findings of each check on a sealed day, so that a day with errors or warnings stays known.
create table reporting.seal_findings (
    date          date   not null references reporting.sealed_days on delete cascade,
    report_table  text   not null,
    check_name    text   not null,
    severity      text   not null check (severity in ('error', 'warn')),
    finding_count bigint not null,
    message       text   not null,
    primary key (date, report_table, check_name, severity)
);
create index on reporting.seal_findings (report_table, severity);
comment on column reporting.seal_findings.message is 'of the first finding';

-- Days that were sealed before: their objections are errors. Their warnings are not known.
insert into reporting.seal_findings
select
    date,
    report_table,
    check_name,
    'error' as severity,
    count(*) as finding_count,
    (array_agg(message order by position))[1] as message
from reporting.seal_objections
group by date, report_table, check_name;

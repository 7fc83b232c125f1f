-- Rows that a report table leaves out, because a figure does not fit into 64 bits. A build replaces those
-- of its days; the check `figures_fit` finds them.
create table reporting.left_out_rows (
    report_table    text   not null,
    date            date   not null,
    organization_id uuid   not null,
    event_id        uuid,
    currency        text,
    column_names    text[] not null
);
create index on reporting.left_out_rows (report_table, date);
comment on column reporting.left_out_rows.column_names is 'the figures that do not fit';

-- Balances are numeric now, and are made again from the report tables, like the views that read them.
drop table if exists reporting.report_revenue_daily_balances cascade;
drop table if exists reporting.report_account_movements_daily_balances cascade;

-- A definition with skip_empty publishes no report without rows; the catalogue says that it is empty.
alter table catalogue.generated_reports drop constraint generated_reports_status_check;
alter table catalogue.generated_reports add constraint generated_reports_status_check
    check (status in ('queued', 'running', 'ready', 'empty', 'failed', 'held'));

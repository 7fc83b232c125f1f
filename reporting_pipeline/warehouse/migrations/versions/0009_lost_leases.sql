-- A killed worker does not mean that its request failed, so lost leases are counted apart from
-- failures, with a limit of their own.
alter table catalogue.report_requests
    add column lost_leases integer not null default 0 check (lost_leases between 0 and attempts);
comment on column catalogue.report_requests.lost_leases is
    'of the attempts, those whose worker died or fell silent; the others failed or came to an end';

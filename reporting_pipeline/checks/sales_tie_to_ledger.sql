-- The reconciliation breaks of the days. `timing` (a later day settles it) and `settlement` (an
-- order left unsettled) warn; every other kind is an error.
select
    date as day,
    case when kind = any(%(warning_kinds)s) then 'warn' else 'error' end as severity,
    organization_id,
    event_id,
    order_id,
    transaction_id,
    entry_id,
    kind,
    coalesce(
        'entry ' || entry_id, 'transaction ' || transaction_id, 'order ' || order_id
    ) as concerns,
    currency,
    ticketing_minor as expected,
    ledger_minor as found
from reporting.report_reconciliation_breaks
where date = any(%(days)s)

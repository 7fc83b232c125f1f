-- The days of changed transactions that charge tax or take it back.

select
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from landed_transactions as transaction
where
    transaction.kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
    and transaction.has_tax

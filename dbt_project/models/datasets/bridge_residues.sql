-- Grain: one row per transaction, event and currency whose charges and payments differ: the transactions that
-- explain the residue of the bridge. Items of payouts have no residue.
with residues as (
    select
        organization_id,
        event_id,
        report_day as date,
        currency,
        transaction_id,
        transaction_kind,
        effective_at,
        cast(
            sum(
                net_revenue_minor + gift_card_sold_minor - gift_card_returned_minor
                - receivable_change_minor - collected_minor + repaid_minor
            ) as bigint
        ) as residue_minor
    from {{ ref('int_ledger__entry_figures') }}
    where report_day = transaction_report_day
    group by
        organization_id,
        event_id,
        report_day,
        currency,
        transaction_id,
        transaction_kind,
        effective_at
)

select
    residues.organization_id,
    organizations.organization_name,
    residues.event_id,
    {{ event_name('residues') }} as event_name,
    {{ event_attributes('residues') }},
    residues.date,
    residues.currency,
    residues.transaction_id,
    residues.transaction_kind,
    transactions.reference,
    residues.effective_at,
    residues.residue_minor
from residues
inner join {{ ref('stg_ledger__transactions') }} as transactions
    on residues.transaction_id = transactions.transaction_id and residues.date = transactions.report_day
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on residues.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        residues.event_id = events.event_id
        and {{ known_to('events', 'residues', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on residues.event_id = all_events.event_id
where residues.residue_minor <> 0

with entries as (
    select
        e.currency,
        sum(case e.direction when 'credit' then amount_minor else -amount_minor end) filter (
            where a.kind = 'organizer_payable' and e.component not in (
                'platform_fee', 'processing_fee', 'chargeback_fee', 'adjustment', 'reserve', 'payout'
            )
        ) as share,
        sum(case e.direction when 'credit' then amount_minor else -amount_minor end) filter (
            where e.component = 'tax' and a.kind <> 'organizer_payable'
        ) as taxes
    from landing.ledger_entries as e
    inner join landing.ledger_transactions as t on e.transaction_id = t.id
    inner join landing.ledger_accounts as a on e.account_id = a.id
    where
        t.organization_id = %(organization_id)s and t.event_id = %(event_id)s
        and t.report_day < %(end)s
    group by e.currency
),

figures as (
    select
        currency,
        sum(gross_minor) as gross,
        sum(refund_minor) as refunds,
        sum(chargeback_minor) as chargebacks,
        sum(chargeback_reversal_minor) as won_back,
        sum(net_revenue_minor) as net_revenue,
        sum(platform_fee_minor) as platform,
        sum(processing_fee_minor) as processing,
        sum(chargeback_fee_minor) as chargeback_fees,
        sum(adjustment_minor) as adjusted,
        sum(reserve_held_minor) as held,
        sum(reserve_released_minor) as released,
        sum(payout_minor) as paid_out,
        sum(payout_reversal_minor) as came_back,
        sum(payable_change_minor) as payable
    from reporting.report_revenue_daily
    where
        organization_id = %(organization_id)s and event_id = %(event_id)s
        and date < %(end)s
    group by currency
)

select
    l.position,
    l.part,
    l.line,
    f.currency,
    l.amount
from figures as f
inner join entries as e using (currency)
cross join
    lateral (
        values
        ('01', 'Sales', 'Charged to buyers', gross),
        ('02', 'Sales', 'Refunds', -refunds),
        ('03', 'Sales', 'Chargebacks', -chargebacks),
        ('04', 'Sales', 'Chargebacks won back', won_back),
        ('05', 'Sales', 'Net revenue', net_revenue),
        ('06', 'Share', 'Taxes that are not the organiser''s', -coalesce(taxes, 0)),
        (
            '07', 'Share', 'Fees and amounts that are not the organiser''s',
            share + coalesce(taxes, 0) - net_revenue
        ),
        ('08', 'Share', 'Share of the organiser', share),
        ('09', 'Costs', 'Platform fees', -platform),
        ('10', 'Costs', 'Processing fees', -processing),
        ('11', 'Costs', 'Chargeback fees', -chargeback_fees),
        ('12', 'Costs', 'Adjustments', adjusted),
        ('13', 'Payments', 'Held back in reserve', -held),
        ('14', 'Payments', 'Released from reserve', released),
        ('15', 'Payments', 'Paid out', -paid_out),
        ('16', 'Payments', 'Payouts that came back', came_back),
        ('17', 'Balance', 'Balance, before payouts that name no event', payable)
    ) as l (position, part, line, amount)
order by f.currency, l.position

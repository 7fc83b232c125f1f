-- Grain: that of the bridge, by line: each line of a settlement with the amount that it adds to the balance.
-- A line that ends a section is the sum of the lines above it since the start.
select
    bridge.organization_id,
    bridge.organization_name,
    bridge.event_id,
    bridge.event_name,
    {{ event_attributes('bridge', 'bridge') }},
    bridge.date,
    bridge.currency,
    statement_lines.line_number,
    statement_lines.part,
    statement_lines.line,
    statement_lines.amount_minor
from {{ ref('bridge') }} as bridge
cross join
    lateral (
        values
        ('01', 'Sales', 'Charged to buyers', bridge.gross_minor),
        ('02', 'Sales', 'Refunds', -bridge.refund_minor),
        ('03', 'Sales', 'Chargebacks', -bridge.chargeback_minor),
        ('04', 'Sales', 'Chargebacks won back', bridge.chargeback_reversal_minor),
        ('05', 'Sales', 'Net revenue', bridge.net_revenue_minor),
        ('06', 'Share', 'Taxes that are not the organiser''s', -bridge.not_organizers_tax_minor),
        ('07', 'Share', 'Fees and amounts that are not the organiser''s', -bridge.not_organizers_other_minor),
        ('08', 'Share', 'Share of the organiser', bridge.organizer_share_minor),
        ('09', 'Costs', 'Platform fees', -bridge.platform_fee_minor),
        ('10', 'Costs', 'Processing fees', -bridge.processing_fee_minor),
        ('11', 'Costs', 'Chargeback fees', -bridge.chargeback_fee_minor),
        ('12', 'Costs', 'Adjustments', bridge.adjustment_minor),
        ('13', 'Payments', 'Held back in reserve', -bridge.reserve_held_minor),
        ('14', 'Payments', 'Released from reserve', bridge.reserve_released_minor),
        ('15', 'Payments', 'Paid out', -bridge.payout_minor),
        ('16', 'Payments', 'Payouts that came back', bridge.payout_reversal_minor),
        ('17', 'Balance', 'Balance, before payouts that name no event', bridge.payable_change_minor)
    ) as statement_lines (line_number, part, line, amount_minor)

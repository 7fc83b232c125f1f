-- Grain: organization_id, event_id, date, currency (the event's), as of the end of that day. Counts are
-- units of admission types; money in minor units of the event's currency. Source: the same rows as the
-- daily tables, summed up to the day.
with balances as (
    select
        event_id,
        report_day,
        {{ whole('sold_count') }} as sold_today_count,
        {{ whole('sum(capacity_count) over to_date') }} as capacity_count,
        {{ whole('sum(hold_count) over to_date') }} as hold_count,
        {{ whole('sum(kill_count) over to_date') }} as kill_count,
        sum(movement_count) over to_date as movement_count,
        {{ whole('sum(sold_count) over to_date') }} as sold_count,
        {{ whole('sum(comped_count) over to_date') }} as comped_count,
        {{ whole('sum(unpaid_count) over to_date') }} as unpaid_count,
        {{ whole('sum(admission_count) over to_date') }} as admission_count,
        {{ whole('sum(gross_minor) over to_date') }} as gross_minor,
        {{ whole('sum(refund_minor) over to_date') }} as refund_minor,
        {{ whole('sum(net_revenue_minor) over to_date') }} as net_revenue_minor,
        {{ whole('sum(platform_fee_minor) over to_date') }} as platform_fee_minor,
        {{ whole('sum(processing_fee_minor) over to_date') }} as processing_fee_minor,
        {{ whole('sum(payable_change_minor) over to_date') }} as payable_minor,
        {{ whole('sum(other_currency_count) over to_date') }} as other_currency_count,
        {{ whole('sum(other_organization_count) over to_date') }} as other_organization_count
    from {{ ref('int_event_summary__changes_by_day') }}
    window to_date as (partition by event_id order by report_day)
),

summaries as (
    select
        events.organization_id,
        events.currency,
        events.end_day,
        events.final_day,
        balances.*,
        balances.capacity_count - balances.hold_count - balances.kill_count as sellable_count,
        balances.sold_count + balances.comped_count as issued_count
    from balances
    inner join {{ ref('int_event_summary__event_days') }} as event_days
        on balances.event_id = event_days.event_id and balances.report_day = event_days.report_day
    inner join {{ ref('int_event_summary__events') }} as events on balances.event_id = events.event_id
)

select
    organization_id,
    event_id,
    report_day as date,
    currency,
    capacity_count,
    hold_count,
    kill_count,
    sellable_count,
    sold_today_count,
    sold_count as sold_to_date_count,
    comped_count as comped_to_date_count,
    unpaid_count as unpaid_to_date_count,
    case when movement_count > 0 then sellable_count - issued_count end as unsold_count,
    {{ ratio('sold_count', 'sellable_count') }} as sell_through_rate,
    {{ ratio('issued_count', 'capacity_count') }} as house_rate,
    admission_count as admission_to_date_count,
    case when report_day >= end_day then issued_count - admission_count end as no_show_count,
    {{ ratio('admission_count', 'issued_count') }} as attendance_rate,
    {{ ratio('admission_count', 'capacity_count') }} as occupancy_rate,
    gross_minor as gross_to_date_minor,
    refund_minor as refund_to_date_minor,
    net_revenue_minor as net_revenue_to_date_minor,
    platform_fee_minor as platform_fee_to_date_minor,
    processing_fee_minor as processing_fee_to_date_minor,
    payable_minor as payable_to_date_minor,
    other_currency_count,
    other_organization_count,
    report_day >= final_day as is_final
from summaries

-- Grain: that of report_event_summary. Its rows, with the names known now; null where unknown.
select
    summaries.organization_id,
    organizations.organization_name,
    summaries.event_id,
    events.event_name,
    events.event_timezone,
    events.venue_name,
    summaries.date,
    summaries.currency,
    summaries.capacity_count,
    summaries.hold_count,
    summaries.kill_count,
    summaries.sellable_count,
    summaries.sold_today_count,
    summaries.sold_to_date_count,
    summaries.comped_to_date_count,
    summaries.unsold_count,
    summaries.sell_through_rate,
    summaries.admission_to_date_count,
    summaries.no_show_count,
    summaries.attendance_rate,
    summaries.occupancy_rate,
    summaries.gross_to_date_minor,
    summaries.refund_to_date_minor,
    summaries.net_revenue_to_date_minor,
    summaries.platform_fee_to_date_minor,
    summaries.processing_fee_to_date_minor,
    summaries.payable_to_date_minor,
    summaries.other_currency_count,
    summaries.is_final
from {{ ref('report_event_summary') }} as summaries
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on summaries.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on summaries.event_id = events.event_id

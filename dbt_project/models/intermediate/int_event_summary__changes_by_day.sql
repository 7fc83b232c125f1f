-- Grain: one row per event and report day with a change of the event's summary, up to the days to
-- rebuild, and one row for each of these days. Each figure is the change on the day, or 0.
{{ config(materialized='ephemeral') }}
with days as (
    select
        event_id,
        report_day
    from {{ ref('int_event_summary__event_days') }}
    union
    select
        event_id,
        report_day
    from {{ ref('int_event_summary__seats_by_day') }}
    union
    select
        event_id,
        report_day
    from {{ ref('int_event_summary__tickets_by_day') }}
    union
    select
        event_id,
        report_day
    from {{ ref('int_event_summary__admissions_by_day') }}
    union
    select
        event_id,
        report_day
    from {{ ref('int_event_summary__revenue_by_day') }}
    union
    select
        event_id,
        report_day
    from {{ ref('int_event_summary__organizations_by_day') }}
)

select
    days.event_id,
    days.report_day,
    coalesce(seats.capacity_count, 0) as capacity_count,
    coalesce(seats.hold_count, 0) as hold_count,
    coalesce(seats.kill_count, 0) as kill_count,
    coalesce(seats.movement_count, 0) as movement_count,
    coalesce(tickets.sold_count, 0) as sold_count,
    coalesce(tickets.comped_count, 0) as comped_count,
    coalesce(tickets.unpaid_count, 0) as unpaid_count,
    coalesce(admissions.admission_count, 0) as admission_count,
    coalesce(revenue.gross_minor, 0) as gross_minor,
    coalesce(revenue.refund_minor, 0) as refund_minor,
    coalesce(revenue.net_revenue_minor, 0) as net_revenue_minor,
    coalesce(revenue.platform_fee_minor, 0) as platform_fee_minor,
    coalesce(revenue.processing_fee_minor, 0) as processing_fee_minor,
    coalesce(revenue.payable_change_minor, 0) as payable_change_minor,
    coalesce(revenue.other_currency_count, 0) as other_currency_count,
    coalesce(organizations.organization_count, 0) as other_organization_count
from days
left join {{ ref('int_event_summary__seats_by_day') }} as seats
    on days.event_id = seats.event_id and days.report_day = seats.report_day
left join {{ ref('int_event_summary__tickets_by_day') }} as tickets
    on days.event_id = tickets.event_id and days.report_day = tickets.report_day
left join {{ ref('int_event_summary__admissions_by_day') }} as admissions
    on days.event_id = admissions.event_id and days.report_day = admissions.report_day
left join {{ ref('int_event_summary__revenue_by_day') }} as revenue
    on days.event_id = revenue.event_id and days.report_day = revenue.report_day
left join {{ ref('int_event_summary__organizations_by_day') }} as organizations
    on days.event_id = organizations.event_id and days.report_day = organizations.report_day

-- Grain: one row per event and report day on which admission tickets are sold, given, returned or paid, up
-- to the days to rebuild. Signed units. A sold unit is unpaid from the day on which its order bears money
-- until the day on which the order is paid.
{{ config(materialized='ephemeral') }}
with unpaid_units as (
    select
        event_id,
        quantity,
        paid_day,
        greatest(report_day, charged_day) as unpaid_day
    from {{ ref('int_event_summary__units') }}
    where
        is_admission
        and not is_comped
        and charged_day is not null
        and (paid_day is null or greatest(report_day, charged_day) < paid_day)
),

changes as (
    select
        event_id,
        report_day,
        case when is_comped then 0 else quantity end as sold_count,
        case when is_comped then quantity else 0 end as comped_count,
        0 as unpaid_count
    from {{ ref('int_event_summary__units') }}
    where is_admission
    union all
    select
        event_id,
        unpaid_day as report_day,
        0 as sold_count,
        0 as comped_count,
        quantity as unpaid_count
    from unpaid_units
    union all
    select
        event_id,
        paid_day as report_day,
        0 as sold_count,
        0 as comped_count,
        -quantity as unpaid_count
    from unpaid_units
    where {{ up_to_days('paid_day') }}
)

select
    event_id,
    report_day,
    sum(sold_count) as sold_count,
    sum(comped_count) as comped_count,
    sum(unpaid_count) as unpaid_count
from changes
group by
    event_id,
    report_day

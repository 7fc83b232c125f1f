-- Grain: organization_id, event_id, section_id (null: no section), date, as of the end of that day. Seats,
-- tickets of admission types, and admissions. Source: the inventory, the tickets and the scans.
with balances as (
    select
        event_id,
        section_id,
        report_day,
        {{ whole('sum(capacity_count) over to_date') }} as capacity_count,
        {{ whole('sum(hold_count) over to_date') }} as hold_count,
        {{ whole('sum(kill_count) over to_date') }} as kill_count,
        sum(movement_count) over to_date as movement_count,
        {{ whole('sum(ticket_count) over to_date') }} as ticket_count,
        {{ whole('sum(comped_ticket_count) over to_date') }} as comped_ticket_count,
        {{ whole('sum(admission_count) over to_date') }} as admission_count
    from {{ ref('int_occupancy__changes_by_day') }}
    window to_date as (partition by event_id, section_id order by report_day)
),

sections as (
    select
        events.organization_id,
        balances.*,
        balances.capacity_count - balances.hold_count - balances.kill_count as sellable_count
    from balances
    inner join {{ ref('stg_ticketing__events') }} as events on balances.event_id = events.event_id
    where {{ in_days('balances.report_day') }}
)

select
    organization_id,
    event_id,
    section_id,
    report_day as date,
    capacity_count,
    hold_count,
    kill_count,
    sellable_count,
    ticket_count,
    comped_ticket_count,
    case when movement_count > 0 then sellable_count - ticket_count end as unsold_count,
    admission_count as admission_to_date_count,
    {{ ratio('ticket_count', 'sellable_count') }} as sold_rate,
    {{ ratio('admission_count', 'capacity_count') }} as occupancy_rate
from sections

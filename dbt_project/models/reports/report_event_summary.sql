-- Grain: organization_id, event_id, date, currency (the event's), as of the end of that day. Counts are
-- units of admission types; money in minor units of the event's currency. Source: the same rows as the
-- daily tables, summed up to the day.
with days_with_rows as (
    select
        event_id,
        report_day
    from {{ ref('int_ticketing__movements_by_order_line') }}
    where {{ in_days('report_day') }}
    union
    select
        entries.event_id,
        entries.report_day
    from {{ ref('int_ledger__entries_by_transaction') }} as entries
    inner join {{ ref('stg_ticketing__events') }} as events
        on entries.event_id = events.event_id and entries.organization_id = events.organization_id
    where {{ in_days('entries.report_day') }} and {{ in_days('entries.transaction_report_day') }}
    union
    select
        event_id,
        report_day
    from {{ ref('int_scanning__standing_scans') }}
    where {{ in_days('report_day') }}
    union
    select
        event_id,
        report_day
    from {{ ref('stg_seating__inventory_movements') }}
    where {{ in_days('report_day') }}
    union
    select
        event_id,
        end_day
    from {{ ref('stg_ticketing__events') }}
    where {{ in_days('end_day') }}
),

events as (
    select *
    from {{ ref('stg_ticketing__events') }}
    where event_id in (select days_with_rows.event_id from days_with_rows)
),

capacity_changes as (
    select
        movements.event_id,
        movements.report_day,
        {{ sum_where('movements.quantity', "movements.kind = 'capacity'") }} as capacity_count,
        {{ sum_where('movements.quantity', "movements.kind = 'hold'") }} as hold_count,
        {{ sum_where('movements.quantity', "movements.kind = 'kill'") }} as kill_count
    from {{ ref('stg_seating__inventory_movements') }} as movements
    inner join events on movements.event_id = events.event_id
    where {{ up_to_days('movements.report_day') }}
    group by
        movements.event_id,
        movements.report_day
),

sold_units as (
    select
        movements.event_id,
        movements.report_day,
        movements.quantity,
        movements.is_admission,
        case
            when movements.quantity > 0 then movements.reason = 'comp'
            else first_value(movements.reason) over (
                partition by movements.order_id, movements.line_no
                order by movements.occurred_at, movements.movement_id
            ) = 'comp'
        end as is_comped
    from {{ ref('int_ticketing__movements_by_order_line') }} as movements
    inner join events on movements.event_id = events.event_id
    where {{ up_to_days('movements.report_day') }}
),

sales_changes as (
    select
        event_id,
        report_day,
        {{ sum_where('quantity', 'not is_comped') }} as sold_count,
        {{ sum_where('quantity', 'is_comped') }} as comped_count
    from sold_units
    where is_admission
    group by
        event_id,
        report_day
),

tickets as (
    select distinct scans.ticket_id
    from events
    inner join {{ ref('stg_scanning__scans') }} as scans on events.event_id = scans.event_id
    where
        scans.outcome = 'accepted'
        and scans.direction = 'entry'
        and scans.ticket_id is not null
        and {{ up_to_days('scans.report_day') }}
),

uploads as (
    select distinct
        scans.device_id,
        scans.device_sequence
    from tickets
    inner join {{ ref('stg_scanning__scans') }} as scans on tickets.ticket_id = scans.ticket_id
    where scans.outcome = 'accepted' and scans.direction = 'entry'
),

{{ counted_scans('uploads') }},

admission_changes as (
    select
        event_id,
        report_day,
        count(*) as admission_count
    from counted_scans
    where is_entry and entry_number = 1
    group by
        event_id,
        report_day
),

entries as (
    select
        entries.*,
        events.currency as event_currency
    from {{ ref('int_ledger__entries_by_transaction') }} as entries
    inner join events
        on entries.event_id = events.event_id and entries.organization_id = events.organization_id
    where {{ up_to_days('entries.report_day') }} and {{ up_to_days('entries.transaction_report_day') }}
),

revenue_changes as (
    select
        entries.event_id,
        entries.report_day,
        {{ gross_minor('entries') }} as gross_minor,
        {{ refund_minor('entries') }} as refund_minor,
        {{ chargeback_minor('entries') }} as chargeback_minor,
        {{ chargeback_reversal_minor('entries') }} as chargeback_reversal_minor,
        {{ payable_debits('entries', 'platform_fee') }} as platform_fee_minor,
        {{ payable_debits('entries', 'processing_fee') }} as processing_fee_minor,
        {{ account_change('entries', 'organizer_payable') }} as payable_minor
    from entries
    where entries.currency = entries.event_currency
    group by
        entries.event_id,
        entries.report_day
),

other_currencies as (
    select
        event_id,
        currency,
        min(report_day) as report_day
    from entries
    where currency <> event_currency
    group by
        event_id,
        currency
),

currency_changes as (
    select
        event_id,
        report_day,
        count(*) as other_currency_count
    from other_currencies
    group by
        event_id,
        report_day
),

days as (
    select
        event_id,
        report_day
    from days_with_rows
    union
    select
        event_id,
        report_day
    from capacity_changes
    union
    select
        event_id,
        report_day
    from sales_changes
    union
    select
        event_id,
        report_day
    from admission_changes
    union
    select
        event_id,
        report_day
    from revenue_changes
    union
    select
        event_id,
        report_day
    from currency_changes
),

balances as (
    select
        days.event_id,
        days.report_day,
        coalesce(sales_changes.sold_count, 0) as sold_today_count,
        {{ to_date('capacity_changes.capacity_count') }} as capacity_count,
        {{ to_date('capacity_changes.hold_count') }} as hold_count,
        {{ to_date('capacity_changes.kill_count') }} as kill_count,
        {{ to_date('sales_changes.sold_count') }} as sold_count,
        {{ to_date('sales_changes.comped_count') }} as comped_count,
        {{ to_date('admission_changes.admission_count') }} as admission_count,
        {{ to_date('revenue_changes.gross_minor') }} as gross_minor,
        {{ to_date('revenue_changes.refund_minor') }} as refund_minor,
        {{ to_date('revenue_changes.chargeback_minor') }} as chargeback_minor,
        {{ to_date('revenue_changes.chargeback_reversal_minor') }} as chargeback_reversal_minor,
        {{ to_date('revenue_changes.platform_fee_minor') }} as platform_fee_minor,
        {{ to_date('revenue_changes.processing_fee_minor') }} as processing_fee_minor,
        {{ to_date('revenue_changes.payable_minor') }} as payable_minor,
        {{ to_date('currency_changes.other_currency_count') }} as other_currency_count
    from days
    left join capacity_changes
        on days.event_id = capacity_changes.event_id and days.report_day = capacity_changes.report_day
    left join sales_changes
        on days.event_id = sales_changes.event_id and days.report_day = sales_changes.report_day
    left join admission_changes
        on days.event_id = admission_changes.event_id and days.report_day = admission_changes.report_day
    left join revenue_changes
        on days.event_id = revenue_changes.event_id and days.report_day = revenue_changes.report_day
    left join currency_changes
        on days.event_id = currency_changes.event_id and days.report_day = currency_changes.report_day
),

summaries as (
    select
        events.organization_id,
        events.event_id,
        balances.report_day,
        events.currency,
        events.end_day,
        balances.capacity_count,
        balances.hold_count,
        balances.kill_count,
        balances.capacity_count - balances.hold_count - balances.kill_count as sellable_count,
        balances.sold_today_count,
        balances.sold_count,
        balances.comped_count,
        balances.sold_count + balances.comped_count as issued_count,
        balances.admission_count,
        balances.gross_minor,
        balances.refund_minor,
        balances.chargeback_minor,
        balances.chargeback_reversal_minor,
        balances.platform_fee_minor,
        balances.processing_fee_minor,
        balances.payable_minor,
        balances.other_currency_count
    from balances
    inner join days_with_rows
        on balances.event_id = days_with_rows.event_id and balances.report_day = days_with_rows.report_day
    inner join events on balances.event_id = events.event_id
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
    sellable_count - issued_count as unsold_count,
    {{ ratio('sold_count', 'sellable_count') }} as sell_through_rate,
    admission_count as admission_to_date_count,
    case when report_day >= end_day then issued_count - admission_count end as no_show_count,
    {{ ratio('admission_count', 'issued_count') }} as attendance_rate,
    {{ ratio('admission_count', 'capacity_count') }} as occupancy_rate,
    gross_minor as gross_to_date_minor,
    refund_minor as refund_to_date_minor,
    gross_minor - refund_minor - chargeback_minor + chargeback_reversal_minor as net_revenue_to_date_minor,
    platform_fee_minor as platform_fee_to_date_minor,
    processing_fee_minor as processing_fee_to_date_minor,
    payable_minor as payable_to_date_minor,
    other_currency_count,
    report_day >= end_day + 30 as is_final
from summaries

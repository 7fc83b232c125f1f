-- Devices whose counter is wrong, by gate and event: it has begun again, leaps, or counts on while the clock
-- goes back. Scans are compared in the order in which they were received, and by day with the greatest
-- number of earlier days: one look into the index per device, whatever the history.
with scan as materialized (
    select
        report_day,
        event_id,
        gate_id,
        device_id,
        device_sequence,
        scanned_at,
        received_at
    from landing.scanning_scans
    where report_day = any(%(days)s)
),

earlier as materialized (
    select
        device_day.device_id,
        device_day.report_day,
        greatest_number.device_sequence
    from (
        select
            device_id,
            report_day,
            min(received_at) as first_received_at
        from scan
        group by device_id, report_day
    ) as device_day
    cross join
        lateral (
            select former.device_sequence
            from landing.scanning_scans as former
            where
                former.device_id = device_day.device_id
                and former.report_day < device_day.report_day
                and former.received_at < device_day.first_received_at
            order by former.device_sequence desc
            limit 1
        ) as greatest_number
),

-- A number falls although both clocks advance. A repeated upload has the time of its scan.
followed as (
    select
        *, -- noqa: AM04
        coalesce(
            lag(device_sequence) over uploads >= device_sequence
            and lag(scanned_at) over uploads < scanned_at,
            false
        ) as is_restart
    from scan
    window uploads as (
        partition by device_id, report_day order by received_at, scanned_at, device_sequence
    )
),

numbered as (
    select
        *, -- noqa: AM04
        sum(is_restart::int) over (
            partition by device_id, report_day order by received_at, scanned_at, device_sequence
            rows unbounded preceding
        ) as restart_count
    from followed
),

compared as (
    select
        numbered.*,
        greatest(
            earlier.device_sequence,
            max(numbered.device_sequence) over (
                partition by numbered.device_id, numbered.report_day order by numbered.restart_count
                groups between unbounded preceding and 1 preceding
            )
        ) as greatest_before,
        lag(numbered.device_sequence) over counted as former_sequence,
        lag(numbered.scanned_at) over counted as former_scanned_at,
        %(longest_leap)s as longest_leap,
        %(tolerance)s::interval as tolerance
    from numbered
    left join earlier
        on numbered.device_id = earlier.device_id and numbered.report_day = earlier.report_day
    window counted as (
        partition by numbered.device_id, numbered.report_day, numbered.restart_count
        order by numbered.device_sequence, numbered.scanned_at
    )
),

wrong as (
    select
        compared.*,
        fault.problem,
        fault.detail
    from compared
    cross join
        lateral (
            values
            (
                1,
                'numbers up to ' || compared.greatest_before
                || ' were used before: its counter has begun again, or another device has its id',
                compared.device_sequence <= compared.greatest_before
            ),
            (
                2,
                'its counter leaps by more than ' || compared.longest_leap,
                compared.device_sequence::numeric - compared.former_sequence > compared.longest_leap
            ),
            (
                3,
                'its clock goes back while its counter goes on',
                compared.former_sequence < compared.device_sequence
                and compared.scanned_at < compared.former_scanned_at - compared.tolerance
            )
        ) as fault (problem, detail, is_found)
    where fault.is_found
)

select
    wrong.report_day as day,
    'warn' as severity,
    event.organization_id,
    wrong.event_id,
    wrong.gate_id,
    wrong.device_id,
    'device ' || wrong.device_id || ' at gate ' || wrong.gate_id || ' of event ' || wrong.event_id || ': '
    || max(wrong.detail) || ', numbers ' || min(wrong.device_sequence) || ' to '
    || max(wrong.device_sequence) as concerns,
    null::text as currency,
    0 as expected,
    count(*) as found
from wrong
inner join landing.ticketing_events as event on wrong.event_id = event.id
group by
    wrong.report_day, event.organization_id, wrong.event_id, wrong.gate_id, wrong.device_id, wrong.problem
